package doctor

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/connectors/rest"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/strict"
	"passerelle/test/crmfake"
)

// atCRM is a connection to a CRM with two prospects.
func atCRM(t *testing.T, change func(settings string) string) (*crmfake.Server, Patient, Round) {
	t.Helper()
	crm, base := crmfake.Start(t, crmfake.Options{})
	for _, id := range []string{"p1", "p2"} {
		crm.Put(id, map[string]any{"name": "Un", "phone": "0612345678"})
	}
	node, err := strict.Parse("settings.yaml", []byte(change(crmfake.Settings(base, crmfake.DefaultToken))))
	if err != nil {
		t.Fatal(err)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	client := httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second})
	t.Cleanup(client.CloseIdleConnections)
	fields := connector.FieldMap{"prospect.name": "name", bridge.FieldPhone: "phone"}
	conn, err := rest.Descriptor().Open(t.Context(), connector.Env{
		Name: "crm.main", Decode: node.Decode, Fields: fields, Catalog: bridge.Standard(),
		HTTP: client, Meter: func(int) {}, Now: time.Now, Zone: paris,
	})
	if err != nil {
		t.Fatal(err)
	}
	return crm, Patient{
		Name: "crm.main", Kind: connector.CRM, Type: "rest", Takes: bridge.WriteKinds(), Conn: conn, Fields: fields,
		Catalog: bridge.Standard(), Read: []bridge.FieldName{"prospect.name"}, Zone: paris, Now: time.Now, Settle: 50 * time.Millisecond,
	}, Round{Record: "p1", User: "u1"}
}

func as(s string) string { return s }

func outcomes(r ProbeReport) string {
	var out []string
	for _, s := range r.Steps {
		out = append(out, s.Name+" "+string(s.Outcome))
	}
	return strings.Join(out, ", ")
}

// untouched fails if anything but the named record's own was written, or if
// anything is left.
func untouched(t *testing.T, crm *crmfake.Server, left int) {
	t.Helper()
	if n := len(crm.All(crmfake.Activities)) + len(crm.All(crmfake.Appointments)); n != left {
		t.Errorf("%d records are left in the CRM, want %d", n, left)
	}
	for _, p := range crm.All(crmfake.Prospects) {
		if p.Version != 1 {
			t.Errorf("prospect %s was changed", p.ID)
		}
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	crm, p, r := atCRM(t, as)
	got := Probe(t.Context(), p, r)
	if d := cmp.Diff("check done, pull done, remover done, note done, appointment done, move done, cancel done, remove done, remove done", outcomes(got)); d != "" || !got.OK() {
		t.Errorf("%s\n%s", d, got.Text("en"))
	}
	for n, want := range map[int]string{1: "2 prospects with 1 fields", 4: "00:30 +0", 5: "00:30 +0"} {
		if !strings.Contains(got.Steps[n].Text, want) {
			t.Errorf("%s: %q", got.Steps[n].Name, got.Steps[n].Text)
		}
	}
	untouched(t, crm, 0)
	if asked := crm.FieldsAsked(); asked["phone"] > 0 || asked["name"] == 0 {
		t.Errorf("asked for %v", asked)
	}
	for _, lang := range []string{"en", "fr"} {
		if text := got.Text(lang); strings.Contains(text, "%!") || strings.Contains(text, "step.") || strings.Contains(text, "Un\n") {
			t.Errorf("%s", text)
		}
	}
}

// A call may have the id that a prospect has: ids are of a kind.
func TestProbeWhereIDsAreOfAKind(t *testing.T) {
	t.Parallel()
	crm, p, r := atCRM(t, as)
	crm.Put("a4", map[string]any{"name": "Quatre"})
	r.Record = "a4" // the next call will be a4 too
	if got := Probe(t.Context(), p, r); !got.OK() {
		t.Errorf("%s", got.Text("en"))
	}
	untouched(t, crm, 0)
	if _, there := crm.Get(crmfake.Prospects, "a4"); !there {
		t.Error("the prospect is gone")
	}
}

// Whatever fails, at whichever write, with an answer lost or not: nothing stays.
func TestProbeCleansUpAfterFailures(t *testing.T) {
	t.Parallel()
	for _, f := range []crmfake.Fault{crmfake.Down, crmfake.ResetBefore, crmfake.ResetAfter, crmfake.CutAfter} {
		for _, w := range []struct{ method, path string }{{"POST", "/activities"}, {"POST", "/appointments"}, {"PATCH", "/appointments"}} {
			t.Run(string(f)+" "+w.method+w.path, func(t *testing.T) {
				t.Parallel()
				crm, p, r := atCRM(t, as)
				crm.Misbehave(crmfake.Rule{Fault: f, Method: w.method, Path: w.path, Times: 1})
				got := Probe(t.Context(), p, r)
				if got.OK() || len(got.Left) > 0 || !strings.Contains(outcomes(got), "failed") {
					t.Errorf("%s", got.Text("en"))
				}
				untouched(t, crm, 0)
			})
		}
	}
}

func TestProbeSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	crm, p, r := atCRM(t, as)
	crm.Misbehave(crmfake.Rule{Fault: crmfake.Down, Method: "DELETE"})
	got := Probe(t.Context(), p, r)
	if len(got.Left) != 2 || !strings.Contains(got.Text("en"), "left in the CRM, delete it by hand: an appointment "+crm.All(crmfake.Appointments)[0].ID+" with record p1") {
		t.Errorf("%s", got.Text("en"))
	}
	untouched(t, crm, 2)
}

