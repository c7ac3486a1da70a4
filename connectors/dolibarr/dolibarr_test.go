package dolibarr

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"passerelle/connectors/dolibarr/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/strict"
)

// opened is a connection to a fake, with one prospect of a category.
type opened struct {
	*conn
	crm      *fake.Server
	id       int
	category int
}

func openTo(t *testing.T, more string, names connector.FieldMap) opened {
	t.Helper()
	return openToVersion(t, "", more, names)
}

func openToVersion(t *testing.T, version, more string, names connector.FieldMap) opened {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	crm, category := newCRM(fake.Options{Zone: paris, Version: version})
	crm.AddExtraField("societe", "contract_end", "date")
	server := httptest.NewServer(crm)
	t.Cleanup(server.Close)
	catalog, err := bridge.Standard().With(bridge.FieldDef{Name: "prospect.x_contract_end", Type: bridge.Date})
	if err != nil {
		t.Fatal(err)
	}
	c, err := open(t.Context(), connector.Env{
		Name: "crm.doli", Fields: names, Catalog: catalog, Zone: paris, Now: time.Now,
		HTTP: httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second}),
		Decode: func(into any) error {
			node, err := strict.Parse("settings.yaml", []byte(goodSettings(server.URL)+more))
			if err != nil {
				return err
			}
			return node.Decode(into)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := crm.AddParty(map[string]string{"name": "Boulangerie Nord", "note_private": "rien", "town": "Lille"}, category)
	return opened{c.(*conn), crm, id, category}
}

func (o opened) do(t *testing.T, w bridge.Write) connector.Receipt {
	t.Helper()
	w.Prospect = bridge.Ref{Connection: "crm.doli", Object: bridge.ProspectObj, ID: strconv.Itoa(o.id)}
	if w.Operation == "" {
		w.Operation = bridge.OperationID("OP-" + strings.ToUpper(string(w.Kind)))
	}
	return o.Apply(t.Context(), []bridge.Write{w})[0]
}

func fieldWrite(name bridge.FieldName, value, expected bridge.Value) bridge.Write {
	return bridge.Write{Kind: bridge.WriteFields, Fields: []bridge.FieldChange{{Name: name, Value: value, Expected: expected}}}
}

func rejected(t *testing.T, r connector.Receipt, words string) {
	t.Helper()
	if r.State != connector.Failed || fault.Of(r.Err).Kind != fault.Rejected || !strings.Contains(r.Err.Error(), words) {
		t.Errorf("want it rejected with %q, got %+v", words, r)
	}
}

func TestAStatusThatTheDictionaryLacksIsTakenBack(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	o.Statuses["77"] = []string{"closed"}
	rejected(t, o.do(t, fieldWrite(bridge.FieldStatus, "closed", "new")), "lacks id 77")
	if got := o.crm.Party(o.id)[propStatus]; got != "0" {
		t.Errorf("the record is left with status %s", got)
	}
	if r := o.do(t, fieldWrite(bridge.FieldStatus, "attempted", "new")); r.Err != nil {
		t.Error(r.Err)
	}
	before := len(o.crm.Requests())
	o.crm.Edit(o.id, propStatus, "0")
	if r := o.do(t, fieldWrite(bridge.FieldStatus, "callback", "new")); r.Err != nil || len(o.crm.Requests())-before != 2 {
		t.Errorf("a status that was proved is proved again: %v, %v", r.Err, o.crm.Requests()[before:])
	}
}

func TestDoNotContactIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	o.crm.Edit(o.id, propStatus, notToContact)
	for _, expected := range []bridge.Value{"do_not_call", "new"} {
		r := o.do(t, fieldWrite(bridge.FieldStatus, "attempted", expected))
		if len(r.Conflicts) != 1 || r.Conflicts[0].Found != "do_not_call" {
			t.Errorf("expecting %s: %+v", expected, r)
		}
	}
	r := o.do(t, fieldWrite(bridge.FieldDoNotCall, "false", "true"))
	if len(r.Conflicts) != 1 {
		t.Errorf("taking an opposition back: %+v", r)
	}
	if got := o.crm.Party(o.id)[propStatus]; got != notToContact {
		t.Errorf("the opposition became %s", got)
	}
}

