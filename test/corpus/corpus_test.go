// Package corpus decides named cases that are data: a folder holds a policy, or
// names a preset, and what it must answer. Cases stand under the statement of
// the sources that they come from: in short after the number of the source, and
// as the source says it.
package corpus

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/policy/presets"
	"passerelle/internal/strict"
)

type suite struct {
	Fields []struct {
		Name  string `yaml:"name,required"`
		Class string `yaml:"class"`
		Type  string `yaml:"type"`
	} `yaml:"fields"`
	Preset     string             `yaml:"preset"` // instead of a policy.yaml
	Plus       string             `yaml:"plus"`   // text that is added to the preset
	Subjects   map[string]subject `yaml:"subjects,required"`
	Records    map[string]record  `yaml:"records,required"`
	Cases      []testCase         `yaml:"cases"`
	Statements []statement        `yaml:"statements"`
	Limits     []limitCase        `yaml:"limits"`
	Context    []shownCase        `yaml:"context"`
	Statistics []countedCase      `yaml:"statistics"`
	Told       map[string]told    `yaml:"told"` // by CRMs that the policy keeps within
}

// countedCase is whether somebody sees another's statistics.
type countedCase struct {
	Cited `yaml:",inline"`
	Name  string `yaml:"name,required"`
	Who   string `yaml:"who,required"`
	Of    string `yaml:"of,required"` // a person
	Team  string `yaml:"team"`        // theirs
	Is    bool   `yaml:"is,required"`
}

func (c countedCase) decide(t *testing.T, rules *policy.Policy, s suite) {
	who, known := s.Subjects[c.Who]
	if !known {
		t.Fatalf("statistics %q: nobody is %s", c.Name, c.Who)
	}
	if got := rules.Counts(who.policy(), bridge.PersonID(c.Of), c.Team); got != c.Is {
		t.Errorf("%s: %v", c.Name, got)
	}
}

// limitCase is how many records somebody may do a command to in an hour; 0 is no
// limit.
type limitCase struct {
	Name    string `yaml:"name,required"`
	Who     string `yaml:"who,required"`
	Command string `yaml:"command,required"`
	PerHour int    `yaml:"per_hour,required"`
}

// statement is what a source says, and what follows from it.
type statement struct {
	Cited `yaml:",inline"`
	Cases []testCase `yaml:"cases,required"`
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
	CRM          string `yaml:"crm"`
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
	Opened string `yaml:"opened"`      // what opened the record beyond scopes; not compared if empty
	At     string `yaml:"at"`          // when they ask; not asked if empty
	From   string `yaml:"from"`        // the address they ask from
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
		CRM: bridge.ConnectionName(r.CRM),
	}
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, folder := range folders(t) {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			run(t, folder)
		})
	}
}

func folders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/cases.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d folders: %v", len(files), err)
	}
	for i := range files {
		files[i] = filepath.Dir(files[i])
	}
	return files
}

