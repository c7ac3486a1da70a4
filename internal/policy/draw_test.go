package policy

import (
	"fmt"
	"slices"

	"passerelle/internal/bridge"
	"pgregory.net/rapid"
)

func testCatalog() bridge.Catalog {
	c, err := bridge.Standard().With(
		bridge.FieldDef{Name: "prospect.x_balance", Class: bridge.Financial},
		bridge.FieldDef{Name: "prospect.x_unclassified"},
		bridge.FieldDef{Name: "activity.x_score", Class: bridge.Structural},
	)
	if err != nil {
		panic(err)
	}
	return c
}

var catalog = testCatalog()

// drawObject favours few objects, so that rules meet.
func drawObject(t *rapid.T) bridge.Object {
	return rapid.SampledFrom([]bridge.Object{bridge.ProspectObj, bridge.Account, bridge.Contact, bridge.Activity, bridge.CampaignObj}).Draw(t, "object")
}

func drawItems(t *rapid.T, object bridge.Object, label string, classes func(bridge.Class) bool) []string {
	var choices []string
	for _, c := range bridge.Classes() {
		if classes(c) {
			choices = append(choices, "class "+string(c))
		}
	}
	for _, f := range catalog.Names() {
		if f.Object() == object {
			choices = append(choices, string(f))
		}
	}
	if len(choices) == 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(choices), 0, min(3, len(choices)), rapid.ID).Draw(t, label)
}

func drawGrant(t *rapid.T, name string) modelGrant {
	g := modelGrant{name: name, on: drawObject(t), scope: rapid.SampledFrom(Scopes()).Draw(t, "scope"), lists: map[Action][]string{}}
	g.actions = rapid.SliceOfNDistinct(rapid.SampledFrom(Actions()), 0, 2, rapid.ID).Draw(t, "actions")
	for _, a := range []Action{Read, Create, Write, Propose, Export} {
		g.lists[a] = drawItems(t, g.on, string(a), func(c bridge.Class) bool {
			return a != Export && (a != Write && a != Create || c != bridge.Structural)
		})
	}
	if len(g.actions) == 0 {
		g.actions = []Action{rapid.SampledFrom(Actions()).Draw(t, "action")}
	}
	return g
}

func drawDeny(t *rapid.T, name string) modelDeny {
	d := modelDeny{name: name, on: drawObject(t)}
	any := func(bridge.Class) bool { return true }
	d.fields = drawItems(t, d.on, "fields", any)
	d.except = drawItems(t, d.on, "except", any)
	d.whole = len(d.fields) == 0
	d.actions = rapid.SliceOfNDistinct(rapid.SampledFrom(Actions()), 0, 2, rapid.ID).Draw(t, "denied")
	if !d.whole {
		d.actions = slices.DeleteFunc(d.actions, func(a Action) bool { return a == Delete })
	}
	return d
}

func drawModel(t *rapid.T) model {
	m := model{catalog: catalog, roles: map[string]*modelRole{}, profiles: map[Path]string{}}
	roles := rapid.IntRange(1, 4).Draw(t, "roles")
	for i := range roles {
		role := &modelRole{noRank: rapid.IntRange(0, 4).Draw(t, "no rank") == 0, counts: rapid.SampledFrom([]Scope{"", Own, Team, All}).Draw(t, "statistics")}
		if i > 0 && rapid.Bool().Draw(t, "has a superior") {
			role.under = fmt.Sprintf("role%d", rapid.IntRange(0, i-1).Draw(t, "superior"))
		}
		for j := range rapid.IntRange(0, 5).Draw(t, "grants") {
			role.grants = append(role.grants, drawGrant(t, fmt.Sprintf("g%d", j)))
		}
		for j := range rapid.IntRange(0, 2).Draw(t, "denies") {
			role.denies = append(role.denies, drawDeny(t, fmt.Sprintf("d%d", j)))
		}
		name := fmt.Sprintf("role%d", i)
		m.roles[name] = role
		m.profiles[Path{"phoning.console", bridge.Profile(name)}] = name
	}
	drawOpenings(t, &m, roles)
	drawContext(t, &m)
	return m
}

var contextExamples = []modelContext{
	{"bool", `account.margin > 100`, []bridge.FieldName{"account.margin"}},
	{"bool", `account.margin == nil`, []bridge.FieldName{"account.margin"}},
	{"text", `account.priority == "high" ? prospect.city : account.sector ?? ""`, []bridge.FieldName{"account.priority", "prospect.city", "account.sector"}},
	{"number", `days(lead.last_call, today) + lead.attempts`, nil},
	{"number", `max(account.headcount, account.revenue)`, []bridge.FieldName{"account.headcount", "account.revenue"}},
	{"text", `prospect.x_balance ?? "none"`, []bridge.FieldName{"prospect.x_balance"}},
	{"bool", `prospect.x_unclassified startsWith "a"`, []bridge.FieldName{"prospect.x_unclassified"}},
}

