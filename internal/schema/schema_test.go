package schema_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/schema"
	"passerelle/schemas"
)

var set = schema.Must(schemas.FS)

const goodCall = `{
  "event_id": "e-1", "occurred_at": "2026-11-22T09:30:00.5+01:00", "connection": "phoning.dialler",
  "campaign": "bank", "prospect_id": "42", "agent": "alice", "technical": "answered",
  "disposition": "appointment_set", "attempt_id": "a-1", "talk_s": 184, "note": "Très intéressé",
  "fields": {"prospect.comment": "rappeler", "prospect.score": 3, "prospect.opt_in": true, "prospect.city": null},
  "next": {"kind": "appointment", "at": "2027-01-31T14:30", "zone": "Europe/Paris", "with": "bob", "minutes": 45}
}`

// with is goodCall with some members changed; nil removes one.
func with(t testing.TB, changes map[string]any) []byte {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(goodCall), &body); err != nil {
		t.Fatal(err)
	}
	maps.Copy(body, changes)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
	out, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDecodeACall(t *testing.T) {
	t.Parallel()
	var got bridge.CallEvent
	if err := set.Decode("call_outcome.v1", []byte(goodCall), &got); err != nil {
		t.Fatal(err)
	}
	want := bridge.CallEvent{
		EventID: "e-1", OccurredAt: time.Date(2026, 11, 22, 8, 30, 0, 5e8, time.UTC), Connection: "phoning.dialler",
		Campaign: "bank", ProspectID: "42", Agent: "alice", Technical: bridge.Answered,
		Disposition: bridge.DispAppointmentSet, AttemptID: "a-1", TalkS: 184, Note: "Très intéressé",
		Fields: map[bridge.FieldName]any{"prospect.comment": "rappeler", "prospect.score": 3.0, "prospect.opt_in": true, "prospect.city": nil},
		Next:   &bridge.Next{Kind: bridge.NextAppointment, At: "2027-01-31T14:30", Zone: "Europe/Paris", With: "bob", Minutes: 45},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGood(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, schema, body string }{
		{"a call by phone and raw code", "call_outcome.v1", string(with(t, map[string]any{"prospect_id": nil, "phone": "+33 6 12 34 56 78", "disposition": nil, "raw_code": "A1"}))},
		{"a late note", "call_outcome.v1", string(with(t, map[string]any{"amends": "e-0"}))},
		{"an outcome", "outcome_request.v1", `{"technical": "no_answer", "disposition": "no_answer"}`},
		{"an outcome with a callback", "outcome_request.v1", `{"technical": "answered", "raw_code": "cb", "next": {"kind": "callback", "at": "2027-01-31T14:30:00Z"}}`},
		{"an appointment", "appointment_request.v1", `{"at": "2027-01-31T14:30", "zone": "America/Argentina/Buenos_Aires", "minutes": 30}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := set.Validate(tt.schema, []byte(tt.body)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	bad := func(changes map[string]any) string { return string(with(t, changes)) }
	tests := []struct {
		name, body string
		want       []string // "pointer text", in order
	}{
		{"several at once", bad(map[string]any{"event_id": nil, "agent": "", "technical": "canary", "surprise": "canary", "talk_s": "canary"}), []string{
			"/agent length must be >= 1, but got 0 characters",
			"/event_id is missing",
			"/surprise is not known here: remove it",
			"/talk_s must be integer",
			"/technical must be one of the values of the schema: answered, no_answer, busy, machine, invalid, failed, abandoned",
		}},
		{"neither prospect nor phone", bad(map[string]any{"prospect_id": nil}), []string{" needs prospect_id or phone"}},
		{"neither disposition nor raw code", bad(map[string]any{"disposition": nil}), []string{" needs disposition or raw_code"}},
		{"a time without offset", bad(map[string]any{"occurred_at": "2026-11-22T09:30:00"}), []string{
			"/occurred_at has the wrong form: A time with an offset, like 2026-11-22T09:30:00+01:00"}},
		{"the 31st of a short month", bad(map[string]any{"occurred_at": "2026-11-31T09:30:00Z"}), []string{
			"/occurred_at has the wrong form: A time with an offset, like 2026-11-22T09:30:00+01:00"}},
		{"a leap second", bad(map[string]any{"occurred_at": "2016-12-31T23:59:60Z"}), []string{
			"/occurred_at has the wrong form: A time with an offset, like 2026-11-22T09:30:00+01:00"}},
		{"numbers out of range", bad(map[string]any{"talk_s": -77001}), []string{"/talk_s must be >= 0"}},
		{"a field's name", bad(map[string]any{"fields": map[string]any{"Prospect/Name": "canary"}}), []string{
			"/fields/Prospect~1Name has the wrong form: A name is object.field in lower case, like prospect.phone"}},
		{"a field's value", bad(map[string]any{"fields": map[string]any{"prospect.x_y": []string{"canary"}}}), []string{
			"/fields/prospect.x_y must be string or number or boolean or null"}},
		{"an appointment without a time", bad(map[string]any{"next": map[string]any{"kind": "appointment"}}), []string{"/next/at is missing"}},
		{"a control character in an id", bad(map[string]any{"prospect_id": "canary\x00"}), []string{
			"/prospect_id has the wrong form: 1 to 200 characters, none of them a control character"}},
		{"not an object", `["canary"]`, []string{" must be object"}},
		{"not JSON", `{"event_id": canary}`, []string{"/event_id not valid JSON near byte 13"}},
		{"cut", `{"event_id": "canary`, []string{"/event_id not valid JSON: it ends too early"}},
		{"empty", ``, []string{" not valid JSON: it ends too early"}},
		{"trailing data", goodCall + `{"canary": 1}`, []string{" something follows the JSON value: send one value only"}},
		{"a name twice", `{"next": {"kind": "none", "kind": "canary"}}`, []string{"/next/kind this name stands twice in its object"}},
		{"not UTF-8", "{\"note\": \"caf\xe9 canary\"}", []string{" not valid UTF-8"}},
		{"too deep", strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat("}", 40), []string{" nested deeper than 32 levels"}},
		{"far too deep", strings.Repeat(`[`, 100_000), []string{" nested deeper than 32 levels"}},
		{"a number too large", `{"talk_s": 1e999999999}`, []string{"/talk_s a number that is too large or too long"}},
		{"a number too long", `{"talk_s": ` + strings.Repeat("1", 100) + `}`, []string{"/talk_s a number that is too large or too long"}},
		{"a number too small", `{"talk_s": 7e-999999999}`, []string{"/talk_s a number that is too small"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := set.Validate("call_outcome.v1", []byte(tt.body))
			bad, ok := errors.AsType[*schema.Error](err)
			if !ok {
				t.Fatalf("error %v", err)
			}
			var got []string
			for _, f := range bad.Findings {
				got = append(got, f.Pointer+" "+f.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "77001") {
				t.Errorf("a value is quoted: %v", err)
			}
		})
	}
}

func TestFindingsAreBounded(t *testing.T) {
	t.Parallel()
	body := map[string]any{}
	for i := range 200 {
		body[strings.Repeat("x", i)] = i
	}
	err := set.Validate("call_outcome.v1", with(t, body))
	if bad, ok := errors.AsType[*schema.Error](err); !ok || len(bad.Findings) != 50 || len(err.Error()) > 6000 {
		t.Errorf("%d bytes of error", len(err.Error()))
	}
}

func TestDecodeWhatTheTypeCannotTake(t *testing.T) {
	t.Parallel()
	var call bridge.CallEvent // 184.0 is an integer for JSON Schema, not for Go
	err := set.Decode("call_outcome.v1", []byte(strings.Replace(goodCall, "184", "184.0", 1)), &call)
	if err == nil || err.Error() != "call_outcome.v1: /talk_s: cannot be read as int" {
		t.Errorf("error %v", err)
	}
}

func TestUnknownSchema(t *testing.T) {
	t.Parallel()
	err := set.Validate("call_outcome.v9", []byte(goodCall))
	if _, isFinding := errors.AsType[*schema.Error](err); err == nil || isFinding {
		t.Errorf("error %v; it is our mistake, not the sender's", err)
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"broken JSON":       `{"type": `,
		"not a schema":      `{"type": "nonsense"}`,
		"a foreign ref":     `{"$ref": "https://example.org/x.json"}`,
		"a local file":      `{"$ref": "file:///etc/passwd"}`,
		"a missing sibling": `{"$ref": "none.json"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := schema.Compile(fstest.MapFS{"x.v1.json": {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), "x.v1.json") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestVocabularies: the schemas say again what package bridge defines.
func TestVocabularies(t *testing.T) {
	t.Parallel()
	data, err := schemas.FS.ReadFile("call_outcome.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Properties map[string]any
		Defs       map[string]struct{ Enum []string } `json:"$defs"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var dispositions []string
	for _, d := range bridge.Dispositions() {
		dispositions = append(dispositions, string(d.Code))
	}
	if diff := cmp.Diff(dispositions, doc.Defs["disposition"].Enum); diff != "" {
		t.Errorf("dispositions (-bridge +schema):\n%s", diff)
	}
	technical := []bridge.Technical{bridge.Answered, bridge.NoAnswer, bridge.Busy, bridge.Machine, bridge.Invalid, bridge.Failed, bridge.Abandoned}
	for _, word := range technical {
		if !slices.Contains(doc.Defs["technical"].Enum, string(word)) || len(doc.Defs["technical"].Enum) != len(technical) {
			t.Errorf("technical results: %v", doc.Defs["technical"].Enum)
		}
	}
	out, err := json.Marshal(bridge.CallEvent{
		EventID: "x", Phone: "x", ProspectID: "x", RawCode: "x", Disposition: "x", AttemptID: "x", TalkS: 1, Note: "x",
		Fields: map[bridge.FieldName]any{"x": 1}, Next: &bridge.Next{}, Amends: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(out, &members); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(members)), slices.Sorted(maps.Keys(doc.Properties))); diff != "" {
		t.Errorf("members (-bridge.CallEvent +schema):\n%s", diff)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodCall))
	f.Add([]byte(`{"event_id": "a", "event_id": "b"}`))
	f.Add([]byte(`{"fields": {"a/b~c'\"": [1e400, null, true]}}`))
	f.Add([]byte(`{"'x', 'y'": {"\u0000": 1}, "": 0}`))
	f.Add([]byte(`[[[[[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var call bridge.CallEvent
		err := set.Decode("call_outcome.v1", body, &call)
		if err == nil {
			if again := json.Unmarshal(body, &call); again != nil || call.EventID == "" {
				t.Fatalf("let through: %v, %q", again, call.EventID)
			}
			return
		}
		bad, ok := errors.AsType[*schema.Error](err)
		if !ok || len(bad.Findings) == 0 {
			t.Fatalf("no findings: %v", err)
		}
		for _, finding := range bad.Findings {
			if finding.Text == "" || finding.Pointer != "" && finding.Pointer[0] != '/' {
				t.Fatalf("finding %+v", finding)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(goodCall)
	b.ReportAllocs()
	for b.Loop() {
		var call bridge.CallEvent
		if err := set.Decode("call_outcome.v1", body, &call); err != nil {
			b.Fatal(err)
		}
	}
}
