package appendjson

import (
	"encoding/json"
	"strconv"
	"time"
)

// Object is an object being written. The zero value is not for use: [Begin]
// makes one. The first error stays, and [Object.End] answers it.
type Object struct {
	out   []byte
	empty bool
	err   error
}

// Begin opens an object at the end of out.
func Begin(out []byte) Object { return Object{out: append(out, '{'), empty: true} }

// End closes the object.
func (o *Object) End() ([]byte, error) { return append(o.out, '}'), o.err }

func (o *Object) name(name string) {
	if !o.empty {
		o.out = append(o.out, ',')
	}
	o.empty = false
	o.out = append(o.out, '"')
	o.out = append(o.out, name...)
	o.out = append(o.out, '"', ':')
}

// String writes a text. Names of members are ours: letters and underscores.
func (o *Object) String(name, value string) {
	o.name(name)
	o.out = String(o.out, value)
}

// Text writes a text that is left out when empty.
func (o *Object) Text(name, value string) {
	if value != "" {
		o.String(name, value)
	}
}

// Int writes a whole number.
func (o *Object) Int(name string, value int) {
	o.name(name)
	o.out = strconv.AppendInt(o.out, int64(value), 10)
}

// Uint writes a whole number that is not negative.
func (o *Object) Uint(name string, value uint64) {
	o.name(name)
	o.out = strconv.AppendUint(o.out, value, 10)
}

// Count writes a whole number that is left out when zero.
func (o *Object) Count(name string, value uint64) {
	if value != 0 {
		o.Uint(name, value)
	}
}

// True writes a truth that is left out when false.
func (o *Object) True(name string, value bool) {
	if value {
		o.name(name)
		o.out = append(o.out, "true"...)
	}
}

// Time writes a moment.
func (o *Object) Time(name string, at time.Time) {
	o.name(name)
	o.out = append(o.out, '"')
	var err error
	if o.out, err = at.AppendText(o.out); err != nil && o.err == nil {
		o.err = err
	}
	o.out = append(o.out, '"')
}

// Moment writes a moment that is left out when zero.
func (o *Object) Moment(name string, at time.Time) {
	if !at.IsZero() {
		o.Time(name, at)
	}
}

// Other writes what has no function here, by reflection.
func (o *Object) Other(name string, value any) {
	raw, err := json.Marshal(value)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.name(name)
	o.out = append(o.out, raw...)
}

// Member writes what can write itself.
func (o *Object) Member(name string, value Appender) {
	o.name(name)
	var err error
	if o.out, err = value.AppendJSON(o.out); err != nil && o.err == nil {
		o.err = err
	}
}

// Appender is what can write itself.
type Appender interface {
	AppendJSON(out []byte) ([]byte, error)
}

// Texts writes a list of texts that is left out when empty.
func Texts[S ~string](o *Object, name string, values []S) {
	if len(values) == 0 {
		return
	}
	o.name(name)
	for i, v := range values {
		o.out = append(o.out, comma(i))
		o.out = String(o.out, string(v))
	}
	o.out = append(o.out, ']')
}

// Members writes a list of what can write itself, left out when empty.
func Members[A Appender](o *Object, name string, values []A) {
	if len(values) == 0 {
		return
	}
	o.name(name)
	for i, v := range values {
		o.out = append(o.out, comma(i))
		var err error
		if o.out, err = v.AppendJSON(o.out); err != nil && o.err == nil {
			o.err = err
		}
	}
	o.out = append(o.out, ']')
}

func comma(i int) byte {
	if i == 0 {
		return '['
	}
	return ','
}
