package dolibarr

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/connectors/dolibarr/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/contract"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

var fields = connector.FieldMap{
	bridge.FieldProspectName: "name", "prospect.comment": "note_private", bridge.FieldPhone: "phone",
	bridge.FieldStatus: "stcomm_id", bridge.FieldDoNotCall: "do_not_contact",
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, cancel := range []string{cancelDelete, cancelMark} {
		t.Run(cancel, func(t *testing.T) {
			t.Parallel()
			contract.Run(t, contract.Harness{
				Descriptor: Descriptor(),
				World: func(t *testing.T) *contract.World {
					_, w := newWorld(t)
					settings := w.Settings
					w.Settings = func(url string) string { return settings(url) + "appointment: {cancel: " + cancel + "}\n" }
					return w
				},
				Bad:     badSettings(),
				Alters:  []string{"emoji"},
				Answers: answers(),
			})
		})
	}
}

// An older version tells less: no totals, 401 for a missing right, and everything
// that it has of a record.
func TestContractOfAnOldOne(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Harness{
		Descriptor: Descriptor(),
		World: func(t *testing.T) *contract.World {
			_, w := newWorldOf(t, "18.0.5")
			settings := w.Settings
			w.Settings = func(url string) string { return settings(url) + "whole_records: true\n" }
			w.CRM.Asked = nil
			return w
		},
		Alters: []string{"emoji"},
	})
}

const (
	holder    = "Jeanne Canari"
	bridgeKey = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
)

// bridgeRights are what README.md says that the key's user needs.
var bridgeRights = []string{
	"societe.lire", "societe.creer", "societe.client.voir", "categorie.lire", "user.user.lire",
	"agenda.myactions.read", "agenda.myactions.create", "agenda.myactions.delete",
	"agenda.allactions.read", "agenda.allactions.create", "agenda.allactions.delete",
}

// newCRM is a Dolibarr with the users and extra fields that the bridge needs,
// and an empty category.
func newCRM(o fake.Options) (crm *fake.Server, category int) {
	crm = fake.New(o)
	crm.AddUser(fake.User{Login: "bridge", Key: bridgeKey, Last: "Bridge", Rights: bridgeRights})
	crm.AddUser(fake.User{Login: "u-alice", First: "Alice", Last: "Martin"})
	crm.AddUser(fake.User{Login: "u-bob", First: "Bob", Last: "Durand"})
	crm.AddExtraField("actioncomm", "passerelle_id", "varchar")
	crm.AddExtraField("actioncomm", "passerelle_changes", "text")
	return crm, crm.AddCategory("Printemps")
}

func goodSettings(url string) string {
	return fmt.Sprintf("base: %s\nkey: %s\nuser: 2\nstatuses: {-1: [do_not_call], 0: [new], 1: [to_contact], 2: [attempted, callback], 3: [qualified, not_interested]}\n", url, bridgeKey)
}

func newWorld(t *testing.T) (*fake.Server, *contract.World) { return newWorldOf(t, "") }

func newWorldOf(t *testing.T, version string) (*fake.Server, *contract.World) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	var ahead atomic.Int64
	crm, category := newCRM(fake.Options{Version: version, Zone: paris, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	w := &contract.World{
		Later:    func(d time.Duration) { ahead.Add(int64(d)) },
		Server:   crm,
		Client:   httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second}),
		Settings: goodSettings,
		Zone:     paris,
		Fields:   fields,
		Secrets:  []string{bridgeKey},
		Personal: []string{holder, "0612345678"},
		CRM:      &contract.CRM{Selection: strconv.Itoa(category), Texts: []bridge.FieldName{"prospect.comment", bridge.FieldProspectName}},
	}
	for range 7 {
		id := crm.AddParty(map[string]string{"name": holder, "phone": "0612345678", "note_private": "rien"}, category)
		w.CRM.Prospects = append(w.CRM.Prospects, strconv.Itoa(id))
	}
	crm.AddParty(map[string]string{"name": "not in the selection"})
	look(w.CRM, crm)
	w.CRM.Users = []string{"3", "4"}
	w.CRM.Screen = screen(crm, category)
	return crm, w
}

