package dolibarr

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"passerelle/connectors/dolibarr/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// made is an appointment that stands in the CRM.
func (o opened) made(t *testing.T) bridge.Meeting {
	t.Helper()
	m := bridge.Meeting{ID: "m-1", CRMUser: "3", Subject: "Démo", Slot: bridge.Slot{UTC: time.Unix(1795435200, 0), Minutes: 60}}
	r := o.do(t, bridge.Write{Kind: bridge.WriteMeeting, Meeting: &m})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	m.ExternalID = r.ExternalID
	return m
}

func (o opened) edit(t *testing.T, m bridge.Meeting, change func(*fake.Event)) {
	t.Helper()
	id, err := strconv.Atoi(m.ExternalID)
	if err != nil {
		t.Fatal(err)
	}
	o.crm.EditEvent(id, change)
}

func (o opened) sees(t *testing.T, w bridge.Write) bool {
	t.Helper()
	w.Prospect = bridge.Ref{Connection: "crm.doli", Object: bridge.ProspectObj, ID: strconv.Itoa(o.id)}
	w.Operation = bridge.OperationID("OP-" + strings.ToUpper(string(w.Kind)))
	seen, err := o.Find(t.Context(), []bridge.Write{w})
	if err != nil {
		t.Fatal(err)
	}
	return seen[0].Present
}

func emptyMark(e *fake.Event) { delete(e.Options, "options_passerelle_id") }

// A person empties our id: the appointment stands, and is moved and cancelled
// all the same.
func TestAnAppointmentWithoutOurID(t *testing.T) {
	t.Parallel()
	for _, cancel := range []string{cancelDelete, cancelMark} {
		o := openTo(t, "appointment: {cancel: "+cancel+"}\n", fields)
		m := o.made(t)
		o.edit(t, m, emptyMark)
		if o.sees(t, bridge.Write{Kind: bridge.WriteCancel, Meeting: &m}) {
			t.Errorf("%s: a cancellation is seen that nobody wrote", cancel)
		}
		m.Slot.UTC = m.Slot.UTC.Add(24 * time.Hour)
		if r := o.do(t, bridge.Write{Kind: bridge.WriteMove, Meeting: &m}); r.Err != nil {
			t.Fatalf("%s: %v", cancel, r.Err)
		}
		e := o.crm.Events()[0]
		if e.Start != m.Slot.UTC.Unix() || e.Options["options_passerelle_id"] != m.ID {
			t.Errorf("%s: moved: %+v", cancel, e)
		}
		o.edit(t, m, emptyMark)
		if r := o.do(t, bridge.Write{Kind: bridge.WriteCancel, Meeting: &m}); r.Err != nil || r.State != connector.Accepted {
			t.Fatalf("%s: %+v", cancel, r)
		}
		if held, err := o.Appointments(t.Context(), []bridge.Meeting{m}); err != nil || held[0].Present && !held[0].Cancelled {
			t.Errorf("%s: the appointment stands: %+v, %v", cancel, held, err)
		}
	}
}

// Only an event that is gone is cancelled already.
func TestACancellationOfWhatCannotBeJudged(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(o opened, m bridge.Meeting)
		words  string
	}{
		"another's id": {func(o opened, m bridge.Meeting) {
			o.edit(t, m, func(e *fake.Event) { e.Options["options_passerelle_id"] = "m-2" })
		}, "bears another passerelle_id"},
		"another third party": {func(o opened, m bridge.Meeting) {
			other := o.crm.AddParty(map[string]string{"name": "Autre"})
			o.edit(t, m, func(e *fake.Event) { emptyMark(e); e.Party = other })
		}, "another third party"},
		"out of sight": {func(o opened, m bridge.Meeting) {
			o.edit(t, m, emptyMark)
			o.crm.ChangeUser(2, func(u *fake.User) { u.Rights = []string{"societe.lire", "agenda.myactions.read"} })
		}, "other people's events"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openTo(t, "", fields)
			m := o.made(t)
			tc.change(o, m)
			w := bridge.Write{Kind: bridge.WriteCancel, Meeting: &m}
			if r := o.do(t, w); r.State != connector.Failed || r.Err == nil || !strings.Contains(r.Err.Error(), tc.words) {
				t.Errorf("want it refused with %q, got %+v", tc.words, r)
			}
			if o.sees(t, w) || len(o.crm.Events()) != 1 {
				t.Error("the cancellation is taken for done")
			}
		})
	}
}

func TestACancellationOfWhatIsGone(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	m := o.made(t)
	o.crm.DeleteEvent(o.crm.Events()[0].ID)
	w := bridge.Write{Kind: bridge.WriteCancel, Meeting: &m}
	if r := o.do(t, w); r.Err != nil || r.State != connector.Stored || !o.sees(t, w) {
		t.Errorf("%+v", r)
	}
	move := o.do(t, bridge.Write{Kind: bridge.WriteMove, Meeting: &m})
	rejected(t, move, "was deleted in the CRM")
	if fault.Of(move.Err).NoRecord {
		t.Error("told that the prospect is gone")
	}
}

// A person clones an appointment for the next visit: the clone bears our id too,
// and is theirs.
func TestACloneOfAnAppointmentIsSomebodys(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{false, true} {
		o := openTo(t, "", fields)
		m := o.made(t)
		original, _ := strconv.Atoi(m.ExternalID)
		clone := o.crm.CloneEvent(original)
		start := m.Slot.UTC.Unix()
		if gone {
			o.crm.DeleteEvent(original)
		}
		held, err := o.Appointments(t.Context(), []bridge.Meeting{m})
		if err != nil || held[0].Present == gone {
			t.Errorf("deleted %v: held %+v, %v", gone, held, err)
		}
		m.Slot.UTC = m.Slot.UTC.Add(24 * time.Hour)
		if r := o.do(t, bridge.Write{Kind: bridge.WriteMove, Meeting: &m}); (r.Err != nil) != gone {
			t.Errorf("deleted %v: moved: %v", gone, r.Err)
		}
		cancel := bridge.Write{Kind: bridge.WriteCancel, Meeting: &m}
		if r := o.do(t, cancel); r.Err != nil {
			t.Errorf("deleted %v: cancelled: %v", gone, r.Err)
		}
		if !o.sees(t, cancel) {
			t.Errorf("deleted %v: the cancellation is not seen", gone)
		}
		if left := o.crm.Events(); len(left) != 1 || left[0].ID != clone || left[0].Start != start {
			t.Errorf("deleted %v: left are %+v", gone, left)
		}
	}
}
