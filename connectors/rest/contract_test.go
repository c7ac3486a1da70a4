package rest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/contract"
	"passerelle/internal/connector/httpx"
	"passerelle/test/crmfake"
)

var fields = connector.FieldMap{
	"prospect.name": "name", "prospect.comment": "comment", "account.name": "company", bridge.FieldPhone: "phone",
	"prospect.score": "score", bridge.FieldOwner: "owner_id", "account.revenue": "revenue", bridge.FieldDoNotCall: "do_not_call",
}

func TestContract(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Harness{
		Descriptor: Descriptor(),
		World:      func(t *testing.T) *contract.World { return newWorld(t, crmfake.Settings) },
		Bad:        badSettings(),
	})
}

// A CRM whose appointments can only be deleted, and that finds records one by
// one.
func TestContractOfAPlainCRM(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Harness{
		Descriptor: Descriptor(),
		World: func(t *testing.T) *contract.World {
			w := newWorld(t, plainSettings)
			w.CRM.Screen.Cancel, w.CRM.Screen.Hide = nil, nil // it shows no record by its id
			return w
		},
	})
}

// A CRM whose tokens run out, with a refresh token that is good once and
// without one.
func TestContractOfSessions(t *testing.T) {
	t.Parallel()
	for name, refresh := range map[string]string{"client credentials": "", "refresh token": "rt_17f06e5d4c3b2a190807f6e5d4c3b2a1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := &crmfake.Client{ID: "passerelle", Secret: "cs_9f8e7d6c5b4a39281706f5e4d3c2b1a0", Refresh: refresh}
			contract.Run(t, contract.Harness{
				Descriptor: Descriptor(),
				World:      func(t *testing.T) *contract.World { return newSessionWorld(t, client) },
			})
		})
	}
}

func newSessionWorld(t *testing.T, client *crmfake.Client) *contract.World {
	crm, w := newCRM(t, crmfake.Options{Client: client})
	w.Secrets = []string{client.Secret}
	refresh := ""
	if client.Refresh != "" {
		w.Secrets = append(w.Secrets, client.Refresh)
		refresh = ", refresh_token: " + client.Refresh
	}
	w.Settings = func(url string) string {
		return strings.Replace(crmfake.Settings(url+"/api", ""), `auth: {header: Authorization, prefix: "Bearer ", value: ""}`,
			fmt.Sprintf("auth: {oauth2: {token: %s/oauth/token, client_id: passerelle, client_secret: %s%s}}", url, client.Secret, refresh), 1)
	}
	w.Sessions = &contract.Sessions{Login: func(r *http.Request) bool { return r.URL.Path == "/oauth/token" }, End: crm.EndSessions, Refuse: crm.RefuseClient}
	return w
}

