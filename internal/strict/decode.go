package strict

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"passerelle/internal/bilingual"
)

// TextDecoder is a type that reads itself from a scalar's text. Relative paths
// start at dir. Its errors are shown: they say what to write and quote nothing.
type TextDecoder interface {
	DecodeText(text, dir string) error
}

var (
	nodeType     = reflect.TypeFor[Node]()
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	anyType      = reflect.TypeFor[any]()
	textDecoder  = reflect.TypeFor[TextDecoder]()
)

// Decode reads the node into a pointer and reports everything that is wrong as
// [Findings]; what is right is decoded all the same. An absent or null node
// counts as an empty mapping where a struct is wanted.
//
// Structs are read by their tags: `yaml:"name"`, `yaml:"name,required"`, and
// `yaml:",inline"` on an embedded struct; fields without a tag are not read.
// What is required must be there and not be an empty text.
// Keys that are absent or null leave what into holds, which is how defaults are
// set. Texts take scalars as they are written (a phone number needs no quotes);
// numbers and booleans refuse quotes. A [time.Duration] is written like 30s, a
// [time.Time] like 2027-01-31 or 2027-01-31T18:00:00+01:00. Types that read
// themselves implement [TextDecoder]. Maps have text keys; pointers, slices and
// any work as expected.
func (n Node) Decode(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("strict: decoding into %T, which is not a pointer to something", into)
	}
	var d decoder
	if n.Kind() == Absent || n.Kind() == Null {
		d.empty(n, v.Elem())
	} else {
		d.value(n, v.Elem())
	}
	return d.findings.Err()
}

type decoder struct{ findings Findings }

var (
	noMapping   = bilingual.Text{"must be a mapping: write key: value lines under it", "il faut des clés et leurs valeurs : écrivez dessous des lignes clé: valeur"}
	standsTwice = bilingual.Text{"stands here a second time, first in line {line}: remove one", "est écrit ici une seconde fois (la première à la ligne {line}) : supprimez l'un des deux"}
	unknownKey  = bilingual.Text{"unknown key: {hint}", "clé inconnue : {hint}"}
)

func (d *decoder) fault(n Node, text bilingual.Text) {
	d.findings = append(d.findings, n.Find("", text))
}

// empty handles a document, or a key's value, with nothing in it.
func (d *decoder) empty(n Node, v reflect.Value) {
	switch {
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(n))
	case v.Kind() == reflect.Struct && !reflect.PointerTo(v.Type()).Implements(textDecoder) && v.Type() != timeType:
		d.structure(n, v)
	}
}

// element reads a value of a list or a map, where nothing stands for nothing.
func (d *decoder) element(n Node, v reflect.Value) {
	if n.Kind() == Null && v.Type() != nodeType && v.Type() != anyType {
		d.fault(n, bilingual.Text{"is empty: write a value, or remove it", "est vide : écrivez une valeur, ou supprimez-le"})
		return
	}
	d.value(n, v)
}

func (d *decoder) value(n Node, v reflect.Value) {
	switch v.Type() {
	case nodeType:
		v.Set(reflect.ValueOf(n))
		return
	case durationType, timeType:
		d.scalar(n, v)
		return
	}
	if v.CanAddr() && v.Addr().Type().Implements(textDecoder) {
		d.scalar(n, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		d.value(n, target.Elem())
		v.Set(target)
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map:
		d.mapping(n, v)
	case reflect.Slice:
		d.slice(n, v)
	case reflect.Interface:
		if got := d.untyped(n); got != nil {
			v.Set(reflect.ValueOf(got))
		}
	default:
		d.scalar(n, v)
	}
}

func (d *decoder) slice(n Node, v reflect.Value) {
	if n.Kind() != Sequence {
		d.fault(n, bilingual.Text{"must be a list: write [a, b], or a line beginning with - for each", "il faut une liste : écrivez [a, b], ou une ligne commençant par - pour chacun"})
		return
	}
	items := n.Items()
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.element(item, out.Index(i))
	}
	v.Set(out)
}

func (d *decoder) mapping(n Node, v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		d.fault(n, bilingual.Same(fmt.Sprintf("is read into a %s, whose keys are no texts", v.Type())))
		return
	}
	out := reflect.MakeMap(v.Type())
	d.each(n, func(key string, value Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		d.element(value, item)
		out.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), item)
	})
	v.Set(out)
}

