package desk

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

var operator = bridge.Actor{Operator: true}

// What nobody has understood is about a person if it names them, however it
// spells that, and about nobody else.
func TestCluesNamed(t *testing.T) {
	t.Parallel()
	who := Clues{
		Ref: ref("7"), Leads: []string{"leadleadleadleadlead"},
		Numbers: []string{"+33612345678"}, Mails: []string{"zoe@example.org"}, Names: []string{"Zoé Martin"},
	}
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"their id":               {`{"prospect_id": "7"}`, true},
		"their id as a number":   {`{"data": [{"vendor_lead_code": 7}]}`, true},
		"another's id":           {`{"prospect_id": "77"}`, false},
		"a seven that is no id":  {`{"talk_s": 7, "attempt": "7"}`, false},
		"their number":           {`{"phone": "+33612345678"}`, true},
		"as people write it":     {`{"phone": "06 12.34-56 78"}`, true},
		"in a note":              {`{"note": "joindre au 0033 6 12 34 56 78 svp"}`, true},
		"as a JSON number":       {`{"caller": 33612345678}`, true},
		"another's number":       {`{"phone": "+33612345679"}`, false},
		"their address":          {`{"from": "Zoe@Example.org"}`, true},
		"their name in a note":   {`{"note": "rappeler ZOÉ MARTIN"}`, true},
		"another of that name":   {`{"note": "rappeler Martin"}`, false},
		"their lead":             {`{"x": {"y": "leadleadleadleadlead"}}`, true},
		"a form":                 {`phone=0612345678&status=NA`, true},
		"a form about another":   {`phone=0698765432&status=NA`, false},
		"a text that is no JSON": {`{"phone": "0612345678"`, true},
		"nothing":                {``, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := who.Named([]byte(c.text)); got != c.want {
				t.Errorf("named: %v, want %v", got, c.want)
			}
		})
	}
}

func FuzzCluesNamed(f *testing.F) {
	f.Add([]byte(`{"a": [1, "x", {"prospect_id": "7"}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		Clues{Ref: ref("7"), Numbers: []string{"+33612345678", "1"}}.Named(text)
	})
}

func TestForgetWaitsForTheEndOfACall(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "+33612345678"})
	h := f.mustNext("alice")
	_, err := f.desk.Forget(context.Background(), operator, h.Lead.Prospect, "m")
	var clash *Clash
	if !errors.As(err, &clash) || !strings.Contains(err.Error(), "alice has this prospect on the line") {
		t.Fatalf("while somebody talks to them: %v", err)
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "e1", Disposition: "not_interested"}, h.Lead.ID)
	if _, err := f.desk.Forget(context.Background(), operator, h.Lead.Prospect, "m"); err != nil {
		t.Errorf("after the call: %v", err)
	}
}

// An opposition outlives the person: their number stays silent for others who
// share it, the CRM is told, and nothing in either names them.
func TestForgetKeepsTheOpposition(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	const shared = "+33612345678"
	f.pull(map[string]string{"CANARY-ID": shared})
	h := f.mustNext("alice")
	f.mustRecord("alice", bridge.CallEvent{EventID: "CANARY-EVENT", Disposition: "opt_out", Note: "CANARY-NOTE"}, h.Lead.ID)
	got, err := f.desk.Forget(context.Background(), operator, h.Lead.Prospect, "m")
	if err != nil || got.Opposing != 1 || !got.Waits() {
		t.Fatalf("%+v, %v", got, err)
	}
	if waits, err := f.desk.EndForgetting(context.Background(), h.Lead.Prospect); err != nil || !waits.Waits() {
		t.Fatalf("before the CRM has confirmed: %+v, %v", waits, err)
	}
	f.pull(map[string]string{"CANARY-ID": shared, "another": shared})
	if lead := f.lead(leadID("another")); len(lead.Numbers) != 1 {
		t.Errorf("another's lead: %+v", lead)
	}
	if h, err := f.next("alice"); h != nil {
		t.Errorf("a silent number is handed out: %+v, %v", h.Lead, err)
	}
	err = f.store.View(func(tx *store.Tx) error {
		if leads.Has(tx, string(h.Lead.ID)) || prospects.Has(tx, h.Lead.Prospect.Key()) {
			t.Error("a pull brought them back")
		}
		for key, raw := range objected.Scan(tx, "", "") {
			if strings.Contains(key+string(raw), "CANARY") {
				t.Errorf("an opposition names them: %s", raw)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	left := f.entries()
	if len(left) != 1 || left[0].Write.Kind != bridge.WriteOpposition {
		t.Fatalf("writes left: %+v", left)
	}
	if raw, _ := json.Marshal(left[0]); strings.Count(string(raw), "CANARY") != 1 {
		t.Errorf("what is left of them: %s", raw)
	}
}

// After a restore the first log of a call from before is looked for, and an
// amendment has an operation of its own, since the CRM may know others.
func TestARestoredDeskDoubtsWhatWasBefore(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "+33612345678"})
	h := f.mustNext("alice")
	when := f.clock()
	f.mustRecord("alice", bridge.CallEvent{EventID: "e1", Disposition: "no_answer", OccurredAt: when}, h.Lead.ID)
	before := f.entries()[0].Write.Operation
	if f.entries()[0].Look {
		t.Error("a store that was never restored looks first")
	}
	if r := (outbox.Restoration{At: when.Add(time.Hour), Epoch: 3}); !r.Doubted(f.entries()[0].Write, when, when.Add(2*time.Hour)) {
		t.Error("the call is not doubted")
	}
	f.desk.restored = outbox.Restoration{At: when.Add(time.Hour), Epoch: 3}
	c := f.desk.begin(nil, as("alice"))
	key := eventKey(console, "e1")
	if got := c.frame(h.Lead.Prospect, bridge.WriteActivity, key, 0).Operation; got != before {
		t.Errorf("the first log is another operation now: it would not be found")
	}
	if got := c.frame(h.Lead.Prospect, bridge.WriteActivity, key, 1).Operation; got == bridge.Operation(crm, key, bridge.WriteActivity, 1) {
		t.Errorf("an amendment has the operation of one that was lost")
	}
}

// Nobody knows what platforms were told since the backup.
func TestRestoredDoubtsLists(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "+33612345678", "2": "+33612345679"})
	pushed := f.push()
	if len(f.toPush()) != 0 || len(pushed) != 2 {
		t.Fatalf("%d pushed, and more to push", len(pushed))
	}
	if err := f.desk.Restored(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := len(f.toPush()); got != 2 {
		t.Errorf("%d cards are pushed again, want 2", got)
	}
}

// Who had a lead on the line when the backup was taken is not waited for.
func TestRestoredEndsLeases(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "+33612345678"})
	h := f.mustNext("alice")
	if err := f.desk.Restored(context.Background()); err != nil {
		t.Fatal(err)
	}
	if l := f.lead(h.Lead.ID); l.Lease != nil || l.State != bridge.LeadWaiting {
		t.Errorf("the lead is %s, leased: %v", l.State, l.Lease)
	}
	f.mustRecord("alice", bridge.CallEvent{EventID: "e1", Disposition: "no_answer"}, h.Lead.ID)
}
