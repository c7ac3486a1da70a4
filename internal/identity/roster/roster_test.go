package roster

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"passerelle/internal/bridge"
)

const door = bridge.ConnectionName("phoning.console")

func someone(id bridge.PersonID, profile bridge.Profile, active bool) bridge.Person {
	return bridge.Person{
		ID: id, Name: strings.ToUpper(string(id)), Team: "floor", Territory: "north", Active: active, CRM: map[bridge.ConnectionName]string{"crm.main": "u-" + string(id)},
		Phoning: map[bridge.ConnectionName]bridge.Login{door: {Name: string(id), Profile: profile}},
	}
}

func against() Against {
	return Against{
		Added:   []bridge.Person{someone("ada", "admin", true), someone("ben", "agent", true), someone("cleo", "agent", true), someone("gone", "", false), someone("shut", "agent", false), someone("odd", "", false)},
		Written: []bridge.Person{someone("wim", "agent", true)},
		Doors:   []bridge.ConnectionName{door}, CRMs: []bridge.ConnectionName{"crm.main"},
		Role: func(_ bridge.ConnectionName, p bridge.Profile) (bridge.Role, bool) {
			role, ok := map[bridge.Profile]bridge.Role{"agent": "caller", "chief": "supervisor", "admin": "director"}[p]
			return role, ok
		},
		Closed:   func(id bridge.PersonID) bool { return id == "shut" },
		Excepted: func(id bridge.PersonID) (string, bool) { return "2027-02-01", id == "odd" },
		Governs:  func(p bridge.Person) bool { return p.Phoning[door].Profile == "admin" },
		Today:    "2026-11-22", AtMost: 34, Handover: "pool",
	}
}

// told is a plan in a few words.
func told(p Plan) (out []string) {
	for _, c := range p.Changes {
		text := fmt.Sprintf("%d %s %s", c.Line, c.Move.Is.ID, c.Kind)
		for _, d := range c.What {
			text += fmt.Sprintf(" %s:%s>%s", d.Column, d.From, d.To)
		}
		if c.Handover != "" {
			text += " to " + c.Handover
		}
		out = append(out, text)
	}
	return out
}

func TestMake(t *testing.T) {
	t.Parallel()
	const all = "ada,ADA,floor,admin\nben,BEN,floor,agent\ncleo,CLEO,floor,agent\n"
	for name, c := range map[string]struct {
		list string
		want []string
	}{
		"nobody":           {"person,name,team,profile\n" + all, nil},
		"semicolons, BOM":  {"\ufeffPerson; Name ;team;profile\n" + strings.ReplaceAll(all, ",", ";"), nil},
		"a joiner":         {"person,name,team,profile\n" + all + "max,Max,night,agent\n", []string{"5 max joins name:>Max team:>night connection:>phoning.console profile:>agent role:>caller"}},
		"a mover":          {"person,name,team,profile\n" + strings.Replace(all, "BEN,floor,agent", "BEN,night,chief", 1), []string{"3 ben moves team:floor>night profile:agent>chief role:caller>supervisor"}},
		"no columns":       {"person\nada\nben\ncleo\n", nil},
		"an emptied cell":  {"person,territory\nada,north\nben,\ncleo,north\n", []string{"3 ben moves territory:north>"}},
		"a user id":        {"person,crm.main\nada,u-ada\nben,u-7\ncleo,\n", []string{"3 ben moves crm.main:u-ben>u-7", "4 cleo moves crm.main:u-cleo>"}},
		"absent":           {"person,name,team,profile\n" + strings.Replace(all, "cleo,CLEO,floor,agent\n", "", 1), []string{"0 cleo leaves to pool"}},
		"the day has come": {"person,ends,handover\nada,,\nben,2026-11-22,ada\ncleo,2026-11-23,\n", []string{"3 ben leaves to ada"}},
		"somebody returns": {"person,profile\nada,admin\nben,agent\ncleo,agent\ngone,agent\n", []string{"5 gone returns name:GONE> team:floor> profile:>agent role:>caller territory:north> crm.main:u-gone>"}},
		"closed by hand":   {"person,profile\nada,admin\nben,agent\ncleo,agent\nshut,agent\n", nil},
	} {
		plan, err := Make(c.list, against())
		if err != nil || !slices.Equal(told(plan), c.want) {
			t.Errorf("%s: %q, %v; want %q", name, told(plan), err, c.want)
		}
	}
	plan, err := Make("person,ends\nada,\nben,\ncleo,2026-11-23\nshut,\n", against())
	if err != nil || plan.Later["cleo"] != "2026-11-23" || !slices.Equal(plan.Closed, []bridge.PersonID{"shut"}) || plan.Same != 3 || !slices.Equal(plan.Written, []bridge.PersonID{"wim"}) {
		t.Errorf("%+v, %v", plan, err)
	}
}