func run(t *testing.T, folder string) {
	s, rules := load(t, folder)
	for _, c := range s.Limits {
		c.decide(t, rules, s)
	}
	for _, c := range s.Context {
		c.decide(t, rules, s)
	}
	for _, c := range s.Statistics {
		c.decide(t, rules, s)
	}
	names := map[string]bool{}
	for _, c := range s.all(t) {
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

func (c limitCase) decide(t *testing.T, rules *policy.Policy, s suite) {
	who, known := s.Subjects[c.Who]
	if !known || !slices.Contains(policy.Commands(), policy.Command(c.Command)) {
		t.Fatalf("limit %q: who or command is unknown", c.Name)
	}
	if got, limited := rules.Limit(who.policy(), policy.Command(c.Command)); got.PerHour != c.PerHour || limited != (c.PerHour > 0) {
		t.Errorf("%s: %d an hour, limited %v", c.Name, got.PerHour, limited)
	}
}

// all is the cases of the folder, those of statements too.
func (s suite) all(t *testing.T) []testCase {
	t.Helper()
	out := slices.Clone(s.Cases)
	for _, said := range s.Statements {
		if len(said.Cases) == 0 {
			t.Fatalf("statement %q has no cases", said.Seed)
		}
		out = append(out, said.Cases...)
	}
	if len(out) == 0 {
		t.Fatal("no cases")
	}
	return out
}

func suiteOf(t *testing.T, folder string) suite {
	t.Helper()
	var s suite
	node, err := strict.Parse(folder+"/cases.yaml", read(t, folder, "cases.yaml"))
	if err == nil {
		err = node.Decode(&s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t *testing.T, folder string) (suite, *policy.Policy) {
	t.Helper()
	var err error
	s, catalog := suiteOf(t, folder), bridge.Standard()
	for _, f := range s.Fields {
		if catalog, err = catalog.With(bridge.FieldDef{Name: bridge.FieldName(f.Name), Class: bridge.Class(f.Class), Type: bridge.FieldType(f.Type)}); err != nil {
			t.Fatal(err)
		}
	}
	rules, err := policy.Load(folder+"/policy.yaml", s.text(t, folder), catalog)
	if err != nil {
		t.Fatal(err)
	}
	return s, rules.With(s.staff()).Within(s.rights())
}

// staff is how the subjects come in: it tells the roles of records' owners.
func (s suite) staff() policy.Staff {
	out := policy.Staff{}
	for _, who := range s.Subjects {
		if who.Person != "" && who.Profile != "" {
			from := who.policy()
			out[from.Person] = append(out[from.Person], policy.Path{Connection: from.Connection, Profile: from.Profile})
		}
	}
	return out
}

// text is the policy that the cases are about.
func (s suite) text(t *testing.T, folder string) []byte {
	t.Helper()
	if s.Preset == "" {
		return read(t, folder, "policy.yaml")
	}
	text, ok := presets.Text(s.Preset)
	if !ok {
		t.Fatalf("there is no preset %s", s.Preset)
	}
	return append(text, s.Plus...)
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
	e := c.explained(t, rules, s, action, target, r)
	if e.Allowed != (c.Is == "allowed") || e.Proposable != (c.Is == "proposed") && target.Field != "" {
		t.Errorf("allowed %v, proposable %v: %s", e.Allowed, e.Proposable, e.Text("en"))
	}
	if c.Rule != "" && e.Rule != c.Rule || c.Cause != "" && string(e.Cause) != c.Cause {
		t.Errorf("rule %q, cause %q: %s", e.Rule, e.Cause, e.Text("en"))
	}
	if c.Opened != "" && e.Opened.Rule != c.Opened {
		t.Errorf("opened by %q: %s", e.Opened.Rule, e.Text("en"))
	}
	if (e.Rule != "") != (e.Pos.Line > 0) || c.Final != (len(e.Remedy) == 0) {
		t.Errorf("rule %q at %q, %d edits", e.Rule, e.Pos, len(e.Remedy))
	}
	switch {
	case c.At != "": // rights alone do not decide
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

// explained is the decision, at a moment if the case is about one.
func (c testCase) explained(t *testing.T, rules *policy.Policy, s policy.Subject, action policy.Action, target policy.Target, r policy.Record) policy.Explanation {
	if c.At == "" {
		return rules.Explain(s, action, target, r)
	}
	at, err := time.Parse(time.RFC3339, c.At)
	if err != nil {
		t.Fatal(err)
	}
	var from netip.Addr
	if c.From != "" {
		if from, err = netip.ParseAddr(c.From); err != nil {
			t.Fatal(err)
		}
	}
	return rules.ExplainAt(s, action, target, r, policy.Visit{At: at, From: from})
}

// shownCase is what a card says of some fields by a context field.
type shownCase struct {
	Name    string            `yaml:"name,required"`
	Who     string            `yaml:"who,required"`
	Context string            `yaml:"context,required"`
	Fields  map[string]string `yaml:"fields"`
	Calls   int               `yaml:"calls"`
	Is      string            `yaml:"is"` // "": nothing, or it is not on their card
}

func (c shownCase) decide(t *testing.T, rules *policy.Policy, s suite) {
	who, known := s.Subjects[c.Who]
	if !known {
		t.Fatalf("context %q: nobody is %s", c.Name, c.Who)
	}
	fields := map[bridge.FieldName]bridge.Value{}
	for name, value := range c.Fields {
		fields[bridge.FieldName(name)] = bridge.Value(value)
	}
	got := ""
	if slices.Contains(rules.Context(bridge.ConnectionName(who.Connection), bridge.Profile(who.Profile)), c.Context) {
		got = rules.Derive(c.Context, policy.Facts{Fields: fields, Lead: bridge.Lead{Attempts: c.Calls}, Today: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)})
	}
	if got != c.Is {
		t.Errorf("%s: %q", c.Name, got)
	}
	e := rules.Explain(who.policy(), policy.Read, policy.OnField(bridge.FieldName("context."+c.Context)), policy.Record{})
	if c.Is != "" && !e.Allowed || strings.Contains(e.Text("en"), "120000") {
		t.Errorf("%s: %s", c.Name, e.Text("en"))
	}
}
