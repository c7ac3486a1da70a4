package policy

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"passerelle/internal/bridge"
	"passerelle/internal/strict"
	"passerelle/test/golden"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func plateau(t testing.TB) *Policy {
	t.Helper()
	p, err := Load("plateau.yaml", readFile(t, "testdata/plateau.yaml"), catalog)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// hole is one that nothing was put into.
var hole = regexp.MustCompile(`\{[a-z][a-z ]*\}`)

func TestLoadReportsEveryFinding(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			p, err := Load(filepath.Base(file), readFile(t, file), catalog)
			if err == nil || p != nil {
				t.Fatalf("loaded %v, %v", p, err)
			}
			found, ok := errors.AsType[strict.Findings](err)
			if !ok {
				t.Fatalf("the error is a %T", err)
			}
			for _, f := range found {
				if f.French == f.Text || hole.MatchString(f.Text+f.French) {
					t.Errorf("%s | %s", f.Text, f.French)
				}
			}
			golden.File(t, strings.TrimSuffix(file, ".yaml")+".golden", err.Error()+"\n")
			golden.File(t, strings.TrimSuffix(file, ".yaml")+".fr.golden", found.In("fr").Error()+"\n")
		})
	}
}

func TestExplanationsRead(t *testing.T) {
	t.Parallel()
	p := plateau(t)
	caller := Subject{Person: "alice", Team: "plateau-1", Connection: "phoning.dialler", Profile: "agent"}
	stranger := Subject{Person: "eve", Connection: "phoning.dialler", Profile: "manager"}
	leased := Record{Assignee: "alice", CampaignTeam: "plateau-1"}
	questions := []struct {
		subject Subject
		action  Action
		target  Target
		record  Record
	}{
		{caller, Read, OnField("prospect.phone"), leased},
		{caller, Read, OnField("prospect.phone"), Record{Assignee: "bob"}},
		{caller, Write, OnField("account.name"), leased},
		{caller, Write, OnField("prospect.owner"), leased},
		{caller, Write, OnField("prospect.lead_status"), leased},
		{caller, Read, OnField("prospect.x_balance"), leased},
		{caller, Write, OnObject(bridge.Appointment), Record{Owner: "alice"}},
		{caller, Export, OnField("prospect.phone"), leased},
		{caller, Export, OnField("account.name"), leased},
		{caller, Delete, OnField("prospect.phone"), leased},
		{caller, Read, OnField("prospect.x_nowhere"), leased},
		{caller, "merge", OnObject(bridge.Account), leased},
		{stranger, Read, OnField("account.margin"), leased},
		{Subject{Connection: "phoning.dialler"}, Read, OnField("prospect.phone"), leased},
	}
	var out strings.Builder
	for _, q := range questions {
		e := p.Explain(q.subject, q.action, q.target, q.record)
		out.WriteString(e.Text("en") + "\n" + e.Text("fr") + "\n\n")
	}
	for _, at := range []int{0, 2} { // a record that nobody named: it matters to a grant in a scope, not to a deny
		q := questions[at]
		e := p.Explain(q.subject, q.action, q.target, q.record)
		e.Supposed = true
		out.WriteString(e.Text("en") + "\n" + e.Text("fr") + "\n\n")
	}
	golden.File(t, "testdata/explanations.golden", out.String())
}