// Who leaves keeps what attributes their work to them, and nothing that gives
// rights; who returns is what the list says, and no more.
func TestNothingStale(t *testing.T) {
	t.Parallel()
	plan, err := Make("person,profile\nada,admin\nben,agent\ngone,agent\n", against())
	if err != nil || len(plan.Changes) != 2 {
		t.Fatal(plan, err)
	}
	back, left := plan.Changes[0].Move.Is, plan.Changes[1].Move.Is
	if left.ID != "cleo" || left.Active || left.Territory != "" || left.Phoning[door].Profile != "" || left.Name != "CLEO" || left.CRM["crm.main"] != "u-cleo" {
		t.Errorf("%+v", left)
	}
	if back.ID != "gone" || !back.Active || back.Territory != "" || back.Team != "" || len(back.CRM) > 0 {
		t.Errorf("%+v", back)
	}
	if was := against().Added[2].Phoning[door].Profile; plan.Changes[1].Move.Was.Phoning[door].Profile != was {
		t.Error("the record before was changed too")
	}
}

func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ list, says string }{
		"no head":            {"ada\n", "line 1, column ada: there is no such column"},
		"nothing":            {"", "line 1: the first line names no column person"},
		"another column":     {"person,salary\n", "line 1, column salary: there is no such column"},
		"a column twice":     {"person,name,name\n", "line 1, column name: the column stands twice"},
		"not UTF-8":          {"person,name\nada,\xe9\n", "the list is not UTF-8"},
		"too few cells":      {"person,name\nada\n", "line 2: this is no CSV"},
		"an open quotation":  {"person,name\nada,\"A\nben,B\n", "line 3: this is no CSV"},
		"a bad id":           {"person\n=cmd\n", "line 2, column person: an id is letters"},
		"the operator":       {"person\noperator\n", "line 2, column person: an id is letters"},
		"twice":              {"person\nada\nben\ncleo\nada\n", "line 5, column person: ada stands on line 2 already"},
		"of the config":      {"person\nada\nben\ncleo\nwim\n", "line 5, column person: wim stands in the config, whose people are read-only"},
		"no profile":         {"person,profile\nada,admin\nben,\ncleo,agent\n", "line 3, column profile: write their profile on phoning.console"},
		"unmapped":           {"person,profile\nada,admin\nben,pilot\ncleo,agent\n", "line 3, column profile: the policy gives this profile no role"},
		"no such door":       {"person,connection\nada,\nben,phoning.dial\ncleo,\n", "line 3, column connection: write what they come through"},
		"no such zone":       {"person,zone\nada,\nben,Mars/Olympus\ncleo,\n", "line 3, column zone: there is no such time zone"},
		"no such day":        {"person,ends\nada,\nben,31/12/2026\ncleo,\n", "line 3, column ends: write the first day"},
		"to who leaves":      {"person,ends,handover\nada,,\nben,2026-01-01,ben\ncleo,,\n", "line 3, column handover: write pool, later"},
		"a line break":       {"person,name\nada,\"A\nB\"\nben,B\ncleo,C\n", "line 2, column name: too long, or with a line break"},
		"too many leave":     {"person\nada\n", "2 of 3 people would leave by this list, more than 34%: is it complete? If they are to leave, say so with --leavers-at-most 67"},
		"the last admin":     {"person\nben\ncleo\n", "nobody could change the policy any more"},
		"the last moves":     {"person,profile\nada,agent\nben,agent\ncleo,agent\n", "nobody could change the policy any more"},
		"a stale exception":  {"person,profile\nada,admin\nben,agent\ncleo,agent\nodd,agent\n", "line 5, column person: odd comes back, and the policy in force has an exception for them until 2027-02-01"},
		"the config's login": {"person,profile\nada,admin\nben,agent\ncleo,agent\nwilma,agent\n", "line 5, column person: the login is that of will"},
	} {
		a := against()
		will := someone("will", "agent", true)
		will.Phoning[door] = bridge.Login{Name: "wilma", Profile: "agent"}
		a.Written = append(a.Written, will)
		plan, err := Make(c.list, a)
		if err == nil || !strings.Contains(err.Error(), c.says) || len(plan.Changes) > 0 {
			t.Errorf("%s: %v, %q; want %q", name, err, told(plan), c.says)
		}
	}
}

// Everything wrong is told at once, in French as in English.
func TestFindings(t *testing.T) {
	t.Parallel()
	_, err := Make("person,zone,profile\nada,,admin\nben,Mars,pilot\n?,,agent\n", against())
	wrong, _ := err.(Findings)
	if len(wrong) != 3 {
		t.Fatalf("%v", err)
	}
	for i, want := range []string{"ligne 3, colonne zone : ce fuseau", "ligne 3, colonne profile : la politique ne donne pas", "ligne 4, colonne person : un identifiant"} {
		if got := wrong[i].In("fr"); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