func asInt(id string) int {
	n, _ := strconv.Atoi(id)
	return n
}

// screen is what people do there.
func screen(crm *fake.Server, category int) contract.Screen {
	ours := func(meeting string) int {
		for _, e := range crm.Events() {
			if e.Options["options_passerelle_id"] == meeting {
				return e.ID
			}
		}
		return 0
	}
	return contract.Screen{
		Add: func() string {
			return strconv.Itoa(crm.AddParty(map[string]string{"name": holder, "phone": "0612345678", "note_private": "rien"}, category))
		},
		Delete:   func(id string) { crm.Delete(asInt(id)) },
		Withdraw: func(id string) { crm.Leave(asInt(id), category) },
		Oppose:   func(id string) { crm.Edit(asInt(id), "stcomm_id", notToContact) },
		Retire:   func(user string) { crm.ChangeUser(asInt(user), func(u *fake.User) { u.Disabled = true }) },
		Occupy: func(user string, from, to time.Time) string {
			return strconv.Itoa(crm.AddEvent(fake.Event{Owner: asInt(user), Type: "AC_RDV", Label: "Salon", Start: from.Unix(), End: to.Unix()}))
		},
		Move: func(meeting string, to time.Time) {
			crm.EditEvent(ours(meeting), func(e *fake.Event) { e.Start, e.End = to.Unix(), to.Unix()+e.End-e.Start })
		},
		Cancel: func(meeting string) {
			crm.EditEvent(ours(meeting), func(e *fake.Event) { e.Label = cancelled + " " + e.Label })
		},
		Drop: func(meeting string) { crm.DeleteEvent(ours(meeting)) },
		Hide: func(meeting string) {
			crm.EditEvent(ours(meeting), func(e *fake.Event) { delete(e.Options, "options_passerelle_id") })
		},
		Retouch: func(meeting, text string) func() map[string]string {
			id := ours(meeting)
			crm.EditEvent(id, func(e *fake.Event) {
				e.Type, e.Label, e.Place, e.Note, e.Percentage = "AC_INT", text, text, text, 100
			})
			return func() map[string]string {
				at := slices.IndexFunc(crm.Events(), func(e fake.Event) bool { return e.ID == id })
				e := crm.Events()[at]
				return map[string]string{"type": e.Type, "label": e.Label, "location": e.Place, "note": e.Note, "percentage": strconv.Itoa(e.Percentage)}
			}
		},
		Give: func(meeting, user string) {
			crm.EditEvent(ours(meeting), func(e *fake.Event) { e.Owner = asInt(user) })
		},
	}
}

// answers are Dolibarr's own ways to say no, in its words.
func answers() []contract.Answer {
	said := func(code int, message, detail string) string {
		return fmt.Sprintf(`{"error":{"code":%d,"message":%q,"0":%q},"debug":{"source":"api_x.class.php:284 at call stage","holder":%q}}`, code, message, detail, holder)
	}
	return []contract.Answer{
		{Name: "PHP crashed", Status: 500, Kind: fault.Unavailable},
		{Name: "null", Status: 200, Body: "null", Kind: fault.Unavailable, Only: []string{"pull", "apply", "find", "people", "busy", "appointments", "remove"}},
		{Name: "module is off", Status: 501, Header: map[string]string{"Content-Type": "text/html"}, Body: "API not found (failed to include API file)", Kind: fault.Permanent},
		{Name: "key of somebody who left", Status: 401, Body: said(401, "Unauthorized: Error user not valid (not found with api key or bad status or bad validity dates) (conf->entity=1)", ""), Kind: fault.Permanent},
		{Name: "somebody else's record", Status: 403, Body: said(403, "Forbidden: Access not allowed for login "+holder+" on this thirdparty", ""), Kind: fault.Rejected},
		{Name: "deleted record", Status: 404, Body: said(404, "Not Found: Thirdparty not found", ""), Kind: fault.Rejected},
		{Name: "somebody else's event", Status: 403, Body: said(403, "Forbidden: Insufficient rights to create an Agenda Event for owner id 4 Your id is 3", ""), Kind: fault.Permanent},
		{Name: "text too long", Status: 500, Body: said(500, "Internal Server Error: Error creating event", "Data too long for column 'label' at row 1"), Kind: fault.Rejected, Only: []string{"apply"}},
		{Name: "character refused", Status: 500, Body: said(500, "Internal Server Error: Incorrect string value: '"+holder+"'", ""), Kind: fault.Rejected, Only: []string{"apply"}},
		{Name: "type of event refused", Status: 500, Body: said(500, "Internal Server Error: Error creating event", "ErrorActionCommBadType"), Kind: fault.Rejected, Only: []string{"apply"}},
		{Name: "no extra field", Status: 503, Body: said(503, "Service Unavailable: Error when retrieve Agenda Event list : Unknown column 'ef.passerelle_id' in 'WHERE'", ""), Kind: fault.Permanent, Only: []string{"find"}},
	}
}

