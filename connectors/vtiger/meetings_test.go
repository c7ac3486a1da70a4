package vtiger

import (
	"maps"
	"strings"
	"testing"
	"time"

	"passerelle/connectors/vtiger/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

func meeting(prospect, id, user string) bridge.Write {
	w := activity(prospect, id)
	w.Kind, w.Call = bridge.WriteMeeting, nil
	w.Operation = bridge.Operation("crm.main", id, bridge.WriteMeeting, 0)
	w.Meeting = &bridge.Meeting{ID: id, CRMUser: user, Slot: bridge.Slot{UTC: time.Date(2027, 1, 5, 9, 0, 0, 0, time.UTC), Minutes: 30}}
	return w
}

// later is a further write to a meeting that was made: a move by a day, or a
// cancellation.
func later(made bridge.Write, kind bridge.WriteKind, externalID string) bridge.Write {
	m := *made.Meeting
	m.ExternalID, m.Slot.UTC = externalID, m.Slot.UTC.AddDate(0, 0, 1)
	made.Kind, made.Meeting = kind, &m
	made.Operation = bridge.Operation("crm.main", m.ID, kind, 1)
	return made
}

// What people do to the text that our ids stand in, or whom they give an event
// to, makes it no deleted one: it is found by its own id, and only one that is
// gone counts as cancelled.
func TestAnAppointmentIsGoneOnlyIfItIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		do    func(s *site, r fake.Record)
		moves bool   // and cancels: it is carried out
		says  string // why a move is refused
	}{
		"a line under the ids": {func(s *site, r fake.Record) {
			s.Edit(r.Number, description, r.Fields[description]+"\nPrendre le dossier")
		}, true, ""},
		"the ids deleted": {func(s *site, r fake.Record) { s.Edit(r.Number, description, "Prendre le dossier") }, true, ""},
		"out of sight":    {func(s *site, r fake.Record) { s.Edit(r.Number, "assigned_user_id", "19x6") }, false, wordsHidden},
		"deleted":         {func(s *site, r fake.Record) { s.Delete(r.Number) }, false, "was deleted"},
		"copied and deleted": {func(s *site, r fake.Record) {
			s.Put("Events", 8, maps.Clone(r.Fields))
			s.Delete(r.Number)
		}, false, "was deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range []bridge.WriteKind{bridge.WriteMove, bridge.WriteCancel} {
				s := newSite(t, fake.Options{}, "seller", "")
				s.AddUser(fake.User{ID: 8, Login: "seller", Key: key})
				made := meeting(s.lead(8, nil), "meeting-1", "")
				r := s.apply(t, made)
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				tc.do(s, s.All("Events")[0])
				w := later(made, kind, r.ExternalID)
				r = s.apply(t, w)
				if !tc.moves {
					if kind == bridge.WriteCancel && tc.says == "was deleted" {
						if r.Err != nil || r.State != connector.Stored {
							t.Errorf("%s: %+v", kind, r)
						}
					} else if r.Err == nil || fault.Of(r.Err).Kind != fault.Rejected || !strings.Contains(r.Err.Error(), tc.says) {
						t.Errorf("%s: %+v, want it refused with %q", kind, r, tc.says)
					}
					continue
				}
				now := s.All("Events")[0]
				done := now.Fields["date_start"] == "2027-01-06"
				if kind == bridge.WriteCancel {
					done = now.Fields["eventstatus"] == "Not Held" && strings.Contains(now.Fields[description], "Prendre le dossier")
				}
				seen, err := s.conn.Find(t.Context(), []bridge.Write{w})
				if r.Err != nil || !done || err != nil || !seen[0].Present || strings.Count(now.Fields[description], "[passerelle ") != 1 {
					t.Errorf("%s: %+v, the CRM holds %v; found %+v, %v", kind, r, now.Fields, seen, err)
				}
			}
		})
	}
}
