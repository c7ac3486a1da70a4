package strict

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"time"

	"passerelle/internal/bilingual"
)

// scalar reads a scalar into whatever type takes one.
func (d *decoder) scalar(n Node, v reflect.Value) {
	if n.Kind() != Scalar {
		d.fault(n, bilingual.Text{"must be {what}, not a list or a mapping", "il faut {what}, et non une liste ou des clés"}.With("{what}", wanted(v)))
		return
	}
	if v.CanAddr() {
		if own, ok := v.Addr().Interface().(TextDecoder); ok {
			if err := own.DecodeText(n.tree.text, n.doc.dir); err != nil {
				d.fault(n, bilingual.Of(err))
			}
			return
		}
	}
	if problem := setScalar(n.tree, v); problem != right {
		d.fault(n, problem)
	}
}

// right is what is wrong with a scalar that is as it should be.
var right bilingual.Text

func wanted(v reflect.Value) bilingual.Text {
	switch v.Type() {
	case durationType:
		return bilingual.Text{"a duration like 30s, 5m or 2h", "une durée comme 30s, 5m ou 2h"}
	case timeType:
		return bilingual.Text{"a date like 2027-01-31, or a time like 2027-01-31T18:00:00+01:00", "une date comme 2027-01-31, ou une heure comme 2027-01-31T18:00:00+01:00"}
	}
	switch {
	case v.Kind() == reflect.Bool:
		return bilingual.Text{"true or false", "true ou false"}
	case v.CanInt():
		return bilingual.Text{"a whole number", "un nombre entier"}
	case v.CanUint():
		return bilingual.Text{"a whole number, 0 or more", "un nombre entier, 0 ou plus"}
	case v.CanFloat():
		return bilingual.Text{"a number", "un nombre"}
	}
	return bilingual.Text{"text", "un texte"}
}

// setScalar answers what is wrong, right if nothing is.
func setScalar(t *tree, v reflect.Value) bilingual.Text {
	ok := true
	switch {
	case v.Type() == durationType:
		var length time.Duration
		length, ok = parsed(time.ParseDuration(t.text))
		v.SetInt(int64(length))
	case v.Type() == timeType:
		var at time.Time
		at, ok = parseTime(t.text)
		v.Set(reflect.ValueOf(at))
	case v.Kind() == reflect.String:
		v.SetString(t.text)
	case v.Kind() == reflect.Bool:
		v.SetBool(t.text == "true")
		ok = !t.quoted && (t.text == "true" || t.text == "false")
	case v.CanInt(), v.CanUint(), v.CanFloat():
		return setNumber(t, v)
	default:
		return bilingual.Same("is read into a " + v.Type().String() + ", which takes no value of a document")
	}
	if !ok {
		return mustBe.With("{what}", wanted(v))
	}
	return right
}

var (
	mustBe   = bilingual.Text{"must be {what}", "il faut {what}"}
	unquoted = bilingual.Text{"must be {what}, without quotes", "il faut {what}, sans guillemets"}
	smaller  = bilingual.Text{"must be {what} that is not so large", "il faut {what} moins grand"}
)

func setNumber(t *tree, v reflect.Value) bilingual.Text {
	if t.quoted {
		return unquoted.With("{what}", wanted(v))
	}
	bits := v.Type().Bits()
	var err error
	switch {
	case v.CanInt():
		var i int64
		i, err = strconv.ParseInt(t.text, 10, bits)
		v.SetInt(i)
	case v.CanUint():
		var u uint64
		u, err = strconv.ParseUint(t.text, 10, bits)
		v.SetUint(u)
	default:
		var f float64
		f, err = strconv.ParseFloat(t.text, bits)
		v.SetFloat(f)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			err = errors.Join(strconv.ErrSyntax, err)
		}
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return smaller.With("{what}", wanted(v))
	case err != nil:
		return mustBe.With("{what}", wanted(v))
	}
	return right
}

func parsed[T any](value T, err error) (T, bool) { return value, err == nil }

func parseTime(text string) (time.Time, bool) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, true
	}
	return parsed(time.Parse(time.RFC3339, text))
}

func untypedScalar(t *tree) any {
	if t.quoted {
		return t.text
	}
	if t.text == "true" || t.text == "false" {
		return t.text == "true"
	}
	if i, err := strconv.ParseInt(t.text, 10, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(t.text, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return f
	}
	return t.text
}
