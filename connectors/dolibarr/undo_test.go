package dolibarr

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

var withContract = connector.FieldMap{
	"prospect.comment": "note_private", bridge.FieldStatus: "stcomm_id", "prospect.x_contract_end": "options_contract_end",
}

// also adds a field to a write.
func also(w bridge.Write, name bridge.FieldName, value, expected bridge.Value) bridge.Write {
	w.Fields = append(w.Fields, bridge.FieldChange{Name: name, Value: value, Expected: expected})
	return w
}

func TestNothingOfARefusedWriteStays(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", withContract)
	o.Statuses["77"] = []string{"closed"}
	if r := o.do(t, fieldWrite("prospect.x_contract_end", "2026-12-31", "")); r.Err != nil {
		t.Fatal(r.Err)
	}
	o.crm.Edit(o.id, "note_private", `rien & "rien" < tout`)
	before := o.crm.Party(o.id)
	first := fieldWrite("prospect.comment", "vu", `rien & "rien" < tout`)
	for name, tc := range map[string]struct {
		w     bridge.Write
		words string
	}{
		"a date that is none":        {also(first, "prospect.x_contract_end", "bientôt", "2026-12-31"), "does not hold the value"},
		"a status that is not there": {also(also(first, bridge.FieldStatus, "closed", "new"), "prospect.x_contract_end", "2027-01-31", "2026-12-31"), "lacks id 77"},
	} {
		r := o.do(t, tc.w)
		rejected(t, r, tc.words)
		rejected(t, r, "the record is as it was before")
		if d := cmp.Diff(before, o.crm.Party(o.id)); d != "" {
			t.Errorf("%s: left otherwise than it was:\n%s", name, d)
		}
	}
}

// secondPut loses the second change that is sent.
type secondPut struct {
	through http.RoundTripper
	seen    int
}

func (s *secondPut) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		if s.seen++; s.seen == 2 {
			return nil, errors.New("the line is cut")
		}
	}
	return s.through.RoundTrip(r)
}

func TestWhatCannotBeTakenBackIsTold(t *testing.T) {
	t.Parallel()
	cut := func(o opened) {
		client := *o.env.HTTP
		client.Transport = &secondPut{through: client.Transport}
		o.conn.env.HTTP = &client
	}
	o := openTo(t, "", withContract)
	cut(o)
	rejected(t, o.do(t, also(fieldWrite("prospect.comment", "vu", "rien"), "prospect.x_contract_end", "bientôt", "")), "could not be taken back")

	o = openTo(t, "", withContract)
	o.Statuses["77"] = []string{"closed"}
	cut(o)
	hides := fieldWrite(bridge.FieldStatus, "closed", "new")
	if f := fault.Of(o.do(t, hides).Err); f == nil || f.Kind != fault.Unavailable || !f.MayHaveApplied {
		t.Errorf("a record left hidden: %v", f)
	}
	r := o.do(t, hides)
	rejected(t, r, "lacks id 77")
	if got := o.crm.Party(o.id)[propStatus]; got != "0" || !strings.Contains(r.Err.Error(), "it is as it was before") {
		t.Errorf("the second try leaves status %s: %v", got, r.Err)
	}
}

// What was written beside the status that hides goes with it, what somebody has
// written since stays.
func TestTheSecondTryTakesAllOfItBack(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", withContract)
	o.Statuses["77"] = []string{"closed"}
	client := *o.env.HTTP
	client.Transport = &secondPut{through: client.Transport}
	o.conn.env.HTTP = &client
	hides := also(also(fieldWrite(bridge.FieldStatus, "closed", "new"), "prospect.comment", "vu", "rien"), "prospect.x_contract_end", "2027-01-31", "")
	if r := o.do(t, hides); r.Err == nil {
		t.Fatal("the first try was to be cut off")
	}
	o.crm.Edit(o.id, "options_contract_end", "1798671600")
	rejected(t, o.do(t, hides), "lacks id 77")
	got := o.crm.Party(o.id)
	if got[propStatus] != "0" || got["note_private"] != "rien" || got["options_contract_end"] != "1798671600" {
		t.Errorf("left with status %s, comment %q and %q", got[propStatus], got["note_private"], got["options_contract_end"])
	}
}

// A record that somebody else has hidden is theirs.
func TestAnotherWriteDoesNotUncover(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", withContract)
	o.crm.Edit(o.id, propStatus, "77")
	for _, w := range []bridge.Write{fieldWrite(bridge.FieldStatus, "attempted", "new"), fieldWrite("prospect.comment", "vu", "rien")} {
		rejected(t, o.do(t, w), "in none of Dolibarr's lists")
	}
	if got := o.crm.Party(o.id)[propStatus]; got != "77" {
		t.Errorf("the status became %s", got)
	}
}
