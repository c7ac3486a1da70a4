package strict

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"time"
)

// scalar reads a scalar into whatever type takes one.
func (d *decoder) scalar(n Node, v reflect.Value) {
	if n.Kind() != Scalar {
		d.fault(n, "must be %s, not a list or a mapping", wanted(v))
		return
	}
	if v.CanAddr() {
		if own, ok := v.Addr().Interface().(TextDecoder); ok {
			if err := own.DecodeText(n.tree.text, n.doc.dir); err != nil {
				d.fault(n, "%v", err)
			}
			return
		}
	}
	if problem := setScalar(n.tree, v); problem != "" {
		d.fault(n, "%s", problem)
	}
}

func wanted(v reflect.Value) string {
	switch v.Type() {
	case durationType:
		return "a duration like 30s, 5m or 2h"
	case timeType:
		return "a date like 2027-01-31, or a time like 2027-01-31T18:00:00+01:00"
	}
	switch {
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt():
		return "a whole number"
	case v.CanUint():
		return "a whole number, 0 or more"
	case v.CanFloat():
		return "a number"
	}
	return "text"
}

// setScalar answers what is wrong, "" if nothing is.
func setScalar(t *tree, v reflect.Value) string {
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
		return "is read into a " + v.Type().String() + ", which takes no value of a document"
	}
	if !ok {
		return "must be " + wanted(v)
	}
	return ""
}

func setNumber(t *tree, v reflect.Value) string {
	if t.quoted {
		return "must be " + wanted(v) + ", without quotes"
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
		return "must be " + wanted(v) + " that is not so large"
	case err != nil:
		return "must be " + wanted(v)
	}
	return ""
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
