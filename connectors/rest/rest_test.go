package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/strict"
	"passerelle/test/crmfake"
)

// connect opens a connection by settings.
func connect(t *testing.T, yaml string) *conn {
	t.Helper()
	node, err := strict.Parse("settings.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	client := httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second})
	t.Cleanup(client.CloseIdleConnections)
	c, err := Descriptor().Open(t.Context(), connector.Env{
		Name: "crm.main", Decode: node.Decode, Fields: fields, Catalog: bridge.Standard(),
		HTTP: client, Meter: func(int) {}, Now: time.Now, Zone: time.UTC,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*conn)
}

// toCRM starts a CRM with one prospect and connects to it.
func toCRM(t *testing.T) (*crmfake.Server, *conn) {
	t.Helper()
	crm, base := crmfake.Start(t, crmfake.Options{})
	crm.Put("p1", map[string]any{"name": "Un", "comment": "rien"})
	return crm, connect(t, crmfake.Settings(base, crmfake.DefaultToken))
}

// toAnswers connects to a server that answers with a handler of the test's.
func toAnswers(t *testing.T, h http.HandlerFunc) *conn {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return connect(t, crmfake.Settings(s.URL, "x"))
}

func prospect(id string) bridge.Ref {
	return bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: id}
}

func call(op string) bridge.Write {
	return bridge.Write{
		Operation: bridge.OperationID(op), Kind: bridge.WriteActivity, Prospect: prospect("p1"), Author: "alice", CRMUser: "u7",
		Call: &bridge.CallLog{At: time.Date(2026, 5, 4, 14, 0, 0, 0, time.FixedZone("", 7200)), Attempt: 3, TalkS: 61, Technical: bridge.Answered, Disposition: bridge.DispAppointmentSet, Caller: "alice"},
	}
}

func TestCallOnTheWire(t *testing.T) {
	t.Parallel()
	crm, c := toCRM(t)
	c.Activity.Dispositions = map[string]string{"appointment_set": "meeting"}
	if r := c.Apply(t.Context(), []bridge.Write{call("OP1")})[0]; r.Err != nil || r.ExternalID == "" {
		t.Fatalf("%+v", r)
	}
	want := map[string]any{
		"operation_id": "OP1", "prospect_id": "p1", "at": "2026-05-04T12:00:00Z", "attempt": 3.0, "duration_s": 61.0,
		"technical": "answered", "result": "meeting", "note": "", "caller": "alice", "user_id": "u7",
	}
	if d := cmp.Diff(want, crm.All(crmfake.Activities)[0].Fields); d != "" {
		t.Error(d)
	}
}

func TestDispositions(t *testing.T) {
	t.Parallel()
	w := call("OP1")
	for _, tc := range []struct {
		name, want string
		table      map[string]string
	}{
		{"none", "appointment_set", nil},
		{"listed", "RDV", map[string]string{"appointment_set": "RDV", "*": "autre"}},
		{"not listed", "autre", map[string]string{"no_answer": "NRP", "*": "autre"}},
		{"no default", "appointment_set", map[string]string{"no_answer": "NRP"}},
	} {
		s := activitySettings{Fields: activityKeys{Disposition: "d"}, Dispositions: tc.table}
		if got := s.body(w)["d"]; got != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, got, tc.want)
		}
	}
}