// each ranges over a mapping; a key that was there before is reported instead.
func (d *decoder) each(n Node, do func(key string, value Node)) {
	if n.Kind() != Mapping {
		d.fault(n, noMapping)
		return
	}
	seen := make(map[string]mark, len(n.tree.entries))
	for _, e := range n.tree.entries {
		if first, twice := seen[e.key]; twice {
			line := first.line + n.doc.line
			d.findings = append(d.findings, n.doc.finding(e.mark, n.value(e).path, standsTwice.With("{line}", line)))
			continue
		}
		seen[e.key] = e.mark
		do(e.key, n.value(e))
	}
}

func (d *decoder) structure(n Node, v reflect.Value) {
	fields, err := fieldsOf(v)
	if err != nil {
		d.fault(n, bilingual.Of(err))
		return
	}
	found := make(map[string]bool, len(fields))
	if n.Kind() != Absent && n.Kind() != Null {
		if n.Kind() != Mapping {
			d.fault(n, noMapping)
			return
		}
		d.each(n, func(key string, value Node) {
			f := lookup(fields, key)
			if f == nil {
				d.unknown(n, key, fields)
				return
			}
			if value.Kind() == Null {
				if !f.required {
					d.optional(value, f.value)
				}
				return
			}
			found[key] = true
			if text, isText := value.Scalar(); f.required && isText && text == "" {
				d.fault(value, bilingual.Text{"must not be empty: write a value", "ne doit pas être vide : écrivez une valeur"})
				return
			}
			d.value(value, f.value)
		})
	}
	for _, f := range fields {
		if found[f.name] {
			continue
		}
		if f.required {
			d.findings = append(d.findings, n.Find(f.name, bilingual.Text{"is missing: write it", "manque : écrivez-le"}))
		}
		if f.value.Type() == nodeType && f.value.IsZero() {
			f.value.Set(reflect.ValueOf(n.Child(f.name)))
		}
	}
}

// optional keeps a raw node that is null; anything else keeps its default.
func (d *decoder) optional(n Node, v reflect.Value) {
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(n))
	}
}

func (d *decoder) unknown(n Node, key string, fields []field) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	hint := bilingual.Text{"the keys here are {keys}", "les clés sont ici {keys}"}.With("{keys}", strings.Join(names, ", "))
	switch near := nearest(key, names); {
	case near != "":
		hint = bilingual.Text{"did you mean {key}?", "vouliez-vous dire {key} ?"}.With("{key}", near)
	case len(names) == 0:
		hint = bilingual.Text{"no keys are known here", "aucune clé n'est connue ici"}
	}
	for _, e := range n.tree.entries {
		if e.key == key {
			d.findings = append(d.findings, n.doc.finding(e.mark, n.value(e).path, unknownKey.With("{hint}", hint)))
			return
		}
	}
}

// untyped reads a node as text, int64, float64, bool, nil, []any and
// map[string]any.
func (d *decoder) untyped(n Node) any {
	switch n.Kind() {
	case Mapping:
		out := make(map[string]any, len(n.tree.entries))
		d.each(n, func(key string, value Node) { out[key] = d.untyped(value) })
		return out
	case Sequence:
		out := make([]any, len(n.tree.items))
		for i, item := range n.Items() {
			out[i] = d.untyped(item)
		}
		return out
	case Scalar:
		return untypedScalar(n.tree)
	}
	return nil
}

type field struct {
	name     string
	required bool
	value    reflect.Value
}

func lookup(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

func fieldsOf(v reflect.Value) ([]field, error) {
	var fields []field
	for sf, value := range v.Fields() {
		tag, tagged := sf.Tag.Lookup("yaml")
		if !tagged || tag == "-" {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		switch {
		case !value.CanSet():
			return nil, fmt.Errorf("is read into %s, whose field %s is not exported", v.Type(), sf.Name)
		case option == "inline" && value.Kind() == reflect.Struct:
			inner, err := fieldsOf(value)
			if err != nil {
				return nil, err
			}
			fields = append(fields, inner...)
		case name == "" || option != "" && option != "required":
			return nil, errors.New("is read into " + v.Type().String() + ", whose field " + sf.Name + " has a tag that is not understood")
		default:
			fields = append(fields, field{name, option == "required", value})
		}
	}
	return fields, nil
}

// nearest is the name within two edits of key (one for short keys), "" if none.
func nearest(key string, names []string) string {
	best, least := "", min(2, len([]rune(key))/2)+1
	if len(key) > 100 {
		return ""
	}
	for _, name := range names {
		if d := distance(strings.ToLower(key), name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(y)]
}
