// Package agree compares what a type writes of itself with what package
// encoding/json writes of it, member by member, and what it reads likewise. It is
// for tests: a member that is added to the type and forgotten in its AppendJSON
// fails there.
package agree

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/appendjson"
)

// Writes compares what many values of a type write.
func Writes[T appendjson.Appender](t *testing.T) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		var v T
		fill(t, reflect.ValueOf(&v).Elem())
		got, err := v.AppendJSON([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got = bytes.TrimPrefix(got, []byte("before")); !bytes.Equal(got, want) {
			t.Fatalf("it writes\n%s\nwant\n%s", got, want)
		}
	})
}

// Reads compares what a type reads of a row, where it reads one, with what
// package encoding/json reads of it: of rows as they are written, and of such as
// are cut, or have a byte changed.
func Reads[T any, P interface {
	*T
	appendjson.Readable
}](t *testing.T) {
	t.Helper()
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		var v T
		fill(t, reflect.ValueOf(&v).Elem())
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if appendjson.Read(raw, P(new(T))) {
			read++
		}
		same[T, P](t, raw)
		at := rapid.IntRange(0, len(raw)-1).Draw(t, "at")
		same[T, P](t, raw[:at])
		raw[at] = rapid.Byte().Draw(t, "byte")
		same[T, P](t, raw)
	})
	if read == 0 {
		t.Error("it reads no row")
	}
}

func same[T any, P interface {
	*T
	appendjson.Readable
}](t *rapid.T, raw []byte) {
	var got, want T
	if !appendjson.Read(raw, P(&got)) {
		return
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatalf("it reads %s, in which is %v", raw, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("of %s it reads\n%+v\nwant\n%+v", raw, got, want)
	}
}

// fill gives a value's members values, some of them zero.
func fill(t *rapid.T, v reflect.Value) {
	if rapid.IntRange(0, 5).Draw(t, "zero") == 0 {
		return
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(int64(rapid.Int().Draw(t, "int")))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint"))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key)
			fill(t, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("%s: make values of this kind here", v.Type())
	}
}
