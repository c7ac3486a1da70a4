package desk

import (
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

func TestProspectsSurviveTheCompactForm(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[a-zé\x{0}0-9 ]{0,40}`)
	name := rapid.OneOf(rapid.SampledFrom(bridge.Standard().Names()), rapid.Map(rapid.StringMatching(`prospect\.x_[a-z]{1,9}`), func(s string) bridge.FieldName { return bridge.FieldName(s) }))
	at := rapid.Map(rapid.Int64Range(1, 4e15), func(n int64) time.Time { return time.UnixMicro(n).UTC() })
	rapid.Check(t, func(rt *rapid.T) {
		p := bridge.Prospect{
			Ref: ref(text.Draw(rt, "id")), ReadAt: at.Draw(rt, "read"),
			Fields: rapid.MapOf(name, rapid.Map(text, func(s string) bridge.Value { return bridge.Value(s) })).Draw(rt, "fields"),
		}
		if rapid.Bool().Draw(rt, "tells") {
			p.Modified = at.Draw(rt, "modified")
		}
		raw := encodeProspect(p)
		got, err := decodeProspect(p.Ref.Key(), raw)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(p, got); diff != "" {
			rt.Fatal(diff)
		}
		for n := range raw {
			if _, err := decodeProspect(p.Ref.Key(), raw[:n]); err == nil {
				rt.Fatalf("%d of %d bytes pass for a whole prospect", n, len(raw))
			}
		}
	})
}

// Stores hold what this says: a number that moves would give every prospect
// another field's value.
func TestTheCompactFormStaysAsItIs(t *testing.T) {
	t.Parallel()
	p := bridge.Prospect{Ref: ref("1"), ReadAt: time.UnixMicro(1_700_000_000_000_000), Fields: map[bridge.FieldName]bridge.Value{
		"account.name": "A", "prospect.territory": "75", "prospect.x_own": "é", "prospect.phone": "",
	}}
	const want = "01008080f281838985060404014127002d023735000e70726f73706563742e785f6f776e02c3a9"
	if got := hex.EncodeToString(encodeProspect(p)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, name := range bridge.Standard().Names() {
		if !slices.Contains(numberedFields, name) {
			t.Errorf("%s has no number yet: put it at the end", name)
		}
	}
	if len(fieldNumbers) != len(numberedFields) {
		t.Error("a field has two numbers")
	}
}

func FuzzDecodeProspect(f *testing.F) {
	f.Add(encodeProspect(bridge.Prospect{Ref: ref("1"), Fields: map[bridge.FieldName]bridge.Value{"account.name": "A", "prospect.x_own": "b"}}))
	f.Add([]byte{compactForm, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Add([]byte{compactForm, 0, 0, 1, 200, 1, 'x'})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decodeProspect(ref("1").Key(), raw)
		if err != nil {
			return
		}
		again, err := decodeProspect(ref("1").Key(), encodeProspect(p))
		if err != nil || cmp.Diff(p, again) != "" {
			t.Errorf("%v: %s", err, cmp.Diff(p, again))
		}
	})
}
