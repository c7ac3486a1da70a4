package bridge

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// FieldName is a field's canonical name, "object.field" in snake_case English.
// A customer's own fields are "object.x_something".
type FieldName string

// Object is the part before the dot.
func (f FieldName) Object() Object {
	object, _, _ := strings.Cut(string(f), ".")
	return Object(object)
}

// Base is the part after the dot.
func (f FieldName) Base() string {
	_, base, _ := strings.Cut(string(f), ".")
	return base
}

// Value is a field's value as canonical text; "" means empty. Values are equal
// when their texts are: see [FieldDef.Parse] for the form each type takes.
type Value string

// Class says how sensitive a field is. Policies grant by class or by name.
type Class string

// The field classes. A field without one is confidential.
const (
	Public       Class = "public"
	Personal     Class = "personal"
	Commercial   Class = "commercial"
	Financial    Class = "financial"
	Confidential Class = "confidential"
	Structural   Class = "structural"
)

// Classes lists them all.
func Classes() []Class {
	return []Class{Public, Personal, Commercial, Financial, Confidential, Structural}
}

// FieldType says which texts a field's values may be.
type FieldType string

// The field types and the canonical form of their values.
const (
	Text     FieldType = "text"     // NFC as given, outer white space removed
	Phone    FieldType = "phone"    // as given, outer white space removed (only calling makes E.164)
	Email    FieldType = "email"    // lower case
	Integer  FieldType = "integer"  // decimal digits, optional minus
	Decimal  FieldType = "decimal"  // shortest exact decimal with a dot
	Boolean  FieldType = "boolean"  // true or false
	Date     FieldType = "date"     // 2006-01-02
	DateTime FieldType = "datetime" // RFC 3339 in UTC
	Enum     FieldType = "enum"     // one of FieldDef.Values
)

// FieldTypes lists them all.
func FieldTypes() []FieldType {
	return []FieldType{Text, Phone, Email, Integer, Decimal, Boolean, Date, DateTime, Enum}
}

// MaxValue is the longest value the bridge takes, in bytes.
const MaxValue = 64 << 10

// FieldDef says what a field is.
type FieldDef struct {
	Name   FieldName
	Type   FieldType
	Class  Class
	Values []string // of an Enum; empty: any text
	EN, FR string   // what people call it
}

// Label is what a reader of lang ("fr", else English) calls the field.
func (d FieldDef) Label(lang string) string {
	if lang == "fr" && d.FR != "" {
		return d.FR
	}
	if d.EN != "" {
		return d.EN
	}
	return string(d.Name)
}

// Parse brings text to the canonical form of the field's type. Its errors name
// the field and the form that is wanted, never the text.
func (d FieldDef) Parse(text string) (Value, error) {
	// What is no UTF-8 would not survive JSON, and then not equal itself.
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	if d.Type == Email {
		text = strings.ToLower(text)
	}
	if len(text) > MaxValue {
		return "", fmt.Errorf("%s: longer than %d bytes", d.Name, MaxValue)
	}
	if text == "" {
		return "", nil
	}
	switch d.Type {
	case Integer:
		n, ok := new(big.Int).SetString(text, 10)
		if !ok || len(text) > 40 {
			return "", fmt.Errorf("%s: not a whole number", d.Name)
		}
		return Value(n.String()), nil
	case Decimal:
		return d.decimal(text)
	case Boolean:
		return d.boolean(text)
	case Date:
		return d.moment(text, "2006-01-02", "a date like 2026-11-22", time.DateOnly, "02/01/2006", "02-01-2006", "2/1/2006", "02.01.2006")
	case DateTime:
		return d.moment(text, time.RFC3339, "a time like 2026-11-22T09:30:00Z", time.RFC3339Nano)
	case Enum:
		if len(d.Values) > 0 && !slices.Contains(d.Values, text) {
			return "", fmt.Errorf("%s: not one of %s", d.Name, strings.Join(d.Values, ", "))
		}
	}
	return Value(text), nil
}

// Held brings what a CRM holds to canonical form. What does not fit the field's
// type stays as it is: it is the CRM's truth, and compares as such. Whole numbers
// may have the empty fraction that some encoders give them.
func (d FieldDef) Held(text string) Value {
	text = strings.TrimSpace(text)
	if d.Type == Integer {
		if head, fraction, found := strings.Cut(text, "."); found && strings.Trim(fraction, "0") == "" {
			text = head
		}
	}
	if v, err := d.Parse(text); err == nil {
		return v
	}
	return Value(text)
}

func (d FieldDef) decimal(text string) (Value, error) {
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".").Replace(text)
	m := number.FindStringSubmatch(text)
	if m == nil || len(text) > 40 || m[2]+m[3] == "" {
		return "", fmt.Errorf("%s: not a number", d.Name)
	}
	whole, part := strings.TrimLeft(m[2], "0"), strings.TrimRight(m[3], "0")
	out := cmp.Or(whole, "0")
	if part != "" {
		out += "." + part
	}
	if m[1] == "-" && out != "0" {
		out = "-" + out
	}
	return Value(out), nil
}

var number = regexp.MustCompile(`^([+-]?)([0-9]*)\.?([0-9]*)$`)

func (d FieldDef) boolean(text string) (Value, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "1", "oui", "vrai":
		return "true", nil
	case "false", "no", "0", "non", "faux":
		return "false", nil
	}
	return "", fmt.Errorf("%s: not yes or no", d.Name)
}

func (d FieldDef) moment(text, out, want string, layouts ...string) (Value, error) {
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if t = t.UTC(); err == nil && t.Year() >= 0 && t.Year() <= 9999 {
			return Value(t.Format(out)), nil
		}
	}
	return "", fmt.Errorf("%s: not %s", d.Name, want)
}