// A write that changes nothing would add an event to the agenda all the same.
func TestNothingIsSentWithoutADifference(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	before := o.crm.Automatic()
	for _, w := range []bridge.Write{
		fieldWrite("prospect.comment", "rien", "autre"),
		fieldWrite(bridge.FieldProspectName, "Boulangerie  Nord", "x"), // as Dolibarr would write it
		fieldWrite(bridge.FieldStatus, "new", "attempted"),
	} {
		if r := o.do(t, w); r.Err != nil || r.State != connector.Stored || len(r.Conflicts) > 0 {
			t.Errorf("%+v", r)
		}
	}
	if n := o.crm.Automatic() - before; n != 0 {
		t.Errorf("%d automatic events", n)
	}
}

func TestAHiddenRecordIsToldAndItsCallsAreLogged(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	o.crm.Edit(o.id, propStatus, "77")
	rejected(t, o.do(t, fieldWrite("prospect.comment", "vu", "rien")), "in none of Dolibarr's lists")
	if r := o.do(t, bridge.Write{Kind: bridge.WriteActivity, Call: &bridge.CallLog{At: time.Now()}}); r.Err != nil {
		t.Error(r.Err)
	}
	if r := o.do(t, bridge.Write{Kind: bridge.WriteOpposition}); r.Err != nil || o.crm.Party(o.id)[propStatus] != notToContact {
		t.Errorf("%+v", r)
	}
}

// Dolibarr itself takes an event for a third party that it does not have.
func TestNothingIsMadeForARecordThatIsGone(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	o.crm.Delete(o.id)
	for _, w := range []bridge.Write{
		{Kind: bridge.WriteActivity, Call: &bridge.CallLog{At: time.Now()}},
		{Kind: bridge.WriteMeeting, Meeting: &bridge.Meeting{ID: "m-1", CRMUser: "3", Slot: bridge.Slot{UTC: time.Unix(1795435200, 0), Minutes: 30}}},
		{Kind: bridge.WriteOpposition},
		fieldWrite("prospect.comment", "vu", "rien"),
	} {
		r := o.do(t, w)
		rejected(t, r, "no third party under this id")
		if !fault.Of(r.Err).NoRecord {
			t.Errorf("%s: not told that the record is gone: %+v", w.Kind, fault.Of(r.Err))
		}
	}
	if events := o.crm.Events(); len(events) > 0 {
		t.Errorf("made for nobody: %+v", events)
	}
}

func TestWhoseAnEventIs(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	call := func(user string) connector.Receipt {
		return o.do(t, bridge.Write{Kind: bridge.WriteActivity, CRMUser: user, Operation: bridge.OperationID("OP" + user), Call: &bridge.CallLog{At: time.Unix(1795348800, 0), TalkS: 60}})
	}
	for _, user := range []string{"3", "4", ""} {
		if r := call(user); r.Err != nil {
			t.Errorf("%q: %v", user, r.Err)
		}
	}
	var owners []int
	for _, e := range o.crm.Events() {
		owners = append(owners, e.Owner)
		if e.Start != 1795348800 || e.End != 1795348860 || e.Percentage != 100 || e.Type != "AC_TEL" {
			t.Errorf("event %+v", e)
		}
	}
	if len(owners) != 3 || owners[0] != 3 || owners[1] != 4 || owners[2] != 2 {
		t.Errorf("owners %v", owners)
	}
	rejected(t, call("u-alice"), "not the login")
	rejected(t, call("999"), "no user of this id")
	rejected(t, call("4) or (1"), "no id of Dolibarr")
	gone := o.crm.AddUser(fake.User{Login: "u-carol", Disabled: true})
	rejected(t, call(strconv.Itoa(gone)), "switched off")
	rejected(t, o.do(t, bridge.Write{Kind: bridge.WriteMeeting, Meeting: &bridge.Meeting{ID: "m-1"}}), "the salesperson has no user")
}

