package schema

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"passerelle/schemas"
)

var own = Must(schemas.FS)

// events are the schemas that have a check: what a call floor sends all day.
var events = []string{"appointment_request.v1", "call_outcome.v1", "outcome_request.v1"}

func TestTheEventsHaveAFastCheck(t *testing.T) {
	t.Parallel()
	for _, name := range events {
		if own.checks[name] == nil {
			t.Errorf("%s has none", name)
		}
	}
}

// judge is what the library says of a body, read strictly.
func judge(name string, body []byte) bool {
	value, bad := parse(body)
	return bad == nil && own.schemas[name].Validate(value) == nil
}

// agree fails where our check says yes and the library no. sure also fails where
// ours leaves to the library what it would have taken.
func agree(t interface{ Fatalf(string, ...any) }, body []byte, sure bool) {
	for _, name := range events {
		ours, theirs := own.checks[name].fits(body), judge(name, body)
		if ours && !theirs || sure && ours != theirs {
			t.Fatalf("%s: ours says %v, the library %v of\n%s", name, ours, theirs, body)
		}
	}
}

// text is a string as a platform may write it: plain, with escapes, with what is
// no letter.
func text(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9 _.:+-]{0,12}`),
		rapid.StringN(0, 12, -1),
		rapid.SampledFrom([]string{"", "é\n", "\x7f", "\x01", strings.Repeat("é", 200), strings.Repeat("x", 201), "\"\\/"}),
	).Draw(t, label)
}

var moments = []string{
	"2026-11-22T09:30:00+01:00", "2026-11-22T09:30:00.123456789Z", "2024-02-29T00:00:00Z", "2026-02-29T00:00:00Z",
	"2026-11-31T09:30:00Z", "2026-11-22T24:00:00Z", "2026-11-22T23:59:60Z", "2026-11-22T09:30:00+24:00", "2026-11-22T09:30:00+23:60",
	"2026-11-22T09:30:00.1234567890Z", "2026-11-22T09:30:00", "2026-11-22T09:30", "2027-01-31T14:30", "2027-01-32T14:30", "2027-13-01T14:30",
	"2027-01-31T14:30:05.5+02:00", "0000-02-29T00:00:00Z", "2026-11-22t09:30:00z",
}

func value(t *rapid.T, label string) any {
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) any { return text(t, "text") }),
		rapid.Map(rapid.SampledFrom(moments), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom([]string{"answered", "busy", "appointment", "callback", "callback_requested", "Europe/Paris", "A//B", "a/", "+1"}), func(s string) any { return s }),
		rapid.Map(rapid.IntRange(-2, 90_000), func(n int) any { return n }),
		rapid.Map(rapid.SampledFrom([]string{"0", "-0", "1.5", "-1.50", "1e3", "184.0", "0.0", "12345678901234567890", "1e-999", "86400", "86401"}), func(s string) any { return json.Number(s) }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just[any](nil),
		rapid.Just[any]([]any{}),
		rapid.Just[any](map[string]any{"kind": "none"}),
	).Draw(t, label)
}

// proper is a value that the member may well have.
func proper(t *rapid.T, name string) any {
	switch name {
	case "occurred_at", "at":
		return rapid.SampledFrom(moments).Draw(t, name)
	case "technical":
		return rapid.SampledFrom([]string{"answered", "no_answer", "busy"}).Draw(t, name)
	case "disposition":
		return rapid.SampledFrom([]string{"sale", "refused", "callback_requested"}).Draw(t, name)
	case "kind":
		return rapid.SampledFrom([]string{"none", "appointment", "callback"}).Draw(t, name)
	case "talk_s", "minutes":
		return rapid.IntRange(-1, 90_000).Draw(t, name)
	case "zone":
		return rapid.SampledFrom([]string{"Europe/Paris", "UTC", "America/Argentina/Buenos_Aires", "/x"}).Draw(t, name)
	case "fields":
		fields := map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "fields") {
			name := rapid.SampledFrom([]string{"prospect.comment", "prospect.x_1", "account.name", "prospect", "Prospect.x", "a.b.c", "a.é"}).Draw(t, "field")
			fields[name] = value(t, "field's value")
		}
		return fields
	case "next":
		return object(t, []string{"kind", "at", "zone", "with", "minutes", "subject", "place"})
	}
	return text(t, name)
}

// object has some of the members, mostly with proper values, now and then with
// another or one that nobody knows.
func object(t *rapid.T, names []string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		if rapid.IntRange(0, 9).Draw(t, "has "+name) > 2 {
			out[name] = proper(t, name)
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "spoil") == 0 {
		out[rapid.SampledFrom(append(names, "surprise")).Draw(t, "spoiled")] = value(t, "spoiled value")
	}
	return out
}

var callMembers = []string{
	"event_id", "occurred_at", "connection", "campaign", "prospect_id", "phone", "agent", "technical", "disposition",
	"raw_code", "attempt_id", "talk_s", "note", "fields", "next", "amends",
}

// TestBothAgree: our check never takes what the library refuses.
func TestBothAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SampledFrom([][]string{callMembers, callMembers[6:], {"at", "zone", "with", "minutes", "subject", "place", "note"}}).Draw(t, "kind")
		body, err := json.Marshal(object(t, names))
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "damaged") {
			body = damage(t, body)
		}
		agree(t, body, false)
	})
}

// damage changes a few bytes, or repeats some.
func damage(t *rapid.T, body []byte) []byte {
	for range rapid.IntRange(1, 3).Draw(t, "damages") {
		from := rapid.IntRange(0, len(body)).Draw(t, "from")
		to := min(len(body), from+rapid.IntRange(0, 20).Draw(t, "length"))
		with := rapid.OneOf(
			rapid.SampledFrom([]string{"", `"`, `\`, `\u00`, `\ud800`, `,`, `}`, ` `, "\x00", "\xff", `{`, `:`, "\\u0041"}),
			rapid.Just(string(body[from:to])+string(body[from:to])),
		).Draw(t, "with")
		body = slices.Concat(body[:from], []byte(with), body[to:])
	}
	return body
}