// stopper ends the probe's context once something was written.
type stopper struct {
	connector.Conn
	stop func()
}

func (s stopper) Apply(ctx context.Context, w []bridge.Write) []connector.Receipt {
	defer s.stop()
	return s.Conn.(connector.Applier).Apply(ctx, w)
}
func (s stopper) Find(ctx context.Context, w []bridge.Write) ([]connector.Sighting, error) {
	return s.Conn.(connector.Finder).Find(ctx, w)
}
func (s stopper) Remove(ctx context.Context, k bridge.WriteKind, id string) error {
	return s.Conn.(connector.Remover).Remove(ctx, k, id)
}

func TestProbeCleansUpAfterAStop(t *testing.T) {
	t.Parallel()
	crm, p, r := atCRM(t, as)
	ctx, stop := context.WithCancel(t.Context())
	p.Conn = stopper{p.Conn, stop}
	got := Probe(ctx, p, r)
	if got.OK() || len(got.Left) > 0 || !strings.HasSuffix(outcomes(got), "remove done") {
		t.Errorf("%s", got.Text("en"))
	}
	untouched(t, crm, 0)
}

// hurried waits for no answer.
type hurried struct{ stopper }

func (h hurried) Apply(ctx context.Context, w []bridge.Write) []connector.Receipt {
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	return h.stopper.Apply(ctx, w)
}

// What the CRM stores only after nobody waits for it is taken away too.
func TestProbeCleansUpWhatComesLate(t *testing.T) {
	t.Parallel()
	crm, p, r := atCRM(t, as)
	p.Conn, p.Settle = hurried{stopper{p.Conn, func() {}}}, time.Second
	crm.Misbehave(crmfake.Rule{Fault: crmfake.HangLate, Method: "POST", Delay: 200 * time.Millisecond, Times: 1})
	got := Probe(t.Context(), p, r)
	crm.Settle()
	if d := cmp.Diff("check done, pull skipped, remover done, note failed, appointment skipped, move skipped, cancel skipped, remove done", outcomes(got)); d != "" {
		t.Errorf("%s\n%s", d, got.Text("en"))
	}
	untouched(t, crm, 0)
}

func TestProbeWithoutAWayBack(t *testing.T) {
	t.Parallel()
	none := func(s string) string {
		return strings.NewReplacer("remove: /activities/{id}", "", "remove: /appointments/{id}", "").Replace(s)
	}
	crm, p, r := atCRM(t, none)
	got := Probe(t.Context(), p, r)
	if d := cmp.Diff("check done, pull done, remover failed, note skipped, appointment skipped, move skipped, cancel skipped", outcomes(got)); d != "" {
		t.Error(d)
	}
	untouched(t, crm, 0)
	r.Leave = true
	if got = Probe(t.Context(), p, r); len(got.Left) != 2 {
		t.Errorf("%s", got.Text("en"))
	}
	untouched(t, crm, 2)
}