func TestAnAppointmentChangesHands(t *testing.T) {
	t.Parallel()
	o := openTo(t, "appointment: {cancel: mark}\n", fields)
	m := &bridge.Meeting{ID: "m-1", CRMUser: "3", Subject: `Démo "deux"`, Slot: bridge.Slot{UTC: time.Unix(1795435200, 0), Minutes: 60}}
	made := o.do(t, bridge.Write{Kind: bridge.WriteMeeting, Meeting: m})
	if made.Err != nil {
		t.Fatal(made.Err)
	}
	next := *m
	next.CRMUser, next.Slot = "4", bridge.Slot{UTC: time.Unix(1795521600, 0), Minutes: 30}
	if r := o.do(t, bridge.Write{Kind: bridge.WriteMove, Meeting: &next}); r.Err != nil || r.ExternalID != made.ExternalID {
		t.Fatalf("%+v", r)
	}
	if e := o.crm.Events()[0]; e.Owner != 4 || e.Start != 1795521600 || e.End != 1795523400 || e.Label != "Démo ”deux”" {
		t.Errorf("%+v", e)
	}
	for range 2 {
		if r := o.do(t, bridge.Write{Kind: bridge.WriteCancel, Meeting: &next, Motive: "client absent"}); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if e := o.crm.Events()[0]; e.Label != "Annulé : Démo ”deux”" || e.Percentage != 100 || e.Note != "client absent" || e.Owner != 4 {
		t.Errorf("%+v", e)
	}
}

// Dolibarr closes up spaces: of a label that is nothing but our mark, the end goes.
func TestAnAppointmentWithoutASubjectIsCancelled(t *testing.T) {
	t.Parallel()
	o := openTo(t, "appointment: {cancel: mark}\n", fields)
	m := bridge.Meeting{ID: "m-1", CRMUser: "3", Slot: bridge.Slot{UTC: time.Unix(1795435200, 0), Minutes: 60}}
	if r := o.do(t, bridge.Write{Kind: bridge.WriteMeeting, Meeting: &m}); r.Err != nil {
		t.Fatal(r.Err)
	}
	for _, op := range []bridge.OperationID{"OP-A", "OP-B"} {
		if r := o.do(t, bridge.Write{Kind: bridge.WriteCancel, Operation: op, Meeting: &m}); r.Err != nil {
			t.Fatal(r.Err)
		}
		held, err := o.Appointments(t.Context(), []bridge.Meeting{m})
		if err != nil || !held[0].Present || !held[0].Cancelled {
			t.Errorf("%s: it shows as %+v, %v", op, held, err)
		}
	}
	if busy, err := o.Busy(t.Context(), "3", m.Slot.UTC, m.Slot.UTC.Add(time.Hour)); err != nil || len(busy) > 0 {
		t.Errorf("it takes time: %v, %v", busy, err)
	}
	if e := o.crm.Events()[0]; e.Label != "Annulé :" {
		t.Errorf("labelled %q", e.Label)
	}
}

// Seen on a running 22.0.4 in Europe/Paris: 02:30 in summer time comes back as
// 02:30 in winter time.
func TestTheHourThatComesTwiceIsRefused(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	first := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	for at, fits := range map[time.Time]bool{
		first: false, first.Add(time.Hour): false, first.Add(-45 * time.Minute): false, first.Add(-75 * time.Minute): true, first.Add(90 * time.Minute): true,
	} {
		m := &bridge.Meeting{ID: fmt.Sprint("m-", at.Unix()), CRMUser: "3", Slot: bridge.Slot{UTC: at, Minutes: 30}}
		r := o.do(t, bridge.Write{Kind: bridge.WriteMeeting, Operation: bridge.OperationID(m.ID), Meeting: m})
		switch {
		case !fits:
			rejected(t, r, "shows twice")
		case r.Err != nil:
			t.Errorf("%v: %v", at, r.Err)
		default:
			if held, err := o.Appointments(t.Context(), []bridge.Meeting{*m}); err != nil || !held[0].Slot.UTC.Equal(at) {
				t.Errorf("%v comes back as %+v, %v", at, held, err)
			}
		}
	}
}

func TestExtraFields(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", connector.FieldMap{"prospect.x_contract_end": "options_contract_end"})
	if r := o.do(t, fieldWrite("prospect.x_contract_end", "2026-12-31", "")); r.Err != nil || len(r.Conflicts) > 0 {
		t.Fatalf("%+v", r)
	}
	page, err := o.Pull(t.Context(), connector.PullRequest{Fields: []bridge.FieldName{"prospect.x_contract_end"}})
	if err != nil || page.Prospects[0].Fields["prospect.x_contract_end"] != "2026-12-31" {
		t.Errorf("%+v, %v", page.Prospects, err)
	}
	rejected(t, o.do(t, fieldWrite("prospect.x_contract_end", "bientôt", "2026-12-31")), "does not hold the value")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		do    func(o opened)
		words string
	}{
		"good":           {func(opened) {}, ""},
		"zone":           {func(o opened) { o.env.Zone, o.conn.env.Zone = time.UTC, time.UTC }, "not in the connection's zone"},
		"no extra field": {func(o opened) { o.conn.Events.ID = "nowhere" }, "no such extra field"},
		"no right":       {func(o opened) { o.crm.ChangeUser(2, func(u *fake.User) { u.Rights = bridgeRights[:1] }) }, "status 403"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openTo(t, "", fields)
			tc.do(o)
			err := o.Check(context.Background())
			if tc.words == "" && err != nil || tc.words != "" && (err == nil || !strings.Contains(err.Error(), tc.words)) {
				t.Errorf("got %v, want %q", err, tc.words)
			}
		})
	}
}

