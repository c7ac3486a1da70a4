package bridge

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestFieldsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]int{0, 3, 2 * usualFields}).Draw(t, "most")
		found := rapid.MapOfN(rapid.String(), rapid.String(), 0, most).Draw(t, "fields")
		fields := make(map[FieldName]Value, len(found))
		for _, name := range rapid.SliceOf(rapid.SampledFrom(Standard().Names())).Draw(t, "standard fields") {
			fields[name] = Value(name)
		}
		for name, value := range found {
			fields[FieldName(name)] = Value(value)
		}
		want, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendFields([]byte("x"), fields); string(got) != "x"+string(want) {
			t.Fatalf("it writes\n%s\nwant\n%s", got[1:], want)
		}
	})
	if got := AppendFields(nil, nil); string(got) != "null" {
		t.Errorf("no fields: %s", got)
	}
}

func cardOf40() map[FieldName]Value {
	fields := map[FieldName]Value{}
	for i, name := range Standard().Names() {
		if len(fields) < 40 {
			fields[name] = Value(fmt.Sprintf("Société numéro %d", i))
		}
	}
	return fields
}

func TestACardAllocatesNothing(t *testing.T) {
	for _, card := range []map[FieldName]Value{cardOf40(), ownCardOf40()} {
		out := make([]byte, 0, 4096)
		if n := testing.AllocsPerRun(100, func() { out = AppendFields(out[:0], card) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// ownCardOf40 has fields of the customer's own.
func ownCardOf40() map[FieldName]Value {
	fields := map[FieldName]Value{}
	for name, value := range cardOf40() {
		fields[name+"_x"] = value
	}
	return fields
}

func BenchmarkCardOf40Own(b *testing.B) {
	card := ownCardOf40()
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		out = AppendFields(out[:0], card)
	}
}

func BenchmarkCardOf40(b *testing.B) {
	card := cardOf40()
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		out = AppendFields(out[:0], card)
	}
}

func BenchmarkCardOf40Reflection(b *testing.B) {
	card := cardOf40()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(card); err != nil {
			b.Fatal(err)
		}
	}
}
