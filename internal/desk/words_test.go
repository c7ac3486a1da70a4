package desk

import (
	"strings"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
)

func TestAReasonIsDiscreet(t *testing.T) {
	t.Parallel()
	entry := outbox.Entry{
		Write:    bridge.Write{Fields: []bridge.FieldChange{{Name: "prospect.x_balance", Value: "4200", Expected: "hot"}}, Meeting: &bridge.Meeting{Place: "12 rue Haute"}},
		Conflict: []connector.Conflict{{Field: "prospect.x_balance", Found: "900"}},
	}
	veiled := entry
	veiled.Write.Fields = []bridge.FieldChange{{Name: "prospect.x_balance"}}
	veiled.Write.Meeting = &bridge.Meeting{}
	veiled.Conflict = []connector.Conflict{{Field: "prospect.x_balance"}}
	for reason, want := range map[string]string{
		"": "",
		"rest: write fields: status 422: bad_value: field balance: cold follows hot": "rest: write fields: status 422: bad_value: …",
		"rest: write fields: status 409: being edited":                               "rest: write fields: status 409: …",
		"sheet: row 7 holds 900, not hot hot":                                        "sheet: row 7 holds …, not … …",
		"the hotel at 12 RUE haute refuses 4200":                                     "the hotel at … refuses …",
		"the CRM holds another value of prospect.x_balance":                          "the CRM holds another value of prospect.x_balance",
	} {
		if got := discreet(reason, secrets(entry, veiled)); got != want {
			t.Errorf("%q became %q, want %q", reason, got, want)
		}
	}
	if hidden := secrets(entry, entry); len(hidden) > 0 {
		t.Errorf("who may read all is hidden %v", hidden)
	}
}

// Who may not read all of a write does not read it in the CRM's words either.
func TestWhoReadsTheCRMsWords(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "in_discussion"}, h.Lead.ID)
	const words = "crm: write: status 422: bad: in discussion is no status of ours"
	e := f.refuse(bridge.WriteFields, words)[0]
	for who, whole := range map[bridge.PersonID]bool{"sam": true, "": false} {
		actor := bridge.Actor{Operator: true}
		if who != "" {
			actor = as(who)
		}
		got, err := f.desk.Write(actor, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Reason != words && whole || strings.Contains(got.Reason, "discussion") != whole || !strings.Contains(got.Reason, "status 422: bad") {
			t.Errorf("%q reads %q", who, got.Reason)
		}
	}
}