// A version whose lists show everything is read only if the settings say so.
func TestAVersionThatSendsWholeRecords(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		version, more, words string
	}{
		{"22.0.4", "", ""}, {"19.0.0-beta", "", ""}, {"18.0.5", "whole_records: true\n", ""},
		{"18.0.5", "", "whole_records"}, {"17.0.4", "whole_records: true\n", "no Dolibarr from 18 to 22"}, {"unknown", "", "no Dolibarr from 18 to 22"},
	} {
		o := openToVersion(t, tc.version, tc.more, fields)
		err := o.Check(t.Context())
		if tc.words == "" && err != nil || tc.words != "" && (err == nil || !strings.Contains(err.Error(), tc.words)) {
			t.Errorf("%s %q: %v", tc.version, tc.more, err)
		}
		_, err = o.Pull(t.Context(), connector.PullRequest{Fields: []bridge.FieldName{bridge.FieldPhone}})
		if refused := tc.words == "whole_records"; refused != (err != nil) && tc.version != "17.0.4" && tc.version != "unknown" {
			t.Errorf("%s %q: pull %v", tc.version, tc.more, err)
		}
		for _, name := range o.crm.Asked() {
			if tc.words == "whole_records" && name != "id" && name != "date_modification" {
				t.Errorf("%s was asked for %s all the same", tc.version, name)
			}
		}
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	r, err := o.Rights(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	p := r.Objects[objectParties]
	if r.Admin || p.Read != connector.Yes || p.Write != connector.Yes || p.Delete != connector.No || p.OwnOnly || p.Fields != nil {
		t.Errorf("%+v", r)
	}
	o.crm.ChangeUser(3, func(u *fake.User) { u.Rights = []string{"societe.lire", "agenda.myactions.read"} })
	r, err = o.Rights(t.Context(), "3")
	if p := r.Objects[objectParties]; err != nil || !p.OwnOnly || p.Write != connector.No || !r.Objects[objectEvents].OwnOnly {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err = o.Rights(t.Context(), "1"); err != nil || !r.Admin {
		t.Errorf("%+v, %v", r, err)
	}
}

// Somebody who may not read users is still told apart from a broken account.
func TestCatalogueSaysWhatItIsNotTold(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	o.crm.ChangeUser(2, func(u *fake.User) {
		u.Rights = []string{"societe.lire", "societe.client.voir", "agenda.myactions.read", "agenda.allactions.read"}
	})
	c, err := o.Catalogue(t.Context())
	silent := strings.Join(c.Silent, "\n")
	if err != nil || c.Users || c.Key.ID != "" || !strings.Contains(silent, "whom the key belongs to") || !strings.Contains(silent, "people:") || !strings.Contains(silent, "representatives") {
		t.Errorf("%v, %+v", err, c.Silent)
	}
}

func TestMappingsThatDolibarrWouldIgnore(t *testing.T) {
	t.Parallel()
	for vendor, words := range map[string]string{
		"nom": "is no property", "representatives": "404", "commercial_id": "never shown", "siren": "idprof1", "options_Bad": "is no property", "contract_end": "is no property",
	} {
		_, err := open(t.Context(), connector.Env{
			Fields: connector.FieldMap{"prospect.comment": vendor}, Catalog: bridge.Standard(),
			Decode: func(into any) error {
				node, err := strict.Parse("settings.yaml", []byte(goodSettings("https://crm.example")))
				if err != nil {
					return err
				}
				return node.Decode(into)
			},
		})
		if err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "prospect.comment") {
			t.Errorf("%s: %v", vendor, err)
		}
	}
}