// drawContext adds derived fields, and who is shown them.
func drawContext(t *rapid.T, m *model) {
	m.context = map[string]modelContext{}
	names := ContextFields()
	for i := range rapid.IntRange(0, 3).Draw(t, "derived") {
		name := fmt.Sprintf("derived%d", i)
		names, m.context[name] = append(names, name), rapid.SampledFrom(contextExamples).Draw(t, name)
	}
	for i := range len(m.roles) {
		m.roles[fmt.Sprintf("role%d", i)].shows = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID).Draw(t, "shows")
	}
}

// drawOpenings adds what opens records beyond scopes, and the people whose they
// are.
func drawOpenings(t *rapid.T, m *model, roles int) {
	m.defaults, m.teammates, m.staff = map[bridge.Object]Access{}, map[bridge.Object]Access{}, Staff{}
	shareable := []bridge.Object{bridge.ProspectObj, bridge.Account, bridge.Appointment}
	for _, object := range shareable {
		m.defaults[object] = rapid.SampledFrom([]Access{AccessPrivate, AccessPrivate, AccessPrivate, AccessRead, AccessWrite, AccessFull}).Draw(t, "default")
		m.teammates[object] = rapid.SampledFrom([]Access{AccessPrivate, AccessPrivate, AccessRead, AccessWrite}).Draw(t, "teammates")
	}
	party := func() modelParty {
		if rapid.Bool().Draw(t, "a team") {
			return modelParty{team: rapid.SampledFrom([]string{"red", "blue"}).Draw(t, "team")}
		}
		return modelParty{role: fmt.Sprintf("role%d", rapid.IntRange(0, roles-1).Draw(t, "role")), below: rapid.Bool().Draw(t, "below")}
	}
	for range rapid.IntRange(0, 3).Draw(t, "sharing") {
		m.sharing = append(m.sharing, modelShare{
			on: rapid.SampledFrom(shareable).Draw(t, "shared"), from: party(), to: party(),
			access: rapid.SampledFrom([]Access{AccessRead, AccessWrite}).Draw(t, "access"),
		})
	}
	for _, person := range []bridge.PersonID{"alice", "bob"} {
		for range rapid.IntRange(0, 2).Draw(t, "logins") {
			m.staff[person] = append(m.staff[person], Path{"phoning.console", rapid.SampledFrom([]bridge.Profile{"role0", "role1", "role2", "role3", "stranger"}).Draw(t, "login")})
		}
	}
}

func drawSubject(t *rapid.T) Subject {
	return Subject{
		Person:     rapid.SampledFrom([]bridge.PersonID{"", "alice", "bob"}).Draw(t, "person"),
		Team:       rapid.SampledFrom([]string{"", "red", "blue"}).Draw(t, "team"),
		Territory:  rapid.SampledFrom([]string{"", "north"}).Draw(t, "territory"),
		Principal:  rapid.SampledFrom([]string{"", "acme"}).Draw(t, "principal"),
		Connection: rapid.SampledFrom([]bridge.ConnectionName{"phoning.console", "phoning.console", "phoning.console", "phoning.other"}).Draw(t, "connection"),
		Profile:    rapid.SampledFrom([]bridge.Profile{"role0", "role0", "role1", "role2", "stranger", ""}).Draw(t, "profile"),
	}
}

func drawRecord(t *rapid.T) Record {
	return Record{
		Owner:        rapid.SampledFrom([]bridge.PersonID{"", "alice", "bob"}).Draw(t, "owner"),
		Assignee:     rapid.SampledFrom([]bridge.PersonID{"", "alice", "bob"}).Draw(t, "assignee"),
		Handed:       rapid.Bool().Draw(t, "handed"),
		Team:         rapid.SampledFrom([]string{"", "red", "blue"}).Draw(t, "record team"),
		CampaignTeam: rapid.SampledFrom([]string{"", "red", "blue"}).Draw(t, "campaign team"),
		Territory:    rapid.SampledFrom([]string{"", "north", "south"}).Draw(t, "record territory"),
		Principal:    rapid.SampledFrom([]string{"", "acme", "other"}).Draw(t, "record principal"),
	}
}