// look is the CRM as somebody in front of it sees it.
func look(seen *contract.CRM, crm *fake.Server) {
	seen.Get = func(id string, f bridge.FieldName) bridge.Value {
		return bridge.Value(html.UnescapeString(crm.Party(asInt(id))[fields[f]]))
	}
	seen.Set = func(id string, f bridge.FieldName, v bridge.Value) { crm.Edit(asInt(id), fields[f], string(v)) }
	seen.Barred = func(id string) bool { return crm.Party(asInt(id))["stcomm_id"] == notToContact }
	seen.Asked = func() []string {
		// The time of change is what a reading goes on by, as the id is.
		return slices.DeleteFunc(crm.Asked(), func(p string) bool { return p == "id" || p == "date_modification" })
	}
	seen.Effects = func(w bridge.Write) int {
		n := 0
		for _, e := range crm.Events() {
			made, _, _ := strings.Cut(e.Options["options_passerelle_changes"], " ")
			if made == string(w.Operation) && strconv.Itoa(e.Party) == w.Prospect.ID {
				n++
			}
		}
		return n
	}
	seen.Slot = func(meeting string) (time.Time, bool) {
		for _, e := range crm.Events() {
			if e.Options["options_passerelle_id"] == meeting {
				return time.Unix(e.Start, 0), !strings.HasPrefix(e.Label, cancelled)
			}
		}
		return time.Time{}, false
	}
}

func badSettings() []contract.Bad {
	good := goodSettings("https://crm.example")
	bad := func(name, old, new, names string) contract.Bad {
		if !strings.Contains(good, old) {
			panic("the case " + name + " changes nothing")
		}
		return contract.Bad{Name: name, Settings: strings.Replace(good, old, new, 1), Names: names}
	}
	return []contract.Bad{
		{Name: "nothing", Settings: "{}", Names: "base"},
		bad("no scheme", "https://crm.example", "crm.example", "base: not a plain address"),
		bad("password in base", "https://", "https://u:canari-pw@", "base: not a plain address"),
		bad("no key", "key: "+bridgeKey, `key: ""`, "key"),
		bad("line break in key", "key: "+bridgeKey, `key: "x\ny"`, "key: empty, or holds a line break"),
		bad("no user", "user: 2", "", "user"),
		bad("odd user", "user: 2", "user: bridge", "user: not an id"),
		bad("status without a number", "0: [new]", "zero: [new]", "statuses.zero"),
		bad("status without a word", "0: [new]", "0: []", "statuses.0"),
		bad("a word twice", "0: [new]", "0: [callback]", "stands for two statuses"),
		bad("no statuses", "statuses: {-1: [do_not_call], 0: [new], 1: [to_contact], 2: [attempted, callback], 3: [qualified, not_interested]}", "", "settings.statuses"),
		{Name: "code of an extra field", Settings: good + "events: {id: options_x y}\n", Names: "events.id"},
		{Name: "type of event", Settings: good + "call: {type: tel}\n", Names: "call.type"},
		{Name: "cancel", Settings: good + "appointment: {cancel: forget}\n", Names: "appointment.cancel"},
		{Name: "full_every", Settings: good + "full_every: 5s\n", Names: "full_every"},
	}
}
