package vtiger

import (
	"strings"
	"testing"

	"passerelle/connectors/vtiger/fake"
	"passerelle/internal/fault"
)

// A person is known by the id that the CRM shows as a record's owner: written
// in another way, what it holds would seem nobody's.
func TestPeopleAreKnownByTheirID(t *testing.T) {
	t.Parallel()
	for known, good := range map[string]bool{"19x6": true, "6": false, "u-bob": false, "19x": false} {
		s := newSite(t, fake.Options{}, "passerelle", "")
		r := s.apply(t, meeting(s.lead(1, nil), "meeting-1", known))
		events := s.All("Events")
		if good {
			if r.Err != nil || len(events) != 1 || events[0].Fields["assigned_user_id"] != known {
				t.Errorf("%s: %+v, %v", known, r, events)
			}
			continue
		}
		if r.Err == nil || fault.Of(r.Err).Kind != fault.Rejected || !strings.Contains(r.Err.Error(), "like 19x6") || strings.Contains(r.Err.Error(), "u-bob") || len(events) > 0 {
			t.Errorf("%s: %+v, %d events", known, r, len(events))
		}
	}
}