func plainSettings(base, token string) string {
	var lines []string
	for line := range strings.Lines(crmfake.Settings(base, token)) {
		switch {
		case strings.Contains(line, "find_many"), strings.Contains(line, "if_match"), strings.Contains(line, "remove"):
		case slices.Contains([]string{"me", "people", "rights", "busy"}, line[:strings.Index(line+":", ":")]):
		case strings.Contains(line, "cancel:"):
			lines = append(lines, "  cancel: {delete: true}\n")
		default:
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

const holder = "Jeanne Canari"

func newWorld(t *testing.T, settings func(base, token string) string) *contract.World {
	_, w := newCRM(t, crmfake.Options{})
	w.Settings = func(url string) string { return settings(url+"/api", crmfake.DefaultToken) }
	w.Secrets = []string{crmfake.DefaultToken}
	return w
}

// newCRM is a CRM with prospects; how to connect to it is left open.
func newCRM(t *testing.T, o crmfake.Options) (*crmfake.Server, *contract.World) {
	crm, err := crmfake.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := crm.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &contract.World{
		Server:   crm,
		Client:   httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second}),
		Fields:   fields,
		Personal: []string{holder, "0612345678"},
	}
	w.CRM = &contract.CRM{
		Selection: "L1",
		Users:     []string{"u-alice", "u-bob"},
		Texts:     []bridge.FieldName{"prospect.name", "prospect.comment"},
		Asked:     func() []string { return slices.Sorted(maps.Keys(crm.FieldsAsked())) },
	}
	w.CRM.Screen.Add = func() string {
		id := fmt.Sprintf("p-%d/é", len(crm.All(crmfake.Prospects)))
		crm.Put(id, map[string]any{
			"list": "L1", "name": holder, "comment": "rien", "company": "Canari SARL", "phone": "0612345678",
			"score": 7.0, "revenue": 1234.5, "do_not_call": false, "owner_id": "u-alice",
		})
		return id
	}
	for range 7 {
		w.CRM.Prospects = append(w.CRM.Prospects, w.CRM.Screen.Add())
	}
	crm.Put("elsewhere", map[string]any{"list": "L2", "name": "not in the selection"})
	screen(w.CRM, crm)
	return crm, w
}

// screen is the CRM as somebody in front of it sees it.
func screen(seen *contract.CRM, crm *crmfake.Server) {
	seen.Get = func(id string, f bridge.FieldName) bridge.Value {
		r, _ := crm.Get(crmfake.Prospects, id)
		text, _ := r.Fields[fields[f]].(string)
		return bridge.Value(text)
	}
	seen.Set = func(id string, f bridge.FieldName, v bridge.Value) { crm.EditByPerson(id, fields[f], string(v)) }
	for _, id := range seen.Users {
		crm.Hire(crmfake.User{ID: id, Login: id, Name: "Canari " + id})
	}
	s := &seen.Screen
	s.Freeze = func(f bridge.FieldName) { crm.Freeze(fields[f]) }
	s.Retire = crm.Retire
	s.Occupy = func(user string, from, to time.Time) string {
		return crm.Enter(crmfake.Appointments, map[string]any{
			"owner_id": user, "start": from.UTC().Format(time.RFC3339), "minutes": to.Sub(from).Minutes(), "subject": holder,
		})
	}
	s.Move = func(m string, to time.Time) {
		crm.EditAppointment(m, map[string]any{"start": to.UTC().Format(time.RFC3339)})
	}
	s.Cancel = func(m string) { crm.EditAppointment(m, map[string]any{"state": "cancelled"}) }
	s.Drop = crm.DropAppointment
	s.Retouch = func(m, text string) func() map[string]string {
		crm.EditAppointment(m, map[string]any{"subject": text, "place": text, "note": text, "state": "held"})
		return func() map[string]string {
			seen := map[string]string{}
			for _, r := range crm.All(crmfake.Appointments) {
				for _, name := range []string{"subject", "place", "note", "state"} {
					if r.Fields["uid"] == m {
						seen[name] = fmt.Sprint(r.Fields[name])
					}
				}
			}
			return seen
		}
	}
	s.Hide = func(m string) { crm.EditAppointment(m, map[string]any{"uid": ""}) }
	s.Give = func(m, user string) { crm.EditAppointment(m, map[string]any{"owner_id": user}) }
	s.Delete = func(id string) { crm.Remove(crmfake.Prospects, id) }
	s.Withdraw = func(id string) { crm.EditByPerson(id, "list", "L2") }
	s.Oppose = func(id string) { crm.EditByPerson(id, "do_not_call", true) }
	s.Assign = func(id, user string) { crm.EditByPerson(id, "owner_id", user) }
	seen.Barred = func(id string) bool {
		r, _ := crm.Get(crmfake.Prospects, id)
		return r.Fields["do_not_call"] == true
	}
	seen.Effects = func(w bridge.Write) int {
		n := 0
		for _, r := range slices.Concat(crm.All(crmfake.Activities), crm.All(crmfake.Appointments)) {
			if r.Fields["operation_id"] == string(w.Operation) && r.Fields["prospect_id"] == w.Prospect.ID {
				n++
			}
		}
		return n
	}
	seen.Slot = func(meeting string) (time.Time, bool) {
		for _, r := range crm.All(crmfake.Appointments) {
			if text, ok := r.Fields["start"].(string); ok && r.Fields["uid"] == meeting {
				start, err := time.Parse(time.RFC3339, text)
				return start, err == nil && r.Fields["state"] != "cancelled"
			}
		}
		return time.Time{}, false
	}
}

func badSettings() []contract.Bad {
	good := crmfake.Settings("https://crm.example/api", "x")
	bad := func(name, old, new, names string) contract.Bad {
		if !strings.Contains(good, old) {
			panic("the case " + name + " changes nothing")
		}
		return contract.Bad{Name: name, Settings: strings.Replace(good, old, new, 1), Names: names}
	}
	return []contract.Bad{
		{Name: "nothing", Settings: "{}", Names: "base"},
		bad("no scheme", "https://crm.example/api", "crm.example/api", "base: not a plain address"),
		bad("password in base", "https://crm", "https://u:canari-pw@crm", "base: not a plain address"),
		bad("query in base", "/api", "/api?key=canari", "base: not a plain address"),
		bad("no credential", `value: "x"`, "", "auth: write either"),
		bad("two credentials", `value: "x"`, `value: "x", oauth2: {token: https://crm.example/token, client_id: a, client_secret: canari}`, "auth: write either"),
		bad("no token address", `value: "x"`, `oauth2: {token: crm.example/token, client_id: a, client_secret: canari}`, "auth.oauth2.token"),
		bad("no client secret", `value: "x"`, `oauth2: {token: https://crm.example/token, client_id: a}`, "auth.oauth2.client_secret"),
		bad("environment not set", `value: "x"`, `value: "${env:NO_SUCH_VARIABLE_HERE}"`, "NO_SUCH_VARIABLE_HERE"),
		bad("odd header", "header: Authorization", `header: "My Header"`, "auth.header"),
		bad("line break in credential", `value: "x"`, `value: "x\ny"`, "auth.value"),
		bad("check is no path", "path: /fields", "path: fields", "check.path"),
		bad("check without name", "list: data, name: name", "list: data", "check.name"),
		bad("record without id", "record: /prospects/{id}", "record: /prospects", "prospects.record"),
		bad("next missing", "next: next", "", "prospects.next"),
		bad("method unknown", "if_match: true", "method: GET", "prospects.method"),
		bad("page of none", "if_match: true", "page: 0", "prospects.page"),
		bad("find without key", "operation_id={key}", "operation_id=1", "activity.find"),
		bad("find_many without keys", "uids={keys}", "uids={key}", "appointment.find_many"),
		bad("no operation id", "{operation: operation_id, changes: changes, prospect: prospect_id, at: at", "{changes: changes, prospect: prospect_id, at: at", "activity.fields.operation"),
		bad("cancel both ways", "{field: state,", "{delete: true, field: state,", "appointment.cancel"),
		bad("opposition without value", "value: true, ", "", "opposition.value"),
	}
}
