package rest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/test/crmfake"
)

// MakeMeeting makes an appointment; what it answers is the write, with the
// appointment as the CRM knows it.
func makeMeeting(t *testing.T, c *conn) bridge.Write {
	t.Helper()
	w := bridge.Write{Operation: "OP1", Kind: bridge.WriteMeeting, Prospect: prospect("p1"), Author: "alice", Meeting: &bridge.Meeting{
		ID: "m-1", Subject: "Démo", Slot: bridge.Slot{UTC: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), Minutes: 45},
	}}
	r := c.Apply(t.Context(), []bridge.Write{w})[0]
	if r.Err != nil || r.ExternalID == "" {
		t.Fatalf("%+v", r)
	}
	w.Meeting.ExternalID = r.ExternalID
	return w
}

func sees(t *testing.T, c *conn, w bridge.Write) bool {
	t.Helper()
	seen, err := c.Find(t.Context(), []bridge.Write{w})
	if err != nil {
		t.Fatal(err)
	}
	return seen[0].Present
}

// A person empties our id: the appointment stands, and is moved and cancelled
// all the same.
func TestAnAppointmentWithoutOurID(t *testing.T) {
	t.Parallel()
	for name, cancel := range map[string]cancelSettings{"delete": {Delete: true}, "mark": {Field: "state", Value: "cancelled"}} {
		crm, c := toCRM(t)
		c.Appointment.Cancel = cancel
		w := makeMeeting(t, c)
		crm.EditAppointment("m-1", map[string]any{"uid": ""})
		moved, m := w, *w.Meeting
		m.Slot.UTC = m.Slot.UTC.Add(24 * time.Hour)
		moved.Kind, moved.Operation, moved.Meeting = bridge.WriteMove, "OP2", &m
		if r := c.Apply(t.Context(), []bridge.Write{moved})[0]; r.Err != nil || !sees(t, c, moved) {
			t.Fatalf("%s: %+v", name, r)
		}
		if got := crm.All(crmfake.Appointments)[0].Fields; got["uid"] != "m-1" || got["start"] != "2026-12-02T09:00:00Z" {
			t.Errorf("%s: moved: %v", name, got)
		}
		crm.EditAppointment("m-1", map[string]any{"uid": ""})
		ended := moved
		ended.Kind, ended.Operation = bridge.WriteCancel, "OP3"
		if sees(t, c, ended) {
			t.Errorf("%s: a cancellation is seen that nobody wrote", name)
		}
		if r := c.Apply(t.Context(), []bridge.Write{ended})[0]; r.Err != nil || r.State != connector.Accepted || !sees(t, c, ended) {
			t.Fatalf("%s: %+v", name, r)
		}
		for _, r := range crm.All(crmfake.Appointments) {
			if r.Fields["state"] != "cancelled" {
				t.Errorf("%s: it stands: %v", name, r.Fields)
			}
		}
	}
}

// Only a record that is gone is cancelled already.
func TestACancellationOfWhatCannotBeJudged(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edit  map[string]any
		words string
	}{
		"another's id":     {map[string]any{"uid": "m-2"}, "bears another uid"},
		"another prospect": {map[string]any{"uid": "", "prospect_id": "p2"}, "of another prospect"},
	} {
		crm, c := toCRM(t)
		w := makeMeeting(t, c)
		crm.EditAppointment("m-1", tc.edit)
		w.Kind, w.Operation = bridge.WriteCancel, "OP2"
		r := c.Apply(t.Context(), []bridge.Write{w})[0]
		if fault.Of(r.Err) == nil || fault.Of(r.Err).Kind != fault.Rejected || !strings.Contains(r.Err.Error(), tc.words) {
			t.Errorf("%s: want it rejected with %q, got %+v", name, tc.words, r)
		}
		if sees(t, c, w) || crm.All(crmfake.Appointments)[0].Fields["state"] == "cancelled" {
			t.Errorf("%s: the cancellation is taken for done", name)
		}
	}
}

// An appointment that the credential may not see is no deleted one, and no
// reason to pause the connection.
func TestAnAppointmentOutOfSight(t *testing.T) {
	t.Parallel()
	c := toAnswers(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/appointments") {
			_, _ = w.Write([]byte(`{"data":[]}`))
			return
		}
		w.WriteHeader(http.StatusForbidden)
	})
	w := bridge.Write{Operation: "OP1", Kind: bridge.WriteCancel, Prospect: prospect("p1"), Meeting: &bridge.Meeting{ID: "m-1", ExternalID: "7"}}
	if r := c.Apply(t.Context(), []bridge.Write{w})[0]; fault.Of(r.Err) == nil || fault.Of(r.Err).Kind != fault.Rejected || !strings.Contains(r.Err.Error(), "may not see") {
		t.Errorf("%+v", r)
	}
	if sees(t, c, w) {
		t.Error("the cancellation is taken for done")
	}
	if held, err := c.Appointments(t.Context(), []bridge.Meeting{*w.Meeting}); err != nil || !held[0].Unseen || held[0].Present {
		t.Errorf("%+v, %v", held, err)
	}
}
