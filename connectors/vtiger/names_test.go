package vtiger

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/connectors/vtiger/fake"
	"passerelle/internal/connector"
)

// Every name of the CRM's that the settings hold can be looked up there: what
// the translated outcomes and the opposition name, too.
func TestNamesOfTheSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, fake.Options{}, "passerelle", `prospects: [Leads, Accounts]
aliases: {Accounts: {leadstatus: rating}}
call: {disposition: cf_953, dispositions: {appointment_set: RDV, "*": Autre}}
opposition: {field: leadstatus, value: Junk Lead}`)
	got := slices.DeleteFunc(s.conn.Names(), func(n connector.Named) bool {
		return !strings.HasPrefix(n.Setting, "opposition") && !strings.HasPrefix(n.Setting, "call.disposition")
	})
	want := []connector.Named{
		{Setting: "call.disposition", Object: "Events", Field: "cf_953"},
		{Setting: "call.dispositions.*", Object: "Events", Field: "cf_953", Value: "Autre"},
		{Setting: "call.dispositions.appointment_set", Object: "Events", Field: "cf_953", Value: "RDV"},
		{Setting: "opposition", Object: "Leads", Field: "leadstatus", Value: "Junk Lead"},
		{Setting: "opposition", Object: "Accounts", Field: "rating", Value: "Junk Lead"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