// A person edits the record between our read and our write.
func TestIfMatchKeepsAPersonsEdit(t *testing.T) {
	t.Parallel()
	crm, err := crmfake.New(crmfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	crm.Put("p1", map[string]any{"name": "Un"})
	edits := 1
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && edits > 0 {
			edits--
			crm.EditByPerson("p1", "name", "de la main")
		}
		crm.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	c := connect(t, crmfake.Settings(s.URL+"/api", crmfake.DefaultToken))
	write := bridge.Write{Operation: "OP1", Kind: bridge.WriteFields, Prospect: prospect("p1"), Fields: []bridge.FieldChange{{Name: "prospect.name", Value: "Deux", Expected: "Un"}}}

	r := c.Apply(t.Context(), []bridge.Write{write})[0]
	if f := fault.Of(r.Err); f == nil || f.Kind != fault.Unavailable || f.MayHaveApplied {
		t.Fatalf("first try: %+v", r)
	}
	r = c.Apply(t.Context(), []bridge.Write{write})[0]
	if d := cmp.Diff([]connector.Conflict{{Field: "prospect.name", Found: "de la main"}}, r.Conflicts); d != "" {
		t.Error(d)
	}
	if got, _ := crm.Get(crmfake.Prospects, "p1"); got.Fields["name"] != "de la main" {
		t.Errorf("the CRM holds %v", got.Fields["name"])
	}
}

func TestRefusalsInWords(t *testing.T) {
	t.Parallel()
	crm, c := toCRM(t)
	crm.Lock("p1", "Jeanne Canari")
	for _, tc := range []struct {
		name string
		make func(w *bridge.Write)
		want string
	}{
		{"locked", func(*bridge.Write) {}, "rest: log call: status 409: locked: the record is being edited by …"},
		{"no such prospect", func(w *bridge.Write) { w.Prospect.ID = "zz-canari" }, "rest: log call: the CRM has no prospect under this id (any more): deleted, merged or renumbered there"},
		{"over-long", func(w *bridge.Write) { w.Call.Note = strings.Repeat("canari ", 400) }, "rest: log call: status 422: too_long: field note: … is not a valid string for note"},
		{"over-large", func(w *bridge.Write) { w.Call.Note = strings.Repeat("canari ", 200_000) }, "rest: log call: status 413: too_large: the request is too large"},
		{"no content", func(w *bridge.Write) { w.Call = nil }, `rest: write: a write of kind "activity" without its content`},
		{"no prospect", func(w *bridge.Write) { w.Prospect.ID = ".." }, "rest: activity: the write names no prospect of this CRM"},
	} {
		w := call("OP1")
		tc.make(&w)
		r := c.Apply(t.Context(), []bridge.Write{w})[0]
		if r.Err == nil || fault.Of(r.Err).Kind != fault.Rejected {
			t.Errorf("%s: %+v", tc.name, r)
			continue
		}
		if d := cmp.Diff(tc.want, r.Err.Error()); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
	if n := len(crm.All(crmfake.Activities)); n != 0 {
		t.Errorf("%d activities", n)
	}
}

func TestCheckComparesFields(t *testing.T) {
	t.Parallel()
	_, base := crmfake.Start(t, crmfake.Options{Fields: map[string]string{"name": "string", "comment": "string", "company": "string", "score": "integer", "revenue": "number", "do_not_call": "boolean", "owner_id": "string"}})
	err := connect(t, crmfake.Settings(base, crmfake.DefaultToken)).Check(t.Context())
	if err == nil || fault.Of(err).Kind != fault.Permanent || !strings.Contains(err.Error(), "no field phone (prospect.phone)") {
		t.Errorf("a mapping to a field that does not exist: %v", err)
	}
	if err := connect(t, crmfake.Settings(base, "wrong")).Check(t.Context()); fault.Of(err) == nil || fault.Of(err).Kind != fault.Permanent || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong credential: %v", err)
	}
}

func TestPullGuards(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, answer string
		kind         fault.Kind
		says         string
	}{
		{"cursor stands still", `{"data":[{"id":"a"}],"next":"c1"}`, fault.Permanent, "same cursor again"},
		{"record without id", `{"data":[{"id":"a"},{"name":"canari"}]}`, fault.Unavailable, "record 2 of the page has no id"},
		{"no list", `{"items":[]}`, fault.Unavailable, "no list under data"},
		{"list of texts", `{"data":["canari"]}`, fault.Unavailable, "something that is no record"},
	} {
		c := toAnswers(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, tc.answer) })
		_, err := c.Pull(t.Context(), connector.PullRequest{Cursor: "c1", Fields: []bridge.FieldName{"prospect.name"}})
		if err == nil || fault.Of(err).Kind != tc.kind || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "canari") {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	_, c := toCRM(t)
	c.Prospects.Params.Selection = ""
	if _, err := c.Pull(t.Context(), connector.PullRequest{Selection: "L1"}); fault.Of(err) == nil || fault.Of(err).Kind != fault.Permanent {
		t.Errorf("a selection that cannot be asked for: %v", err)
	}
}

