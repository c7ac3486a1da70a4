package dolibarr

import (
	"slices"
	"testing"
	"time"

	"passerelle/connectors/dolibarr/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// An appointment whose third party the key may not see any more is in no list:
// it is read by its id, and gone only if that says so.
func TestAnAppointmentInNoListIsReadByItsID(t *testing.T) {
	t.Parallel()
	slot := bridge.Slot{UTC: time.Unix(1795435200, 0), Minutes: 60}
	for name, tc := range map[string]struct {
		lost []string // rights of the key's user
		drop bool
		want connector.Held
	}{
		"another's third party": {[]string{"societe.client.voir"}, false, connector.Held{Present: true}},
		"another's event too":   {[]string{"societe.client.voir", "agenda.allactions.read"}, false, connector.Held{Unseen: true}},
		"deleted":               {[]string{"societe.client.voir"}, true, connector.Held{}},
	} {
		o := openTo(t, "", fields)
		m := bridge.Meeting{ID: "m-1", CRMUser: "3", Subject: "Démo", Slot: slot}
		made := o.do(t, bridge.Write{Kind: bridge.WriteMeeting, Meeting: &m})
		if made.Err != nil {
			t.Fatal(made.Err)
		}
		m.ExternalID = made.ExternalID
		o.crm.ChangeUser(2, func(u *fake.User) {
			u.Rights = slices.DeleteFunc(slices.Clone(u.Rights), func(r string) bool { return slices.Contains(tc.lost, r) })
		})
		if tc.drop {
			o.crm.DeleteEvent(asInt(made.ExternalID))
		}
		held, err := o.Appointments(t.Context(), []bridge.Meeting{m})
		if err != nil || held[0].Present != tc.want.Present || held[0].Unseen != tc.want.Unseen || held[0].Present && !held[0].Slot.UTC.Equal(slot.UTC) {
			t.Errorf("%s: %+v, %v", name, held, err)
		}
	}
}
