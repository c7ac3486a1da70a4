// Package corpus decides named cases that are data: a folder holds a policy and
// what it must answer. A case cites the sentence it comes from.
package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/strict"
)

type suite struct {
	Fields []struct {
		Name  string `yaml:"name,required"`
		Class string `yaml:"class"`
	} `yaml:"fields"`
	Subjects map[string]subject `yaml:"subjects,required"`
	Records  map[string]record  `yaml:"records,required"`
	Cases    []testCase         `yaml:"cases,required"`
}

type subject struct {
	Person     string `yaml:"person"`
	Team       string `yaml:"team"`
	Territory  string `yaml:"territory"`
	Principal  string `yaml:"principal"`
	Connection string `yaml:"connection,required"`
	Profile    string `yaml:"profile"`
}

type record struct {
	Owner        string `yaml:"owner"`
	Assignee     string `yaml:"assignee"`
	Handed       bool   `yaml:"handed"`
	Team         string `yaml:"team"`
	CampaignTeam string `yaml:"campaign_team"`
	Territory    string `yaml:"territory"`
	Principal    string `yaml:"principal"`
}

type testCase struct {
	Name   string `yaml:"name,required"`
	Who    string `yaml:"who,required"`
	Action string `yaml:"action,required"`
	What   string `yaml:"what,required"`
	Record string `yaml:"record,required"`
	Is     string `yaml:"is,required"` // allowed, proposed, refused
	Rule   string `yaml:"rule"`        // that decides; not compared if empty
	Cause  string `yaml:"cause"`       // not compared if empty
	Final  bool   `yaml:"final"`       // no change of the policy would decide otherwise
}

func (s subject) policy() policy.Subject {
	return policy.Subject{
		Person: bridge.PersonID(s.Person), Team: s.Team, Territory: s.Territory, Principal: s.Principal,
		Connection: bridge.ConnectionName(s.Connection), Profile: bridge.Profile(s.Profile),
	}
}

func (r record) policy() policy.Record {
	return policy.Record{
		Owner: bridge.PersonID(r.Owner), Assignee: bridge.PersonID(r.Assignee), Handed: r.Handed,
		Team: r.Team, CampaignTeam: r.CampaignTeam, Territory: r.Territory, Principal: r.Principal,
	}
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("*/policy.yaml")
	if err != nil || len(folders) == 0 {
		t.Fatalf("%d folders: %v", len(folders), err)
	}
	for _, file := range folders {
		folder := filepath.Dir(file)
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			run(t, folder)
		})
	}
}

func run(t *testing.T, folder string) {
	s, rules := load(t, folder)
	names := map[string]bool{}
	for _, c := range s.Cases {
		who, known := s.Subjects[c.Who]
		rec, there := s.Records[c.Record]
		if key := c.Who + " " + c.Name; !known || !there || names[key] || !slices.Contains([]string{"allowed", "proposed", "refused"}, c.Is) {
			t.Fatalf("case %q: who, record or is unknown, or its name taken", c.Name)
		} else {
			names[key] = true
		}
		t.Run(c.Who+" "+c.Name, func(t *testing.T) {
			t.Parallel()
			c.decide(t, rules, who.policy(), rec.policy())
		})
	}
}

func load(t *testing.T, folder string) (suite, *policy.Policy) {
	t.Helper()
	var s suite
	node, err := strict.Parse(folder+"/cases.yaml", read(t, folder, "cases.yaml"))
	if err == nil {
		err = node.Decode(&s)
	}
	if err != nil {
		t.Fatal(err)
	}
	catalog := bridge.Standard()
	for _, f := range s.Fields {
		if catalog, err = catalog.With(bridge.FieldDef{Name: bridge.FieldName(f.Name), Class: bridge.Class(f.Class)}); err != nil {
			t.Fatal(err)
		}
	}
	rules, err := policy.Load(folder+"/policy.yaml", read(t, folder, "policy.yaml"), catalog)
	if err != nil {
		t.Fatal(err)
	}
	return s, rules
}

func read(t *testing.T, folder, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (c testCase) decide(t *testing.T, rules *policy.Policy, s policy.Subject, r policy.Record) {
	action, field := policy.Action(c.Action), bridge.FieldName(c.What)
	target := policy.OnObject(bridge.Object(c.What))
	if field.Base() != "" {
		target = policy.OnField(field)
	}
	e := rules.Explain(s, action, target, r)
	if e.Allowed != (c.Is == "allowed") || e.Proposable != (c.Is == "proposed") && target.Field != "" {
		t.Errorf("allowed %v, proposable %v: %s", e.Allowed, e.Proposable, e.Text("en"))
	}
	if c.Rule != "" && e.Rule != c.Rule || c.Cause != "" && string(e.Cause) != c.Cause {
		t.Errorf("rule %q, cause %q: %s", e.Rule, e.Cause, e.Text("en"))
	}
	if (e.Rule != "") != (e.Pos.Line > 0) || c.Final != (len(e.Remedy) == 0) {
		t.Errorf("rule %q at %q, %d edits", e.Rule, e.Pos, len(e.Remedy))
	}
	switch {
	case target.Field == "":
		if got := rules.Can(s, action, target.Object, r); got != e.Verdict {
			t.Errorf("Can says %+v", got)
		}
	case action == policy.Read:
		card := rules.Project(s, r, map[bridge.FieldName]bridge.Value{field: "value"})
		if (len(card) == 1) != e.Allowed {
			t.Errorf("the card holds %d fields", len(card))
		}
	case action == policy.Write:
		got := rules.Admit(s, r, []bridge.FieldName{field})
		if want := map[string][3]int{"allowed": {1, 0, 0}, "proposed": {0, 1, 0}, "refused": {0, 0, 1}}[c.Is]; want != [3]int{len(got.Write), len(got.Propose), len(got.Refused)} {
			t.Errorf("admission %+v", got)
		}
	}
}