func TestRefusalReads(t *testing.T) {
	t.Parallel()
	p := plateau(t)
	caller := Subject{Person: "alice", Team: "plateau-1", Connection: "phoning.dialler", Profile: "agent"}
	changed := []bridge.FieldName{"prospect.status", "prospect.lead_status", "prospect.owner", "account.name", "prospect.x_nowhere", "prospect.status"}
	got := p.Admit(caller, Record{Handed: true}, changed)
	want := Admission{
		Write:   []bridge.FieldName{"prospect.status"},
		Propose: []bridge.FieldName{"prospect.lead_status"},
		Refused: []bridge.Refusal{
			{Field: "prospect.owner", Reason: "no grant lets role caller write prospect.owner", French: "aucun droit ne permet au rôle caller de modifier prospect.owner", Remedy: "add prospect.owner to the propose list of grant caller/prospect/assigned (plateau.yaml:7:9)"},
			{Field: "account.name", Reason: "role caller is denied to write account.name", French: "il est interdit au rôle caller de modifier account.name", Rule: "caller/deny/account (plateau.yaml:14:9)", Remedy: "take propose of account.name out of deny caller/deny/account (plateau.yaml:14:9); and add account.name to the propose list of grant caller/account/assigned (plateau.yaml:8:9)"},
			{Field: "prospect.x_nowhere", Reason: "not in the catalogue: prospect.x_nowhere", French: "absent du catalogue : prospect.x_nowhere", Remedy: "map the field in the config, under fields of the CRM's connection"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who asks on a record that is theirs in every way is told to widen the grant
// they have, not to add one in a scope in which the role has nothing.
func TestARemedyStaysInTheRolesScope(t *testing.T) {
	t.Parallel()
	p := loadText(t, []byte(`version: 1
roles:
  supervisor:
    grants:
      - {on: campaign, scope: campaign, actions: [read]}
      - {on: account, scope: all, actions: [read]}
      - {on: account, scope: team, actions: [read]}
profiles: {phoning.console: {supervisor: supervisor}}
`))
	who := Subject{Person: "sam", Team: "floor", Connection: "phoning.console", Profile: "supervisor"}
	theirs := Record{Owner: "sam", Assignee: "sam", Team: "floor", CampaignTeam: "floor"}
	for _, c := range []struct {
		target Target
		record Record
		want   string
	}{
		{OnObject(bridge.CampaignObj), theirs, "add write to the actions of grant supervisor/campaign/campaign (policy.yaml:5:9)"},
		{OnField("account.name"), theirs, "add account.name to the write list of grant supervisor/account/team (policy.yaml:7:9)"},
		{OnField("account.name"), Record{Owner: "sam"}, "give role supervisor the grant {on: account, scope: own, write: [account.name]}"},
		{OnObject(bridge.Appointment), theirs, "give role supervisor the grant {on: appointment, scope: own, actions: [write]}"},
	} {
		if got := p.Explain(who, Write, c.target, c.record).Remedy.Text("en"); got != c.want {
			t.Errorf("%s of %+v: %s, want %s", c.target, c.record, got, c.want)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	p := plateau(t)
	if role, ok := p.RoleOf("phoning.dialler", "agent"); role != "caller" || !ok {
		t.Errorf("agent is %q, %v", role, ok)
	}
	if role, ok := p.RoleOf("phoning.dialler", "caller"); role != "" || ok {
		t.Errorf("an unmapped profile is %q, %v", role, ok)
	}
	if got := p.Title("caller"); got != "Téléopérateur" {
		t.Errorf("title %q", got)
	}
	if diff := cmp.Diff([]string{"customer", "last_contact", "attempts"}, p.Context("phoning.dialler", "agent")); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
	if got := p.Context("phoning.dialler", "stranger"); got != nil {
		t.Errorf("a stranger's context is %v", got)
	}
	if got := p.NeededOf(Path{"phoning.dialler", "stranger"}); len(got) != 0 {
		t.Errorf("a stranger may be shown %v", got)
	}
	agent, sales := Path{"phoning.dialler", "agent"}, Path{"phoning.console", "sales"}
	union := append(p.NeededOf(agent), p.NeededOf(sales)...)
	slices.Sort(union)
	if diff := cmp.Diff(slices.Compact(union), p.NeededOf(agent, sales)); diff != "" {
		t.Errorf("union (-want +got):\n%s", diff)
	}
	if slices.Contains(p.NeededOf(agent), "prospect.lead_status") {
		t.Error("what a caller may only propose is asked of the CRM")
	}
}

func TestWhoHasNoRight(t *testing.T) {
	t.Parallel()
	alice := bridge.Person{ID: "alice", Team: "plateau-1", Active: true, Phoning: map[bridge.ConnectionName]bridge.Login{"phoning.console": {Name: "alice", Profile: "caller"}}}
	away := alice
	away.Active = false
	cases := []struct {
		name  string
		actor bridge.Actor
		want  bool
	}{
		{"a caller", bridge.Actor{Person: alice, Connection: "phoning.console"}, true},
		{"somebody inactive", bridge.Actor{Person: away, Connection: "phoning.console"}, false},
		{"somebody on a connection they have no login on", bridge.Actor{Person: alice, Connection: "phoning.dialler"}, false},
		{"the operator, whoever they say they are", bridge.Actor{Person: alice, Connection: "phoning.console", Operator: true}, false},
		{"nobody", bridge.Actor{}, false},
	}
	p := plateau(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			leased := Record{Assignee: "alice", Owner: "alice", Handed: true}
			if got := p.Can(SubjectOf(c.actor), Read, bridge.ProspectObj, leased); got.Allowed != c.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestAPushedListSeesItsOwnCampaignOnly(t *testing.T) {
	t.Parallel()
	p := plateau(t)
	bank := bridge.Campaign{ID: "bank", Team: "plateau-1"}
	s := SubjectOfFeed(bank, bridge.PlatformList{Connection: "phoning.dialler", List: "L1", Profile: "agent"})
	if !p.Allows(s, Read, bridge.ProspectObj, Record{Handed: true}) {
		t.Error("a pushed lead is not readable")
	}
	if p.Allows(s, Read, bridge.ProspectObj, Record{Assignee: "bob"}) {
		t.Error("a lead that is not pushed is readable")
	}
	if p.Allows(s, Read, bridge.CampaignObj, Record{CampaignTeam: "plateau-2"}) {
		t.Error("another team's campaign is readable")
	}
}

func FuzzLoad(f *testing.F) {
	for _, text := range written(f) {
		f.Add(text)
		f.Add(text[:len(text)*2/3])
		f.Add(bytes.ReplaceAll(text, []byte("assigned"), []byte("all")))
		f.Add(bytes.ReplaceAll(text, []byte("deny:"), []byte("grants:")))
	}
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(readFile(f, file))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Load("policy.yaml", text, catalog)
		if err != nil {
			if p != nil {
				t.Fatal("a policy and an error")
			}
			return
		}
		if again, err := Load("policy.yaml", p.Text(), catalog); err != nil || again.Hash() != p.Hash() {
			t.Fatalf("its own text: %v", err)
		}
		stranger := Subject{Person: "eve", Connection: "phoning.nowhere", Profile: "nobody"}
		for action, target := range everything {
			if p.Explain(stranger, action, target, Record{Owner: "eve", Handed: true}).Allowed {
				t.Fatalf("an unmapped profile may %s %s", action, target)
			}
			for _, path := range p.Paths() {
				s := Subject{Person: "alice", Connection: path.Connection, Profile: path.Profile}
				e := p.Explain(s, action, target, Record{Owner: "alice"})
				if lines := bytes.Count(canonical(text), []byte("\n")) + 1; e.Allowed && (e.Pos.Line < 1 || e.Pos.Line > lines) {
					t.Fatalf("%s %s is allowed by %s at %s, of %d lines", action, target, e.Rule, e.Pos, lines)
				}
				if e.Allowed != p.allows(&s, action, p.targets.bit(target), &Record{Owner: "alice"}) {
					t.Fatalf("%s %s: two answers", action, target)
				}
			}
		}
	})
}
