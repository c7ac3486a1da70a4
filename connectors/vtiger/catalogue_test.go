package vtiger

import (
	"slices"
	"testing"

	"passerelle/connectors/vtiger/fake"
)

// A name that several modules have means the prospects' own field, and of two
// modules of prospects that which the settings name first.
func TestMappedFieldsAreTheProspects(t *testing.T) {
	t.Parallel()
	for want, prospects := range map[string]string{"Accounts": "[Accounts]", "Leads": "[Leads, Contacts]", "Contacts": "[Contacts, Leads]", "Potentials": "[Potentials]"} {
		s := newSite(t, fake.Options{}, "passerelle", "prospects: "+prospects)
		c, err := s.conn.Catalogue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if o, _, ok := c.Field("assigned_user_id"); !ok || o.Name != want {
			t.Errorf("prospects %s: the owner is of %q", prospects, o.Name)
		}
		names := make([]string, len(c.Objects))
		for i, o := range c.Objects {
			names[i] = o.Name
		}
		if slices.Sort(names); len(slices.Compact(names)) != len(c.Objects) || !slices.Contains(names, "Events") {
			t.Errorf("prospects %s: the catalogue is of %v", prospects, names)
		}
	}
}
