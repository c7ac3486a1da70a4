package dolibarr

import (
	"testing"
	"time"

	"passerelle/connectors/dolibarr/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

var withTwoExtras = connector.FieldMap{"prospect.x_contract_end": "options_contract_end", "prospect.comment": "note_private"}

// Before 22 a change of one extra field may empty the others: they are somebody's.
func TestOtherExtraFieldsStay(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"18.0.5", "19.0.4", "20.0.3", "21.0.1", "22.0.4"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			o := openToVersion(t, version, "whole_records: true\n", withTwoExtras)
			o.crm.AddExtraField("societe", "origin", "varchar")
			o.crm.AddExtraField("societe", "seen_on", "datetime")
			o.crm.AddExtraField("actioncomm", "room", "varchar")
			o.crm.Edit(o.id, "options_origin", "salon")
			o.crm.Edit(o.id, "options_seen_on", "1770000000")
			for _, w := range []bridge.Write{
				fieldWrite("prospect.x_contract_end", "2026-12-31", ""),
				fieldWrite("prospect.x_contract_end", "bientôt", "2026-12-31"), // refused, and taken back
			} {
				o.do(t, w)
			}
			got := o.crm.Party(o.id)
			if got["options_origin"] != "salon" || got["options_seen_on"] != "1770000000" || got["options_contract_end"] != "1798671600" {
				t.Errorf("the record holds %q, %q and %q", got["options_origin"], got["options_seen_on"], got["options_contract_end"])
			}
			o.roomStays(t)
		})
	}
}

// roomStays logs a call and amends it, somebody having written into an extra
// field of the event in between.
func (o opened) roomStays(t *testing.T) {
	t.Helper()
	call := bridge.Write{Kind: bridge.WriteActivity, Operation: "OP-CALL", Call: &bridge.CallLog{At: time.Unix(1770000000, 0), Disposition: "callback"}}
	if r := o.do(t, call); r.Err != nil {
		t.Fatal(r.Err)
	}
	event := o.crm.Events()[0]
	o.crm.EditEvent(event.ID, func(e *fake.Event) { e.Options["options_room"] = "B12" })
	amended := bridge.Write{Kind: bridge.WriteActivity, Operation: "OP-AMEND", Call: &bridge.CallLog{At: time.Unix(1770000000, 0), Disposition: "not_interested", Revises: "OP-CALL"}}
	if r := o.do(t, amended); r.Err != nil {
		t.Fatal(r.Err)
	}
	want := map[string]string{"options_room": "B12", "options_passerelle_id": "OP-CALL", "options_passerelle_changes": "OP-CALL OP-AMEND"}
	for name, value := range want {
		if got := o.crm.Events()[0].Options[name]; got != value {
			t.Errorf("the event's %s is %q", name, got)
		}
	}
}

// What would come back bent is not sent back, so nothing else is written either.
func TestAnExtraFieldThatWouldBeBentStopsTheChange(t *testing.T) {
	t.Parallel()
	const rich = `<p>Dit "oui"</p>`
	for version, refused := range map[string]bool{"20.0.3": true, "22.0.4": false} {
		o := openToVersion(t, version, "", withTwoExtras)
		o.crm.AddExtraField("societe", "story", "html")
		o.crm.Edit(o.id, "options_story", rich)
		r := o.do(t, fieldWrite("prospect.x_contract_end", "2026-12-31", ""))
		if refused {
			rejected(t, r, "options_story")
		} else if r.Err != nil {
			t.Errorf("%s: %v", version, r.Err)
		}
		if got := o.crm.Party(o.id); got["options_story"] != rich || (got["options_contract_end"] != "") == refused {
			t.Errorf("%s: the record holds %q and %q", version, got["options_story"], got["options_contract_end"])
		}
		if r := o.do(t, fieldWrite("prospect.comment", "vu", "rien")); r.Err != nil {
			t.Errorf("%s: %v", version, r.Err)
		}
	}
}
