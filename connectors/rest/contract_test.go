package rest

import (
	"fmt"
	"maps"
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
	"prospect.score": "score", "account.revenue": "revenue", bridge.FieldDoNotCall: "do_not_call",
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
		World:      func(t *testing.T) *contract.World { return newWorld(t, plainSettings) },
	})
}

func plainSettings(base, token string) string {
	var lines []string
	for line := range strings.Lines(crmfake.Settings(base, token)) {
		switch {
		case strings.Contains(line, "find_many"), strings.Contains(line, "if_match"):
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
	crm, err := crmfake.New(crmfake.Options{})
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
		Settings: func(url string) string { return settings(url+"/api", crmfake.DefaultToken) },
		Fields:   fields,
		Secrets:  []string{crmfake.DefaultToken},
		Personal: []string{holder, "0612345678"},
	}
	w.CRM = &contract.CRM{
		Selection: "L1",
		Texts:     []bridge.FieldName{"prospect.name", "prospect.comment"},
		Asked:     func() []string { return slices.Sorted(maps.Keys(crm.FieldsAsked())) },
	}
	for i := range 7 {
		id := fmt.Sprintf("p-%d/é", i)
		crm.Put(id, map[string]any{
			"list": "L1", "name": holder, "comment": "rien", "company": "Canari SARL", "phone": "0612345678",
			"score": 7.0, "revenue": 1234.5, "do_not_call": false,
		})
		w.CRM.Prospects = append(w.CRM.Prospects, id)
	}
	crm.Put("elsewhere", map[string]any{"list": "L2", "name": "not in the selection"})
	screen(w.CRM, crm)
	return w
}

// screen is the CRM as somebody in front of it sees it.
func screen(seen *contract.CRM, crm *crmfake.Server) {
	seen.Get = func(id string, f bridge.FieldName) bridge.Value {
		r, _ := crm.Get(crmfake.Prospects, id)
		text, _ := r.Fields[fields[f]].(string)
		return bridge.Value(text)
	}
	seen.Set = func(id string, f bridge.FieldName, v bridge.Value) { crm.EditByPerson(id, fields[f], string(v)) }
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
		bad("no credential", `value: "x"`, "", "auth.value"),
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