// TestWhatIsUsualIsSure: the library is not asked for what platforms send.
func TestWhatIsUsualIsSure(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a call":          `{"event_id":"e-1","occurred_at":"2026-11-22T09:30:00.5+01:00","connection":"phoning.dialler","campaign":"bank","prospect_id":"42","agent":"alice","technical":"answered","disposition":"sale","talk_s":184,"note":"Très intéressé\n\"oui\"","fields":{"prospect.comment":"x","prospect.score":3,"prospect.x_a":2.5,"prospect.opt_in":true,"prospect.city":null},"next":{"kind":"appointment","at":"2027-01-31T14:30","zone":"Europe/Paris","with":"bob","minutes":45}}`,
		"with escapes":    `{"event_id":"e-1","occurred_at":"2026-11-22T09:30:00Z","connection":"p","campaign":"b","phone":"+33 6","agent":"a","technical":"busy","raw_code":"B","note":"Tr\u00e8s int\u00E9ress\u00e9 \/ \\"}`,
		"with white":      "\n{ \"technical\" : \"answered\" ,\t\"disposition\":\"sale\" , \"fields\" : { } }\r\n",
		"an appointment":  `{"at":"2027-01-31T14:30","zone":"Europe/Paris","minutes":30}`,
		"a bad one":       `{"technical":"nonsense"}`,
		"an empty object": `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agree(t, []byte(body), true)
		})
	}
}

// TestMatchers: what was written by hand says what the pattern says.
func TestMatchers(t *testing.T) {
	t.Parallel()
	for pattern, match := range matchers {
		re := regexp.MustCompile(pattern)
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				s := rapid.OneOf(
					rapid.StringMatching(strings.Trim(pattern, "^$")),
					rapid.SampledFrom(moments), rapid.String(), rapid.StringMatching(`[a-zA-Z0-9/._:T-]{0,20}`),
				).Draw(t, "s")
				if rapid.Bool().Draw(t, "damaged") {
					s = string(damage(t, []byte(s)))
				}
				if got := match([]byte(s)); got != re.MatchString(s) {
					t.Fatalf("%q: by hand %v", s, got)
				}
			})
		})
	}
}

// TestNoCheck: a schema that says what the check does not know has none.
func TestNoCheck(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an unknown keyword":     `{"type": "string", "contentEncoding": "base64"}`,
		"any value":              `{"description": "whatever"}`,
		"an open object":         `{"type": "object"}`,
		"a list":                 `{"type": "array"}`,
		"an object or null":      `{"type": ["object", "null"]}`,
		"an enum of numbers":     `{"enum": [1]}`,
		"another format":         `{"type": "string", "format": "email"}`,
		"a required stranger":    `{"type": "object", "additionalProperties": false, "required": ["x"]}`,
		"anyOf of other things":  `{"type": "object", "additionalProperties": false, "anyOf": [{"maxProperties": 1}]}`,
		"an if of two":           `{"type": "object", "additionalProperties": false, "properties": {"a": {"enum": ["x"]}, "b": {"enum": ["x"]}}, "if": {"required": ["a", "b"]}, "then": {"required": ["a"]}}`,
		"an if with an else":     `{"type": "object", "additionalProperties": false, "properties": {"a": {"enum": ["x"]}}, "if": {"properties": {"a": {"const": "x"}}, "required": ["a"]}, "then": {"required": ["a"]}, "else": {"maxProperties": 0}}`,
		"itself":                 `{"type": "object", "additionalProperties": false, "properties": {"a": {"$ref": "#"}}}`,
		"a reference with more":  `{"type": "object", "additionalProperties": false, "properties": {"a": {"$ref": "#/$defs/x", "minLength": 3}}, "$defs": {"x": {"type": "string"}}}`,
		"a keyword of no object": `{"type": "string", "required": ["a"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := Compile(fstest.MapFS{"x.v1.json": {Data: []byte(text)}})
			if err != nil {
				t.Fatal(err)
			}
			if set.checks["x.v1"] != nil {
				t.Error("it has one")
			}
		})
	}
}

func FuzzBothAgree(f *testing.F) {
	f.Add([]byte(`{"technical":"answered","disposition":"sale","next":{"kind":"appointment","at":"2027-01-31T14:30"}}`))
	f.Add([]byte(`{"event_id":"e","occurred_at":"2026-11-22T09:30:00Z","connection":"c","campaign":"b","phone":"+33","agent":"a","technical":"busy","raw_code":"B","fields":{"a.b":-0,"a.c":1.50,"a.d":"\u00e9\n"}}`))
	f.Add([]byte(`{"at":"2024-02-29T14:30:59.9Z","zone":"A/B","minutes":1440,"note":"\ud83d\ude00"}`))
	f.Add([]byte(fmt.Sprintf(`{"at":"2027-01-31T14:30","place":"%s"}`, strings.Repeat("é", 500))))
	f.Fuzz(func(t *testing.T, body []byte) { agree(t, body, false) })
}