// An hour lost on the way is noticed.
func TestProbeProvesTheZone(t *testing.T) {
	t.Parallel()
	_, p, r := atCRM(t, as)
	p.Conn = hourOff{stopper{p.Conn, func() {}}}
	got := Probe(t.Context(), p, r)
	if s := got.Steps[4]; s.Outcome != Failed || !strings.Contains(s.Text, "off by 1h0m0s: the time zone is wrong") {
		t.Errorf("%s", got.Text("en"))
	}
}

type hourOff struct{ stopper }

func (h hourOff) Appointments(ctx context.Context, m []bridge.Meeting) ([]connector.Held, error) {
	held, err := h.Conn.(connector.Calendar).Appointments(ctx, m)
	for i := range held {
		held[i].Slot.UTC = held[i].Slot.UTC.Add(time.Hour)
	}
	return held, err
}

// deaf fails the test if anything reaches the connector.
type deaf struct{ t *testing.T }

func (d deaf) Check(context.Context) error { return nil }
func (d deaf) Close() error                { return nil }
func (d deaf) Apply(context.Context, []bridge.Write) []connector.Receipt {
	d.t.Error("a write got through")
	return []connector.Receipt{{State: connector.Stored}}
}
func (d deaf) Remove(context.Context, bridge.WriteKind, string) error {
	d.t.Error("a removal got through")
	return nil
}

func TestGuard(t *testing.T) {
	t.Parallel()
	record := bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: "p1"}
	for name, spoil := range map[string]func(w *bridge.Write){
		"another record":     func(w *bridge.Write) { w.Prospect.ID = "p2" },
		"another connection": func(w *bridge.Write) { w.Prospect.Connection = "crm.other" },
		"another object":     func(w *bridge.Write) { w.Prospect.Object = bridge.Account },
		"fields": func(w *bridge.Write) {
			w.Kind = bridge.WriteFields
			w.Fields = []bridge.FieldChange{{Name: "prospect.name"}}
		},
		"fields with a note":   func(w *bridge.Write) { w.Fields = []bridge.FieldChange{{Name: "prospect.name"}} },
		"an opposition":        func(w *bridge.Write) { w.Kind = bridge.WriteOpposition },
		"a call of somebody's": func(w *bridge.Write) { w.Call.Revises = "OP0" },
		"no call":              func(w *bridge.Write) { w.Call = nil },
		"another appointment":  func(w *bridge.Write) { w.Kind = bridge.WriteMove; w.Meeting = &bridge.Meeting{ID: "m2"} },
		"by another id": func(w *bridge.Write) {
			w.Kind = bridge.WriteMove
			w.Meeting = &bridge.Meeting{ID: "m1", ExternalID: "77"}
		},
		"no appointment": func(w *bridge.Write) { w.Kind = bridge.WriteCancel },
	} {
		g := newGuard(deaf{t}, record, "m1")
		w := bridge.Write{Kind: bridge.WriteActivity, Prospect: record, Call: &bridge.CallLog{}}
		spoil(&w)
		if _, err := g.apply(t.Context(), w); err == nil || fault.Of(err).Kind != fault.Rejected {
			t.Errorf("%s: %v", name, err)
		}
	}
	g := newGuard(deaf{t}, record, "m1")
	g.note(bridge.WriteFields, "9")
	g.note(bridge.WriteMeeting, "8")
	for _, rm := range []struct {
		kind bridge.WriteKind
		id   string
	}{{bridge.WriteActivity, "p1"}, {bridge.WriteFields, "9"}, {bridge.WriteActivity, "8"}, {bridge.WriteMeeting, "9"}, {bridge.WriteMeeting, ""}} {
		if err := g.remove(t.Context(), rm.kind, rm.id); err == nil {
			t.Errorf("%s %s was removed", rm.kind, rm.id)
		}
	}
}
