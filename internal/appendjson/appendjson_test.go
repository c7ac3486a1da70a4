package appendjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStringsAreThoseOfEncodingJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.SampledFrom([]string{"", "é\u2028\u2029\u2027", "<a href=\"x\">&\\", "\b\f\n\r\t\x00\x1f\x7f", "\xff\xe2\x80", "\ufffd"}),
		).Draw(t, "s")
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := String([]byte("x"), s); string(got) != "x"+string(want) {
			t.Fatalf("%q is written %s, want %s", s, got, want)
		}
	})
}

// Eight bytes are looked at at once: each byte in each place among plain ones.
func TestEachByteInEachPlace(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		for at := range 17 {
			s := strings.Repeat("a", at) + string([]byte{byte(b)}) + strings.Repeat("z", 16-at)
			want, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			if got := String(nil, s); !bytes.Equal(got, want) {
				t.Fatalf("%q is written %s, want %s", s, got, want)
			}
		}
	}
}

// row has a member of every kind.
type row struct {
	A string    `json:"a"`
	B string    `json:"b,omitempty"`
	C int       `json:"c"`
	D uint64    `json:"d"`
	E bool      `json:"e,omitempty"`
	F time.Time `json:"f"`
	G time.Time `json:"g,omitzero"`
	H any       `json:"h"`
	I []string  `json:"i,omitempty"`
	J []inner   `json:"j,omitempty"`
	K inner     `json:"k"`
}

type inner struct {
	A string `json:"a"`
}

func (i inner) AppendJSON(out []byte) ([]byte, error) {
	o := Begin(out)
	o.String("a", i.A)
	return o.End()
}

func (r row) AppendJSON(out []byte) ([]byte, error) {
	o := Begin(out)
	o.String("a", r.A)
	o.Text("b", r.B)
	o.Int("c", r.C)
	o.Uint("d", r.D)
	o.True("e", r.E)
	o.Time("f", r.F)
	o.Moment("g", r.G)
	o.Other("h", r.H)
	Texts(&o, "i", r.I)
	Members(&o, "j", r.J)
	o.Member("k", r.K)
	return o.End()
}

func TestObjectsAreThoseOfEncodingJSON(t *testing.T) {
	t.Parallel()
	text := rapid.String()
	at := rapid.Map(rapid.Int64(), func(n int64) time.Time { return time.Unix(0, n).In(time.FixedZone("", int(n%86400))) })
	in := rapid.Map(text, func(s string) inner { return inner{s} })
	rapid.Check(t, func(t *rapid.T) {
		r := row{
			A: text.Draw(t, "a"), B: text.Draw(t, "b"), C: rapid.Int().Draw(t, "c"), D: rapid.Uint64().Draw(t, "d"), E: rapid.Bool().Draw(t, "e"),
			F: at.Draw(t, "f"), H: text.Draw(t, "h"), I: rapid.SliceOfN(text, 0, 3).Draw(t, "i"), J: rapid.SliceOfN(in, 0, 3).Draw(t, "j"), K: in.Draw(t, "k"),
		}
		if rapid.Bool().Draw(t, "has g") {
			r.G = at.Draw(t, "g")
		}
		want, wrong := json.Marshal(r)
		got, err := r.AppendJSON(nil)
		if (err != nil) != (wrong != nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%s, %v\nwant\n%s, %v", got, err, want, wrong)
		}
	})
}

func TestTextsAreReadAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) []byte { return String(nil, s) }),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) []byte { return append(append([]byte{'"'}, b...), '"') }),
			rapid.SampledFrom([][]byte{[]byte(`"\u00e9\n"`), []byte(`"\"`), []byte(`"\\"`), []byte("\"\xff\""), []byte(`"`), nil, []byte(`"\ud800"`)}),
		).Draw(t, "raw")
		var text readText
		var want string
		if Read(raw, &text) && (json.Unmarshal(raw, &want) != nil || want != string(text)) {
			t.Fatalf("%q is read as %q, want %q", raw, text, want)
		}
	})
}

type readText string

func (s *readText) ReadJSON(r *Reader) { *s = readText(r.String()) }

func TestErrorsStay(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*Object){
		"a year beyond 9999": func(o *Object) { o.Time("a", time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)) },
		"a function":         func(o *Object) { o.Other("a", func() {}) },
		"one inside":         func(o *Object) { o.Member("a", row{F: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}) },
	} {
		o := Begin(nil)
		write(&o)
		o.String("b", "fine")
		if _, err := o.End(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkRow(b *testing.B) {
	r := row{A: "Très intéressé, rappeler plutôt le matin.", B: "x", C: 7, F: time.Unix(1e9, 0).UTC(), I: []string{"one", "two"}}
	out := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if out, err = r.AppendJSON(out[:0]); err != nil {
			b.Fatal(err)
		}
	}
}