// A find whose filter does nothing must stop the connection: everything would
// look absent and be written twice.
func TestFindGuardsItsFilter(t *testing.T) {
	t.Parallel()
	c := toAnswers(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":[{"id":1,"operation_id":"SOMEBODY-ELSE"}]}`)
	})
	_, err := c.Find(t.Context(), []bridge.Write{call("OP1")})
	if err == nil || fault.Of(err).Kind != fault.Permanent || !strings.Contains(err.Error(), "activity.find") {
		t.Errorf("got %v", err)
	}
}

func TestFindReadsFew(t *testing.T) {
	t.Parallel()
	crm, c := toCRM(t)
	c.Activity.Many = 10
	var writes []bridge.Write
	for i := range 25 {
		writes = append(writes, call(fmt.Sprintf("OP%02d", i)))
	}
	for _, name := range []bridge.FieldName{"prospect.name", "prospect.comment"} {
		writes = append(writes, bridge.Write{Kind: bridge.WriteFields, Prospect: prospect("p1"), Fields: []bridge.FieldChange{{Name: name, Value: "Un"}}})
	}
	writes = append(writes, bridge.Write{Kind: bridge.WriteOpposition, Prospect: prospect("p1")})
	c.Apply(t.Context(), writes[7:8])
	before := len(crm.Requests())
	seen, err := c.Find(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	var present []int
	for i, s := range seen {
		if s.Present {
			present = append(present, i)
		}
	}
	if d := cmp.Diff([]int{7, 25}, present); d != "" {
		t.Error(d)
	}
	if n := len(crm.Requests()) - before; n != 4 {
		t.Errorf("%d requests for 25 calls and one prospect, want 4", n)
	}
}

// What a write costs at worst is what the descriptor says.
func TestTokens(t *testing.T) {
	t.Parallel()
	crm, c := toCRM(t)
	w := makeMeeting(t, c)
	crm.EditAppointment(w.Meeting.ID, map[string]any{"uid": ""})
	crm.Misbehave(
		crmfake.Rule{Fault: crmfake.Down, Method: "GET", Path: "/appointments", Times: 2},
		crmfake.Rule{Fault: crmfake.Down, Method: "GET", Path: "/appointments/", Times: 2},
	)
	grant := httpx.NewAllowance(Descriptor().Tokens)
	w.Kind, w.Operation = bridge.WriteMove, "OP2"
	r := c.Apply(httpx.WithAllowance(t.Context(), grant), []bridge.Write{w})[0]
	if r.Err != nil || grant.Spent() != Descriptor().Tokens {
		t.Errorf("spent %d: %+v", grant.Spent(), r)
	}
}

func TestMissingMeeting(t *testing.T) {
	t.Parallel()
	_, c := toCRM(t)
	for _, tc := range []struct {
		kind     bridge.WriteKind
		external string
		want     fault.Kind // "" is success
	}{
		{bridge.WriteMove, "", fault.Rejected}, {bridge.WriteMove, "m9", fault.Rejected},
		{bridge.WriteCancel, "", fault.Rejected}, {bridge.WriteCancel, "m9", ""},
	} {
		w := bridge.Write{Operation: "OP1", Kind: tc.kind, Prospect: prospect("p1"), Meeting: &bridge.Meeting{ID: "M1", ExternalID: tc.external}}
		r := c.Apply(t.Context(), []bridge.Write{w})[0]
		if (r.Err == nil) != (tc.want == "") || r.Err != nil && fault.Of(r.Err).Kind != tc.want {
			t.Errorf("%s of a meeting known as %q: %+v", tc.kind, tc.external, r)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	m := mapper{fields, bridge.Standard()}
	for _, tc := range []struct {
		field bridge.FieldName
		json  string
		want  bridge.Value
	}{
		{"prospect.name", `" Un "`, "Un"}, {"prospect.name", `null`, ""}, {"prospect.name", `12`, "12"}, {"prospect.name", `true`, "true"},
		{"prospect.name", `{"b":[1]}`, `{"b":[1]}`},
		{"prospect.score", `7`, "7"}, {"prospect.score", `7.0`, "7"}, {"prospect.score", `"007"`, "7"}, {"prospect.score", `"many"`, "many"}, {"prospect.score", `7.5`, "7.5"},
		{"prospect.score", `123456789012345678901`, "123456789012345678901"},
		{"account.revenue", `1234.50`, "1234.5"}, {"account.revenue", `"1 234,5"`, "1234.5"}, {"account.revenue", `1e400`, "1e400"},
		{bridge.FieldDoNotCall, `true`, "true"}, {bridge.FieldDoNotCall, `1`, "true"}, {bridge.FieldDoNotCall, `"oui"`, "true"}, {bridge.FieldDoNotCall, `null`, ""},
		{"prospect.email", `"A@B.EXAMPLE"`, "a@b.example"},
	} {
		decoder := json.NewDecoder(strings.NewReader(tc.json))
		decoder.UseNumber()
		var held any
		if err := decoder.Decode(&held); err != nil {
			t.Fatal(err)
		}
		if got := m.value(tc.field, held); got != tc.want {
			t.Errorf("%s %s: %q, want %q", tc.field, tc.json, got, tc.want)
		}
	}
}

// What is written comes back the same, whatever the field's type.
func TestValuesRoundTrip(t *testing.T) {
	t.Parallel()
	m := mapper{fields, bridge.Standard()}
	names := fields.Names()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "field")
		def, _ := m.catalog.Def(name)
		text := rapid.OneOf(
			rapid.String(), rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,4})?`), rapid.SampledFrom([]string{"", "true", "false", "0", "-0", "00", "1e5"}),
		).Draw(t, "text")
		v, err := def.Parse(text)
		if err != nil {
			v = m.value(name, text) // not of the field's type: as the CRM would hold it
		}
		raw, err := json.Marshal(m.json(name, v))
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(strings.NewReader(string(raw)))
		decoder.UseNumber()
		var held any
		if err := decoder.Decode(&held); err != nil {
			t.Fatal(err)
		}
		if got := m.value(name, held); got != v {
			t.Fatalf("%s: %q came back as %q over %s", name, v, got, raw)
		}
	})
}

func FuzzPage(f *testing.F) {
	for _, seed := range []string{
		`{"data":[{"id":"a","name":"x"}],"next":null}`, `{"data":[{"id":1,"score":1.0,"name":{"a":[]}}],"next":"c"}`,
		`[]`, `{"data":{}}`, `{"data":[null]}`, `{"data":[{"id":".."}]}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	m := mapper{fields, bridge.Standard()}
	f.Fuzz(func(t *testing.T, raw []byte) {
		decoder := json.NewDecoder(strings.NewReader(string(raw)))
		decoder.UseNumber()
		var answer any
		if decoder.Decode(&answer) != nil {
			return
		}
		records, err := list("rest: list", answer, "data")
		if err != nil && fault.Of(err).Kind != fault.Unavailable {
			t.Error(err)
		}
		for _, rec := range records {
			for name := range m.pick(rec, fields.Names()) {
				if !slices.Contains(fields.Names(), name) {
					t.Errorf("field %q was not asked for", name)
				}
			}
		}
	})
}
