package policy

import (
	"fmt"
	"slices"
	"strings"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// caseText is a test case as written.
type caseText struct {
	Name   string   `yaml:"name"`
	As     string   `yaml:"as,required"` // a role, or connection/profile
	Record []string `yaml:"record"`      // the scopes that the record is in
	Owner  string   `yaml:"owner"`       // the role of whom the record belongs to
	Team   string   `yaml:"team"`        // the team that it belongs to
	Member string   `yaml:"member"`      // the team of who asks
	Person string   `yaml:"person"`      // who asks, where their exceptions matter
	At     string   `yaml:"at"`          // when, by the clock of the role's window; absent: while it is open
	From   string   `yaml:"from"`        // the address they ask from; absent: one that they are let in from
	Can    []string `yaml:"can"`
	Cannot []string `yaml:"cannot"`
}

// testCase is what an author expects of their own rules.
type testCase struct {
	name   string
	node   strict.Node
	who    asker
	of     belonging
	set    scopeSet
	visit  *visit // nil: rights alone decide
	claims []claim
}

// claim is one expectation: that the action on the target is allowed, or not.
type claim struct {
	path   string // in the case, for findings
	action Action
	target Target
	bit    int
	can    bool
	empty  phrase // why the claim is about nothing; zero for all but a few
}

// Test runs the cases that the policy's text holds. Its error is
// strict.Findings with the claims that do not come true: where each stands, the
// rule that decides otherwise, and the smallest change that would make it so.
func (p *Policy) Test() error {
	var findings strict.Findings
	for _, c := range p.cases {
		for _, claim := range c.claims {
			if finding, ok := p.fails(c, claim); ok {
				findings = append(findings, finding)
			}
		}
	}
	return findings.Err()
}

// Cases is how many claims the policy's cases make.
func (p *Policy) Cases() int {
	n := 0
	for _, c := range p.cases {
		n += len(c.claims)
	}
	return n
}

func (p *Policy) fails(c testCase, cl claim) (strict.Finding, bool) {
	if cl.empty != (phrase{}) {
		return c.node.Find(cl.path, broken.With("{case}", c.name, "{why}", cl.empty)), true
	}
	e := extent{c.set, p.general(c.set) | p.shared(c.who, c.of)}
	j := c.who.role.judge(p.targets, cl.action.index(), cl.bit, e)
	shut := c.visit.shut(p, c.who.role)
	if (j.cause == CauseGrant && shut == nil) == cl.can {
		return strict.Finding{}, false
	}
	if j.cause == CauseGrant && shut != nil {
		exception := c.visit.remedy(p, c.who.role)
		return c.mended(cl, bilingual.Each(shut.Text).And(phrase{" (window, line {line})", " (window, ligne {line})"}.With("{line}", shut.Pos.Line)), exception), true
	}
	why := bilingual.Each(func(lang string) string { return j.reason(lang, Subject{}, cl.action, cl.target) })
	if j.rule != nil {
		why = why.And(phrase{" ({rule}, line {line})", " ({rule}, ligne {line})"}.With("{rule}", j.rule.name, "{line}", j.rule.pos.Line))
	}
	if j.wide {
		by := p.opener(c.who, c.of, c.set, cl.action.index(), cl.target.Object)
		why = why.And(phrase{", opened by {rule}, line {line}", ", ouvert par {rule}, ligne {line}"}.With("{rule}", by.Rule, "{line}", by.Pos.Line))
	}
	remedy := Remedy{{Kind: AddDeny, Role: c.who.role.name, Action: cl.action, Target: cl.target}}
	if cl.can {
		remedy = append(c.who.role.open(p.targets, cl.action, cl.target, cl.bit, e), c.visit.remedy(p, c.who.role)...)
	}
	return c.mended(cl, why, remedy), true
}

var (
	broken = phrase{"{case} does not hold: {why}", "{case} ne se vérifie pas : {why}"}
	toHold = phrase{"; to make it hold, {remedy}", " ; pour que cela se vérifie, {remedy}"}
)

// mended says why a claim does not hold, and what would make it.
func (c testCase) mended(cl claim, why phrase, remedy Remedy) strict.Finding {
	return c.node.Find(cl.path, broken.And(toHold).With("{case}", c.name, "{why}", why, "{remedy}", bilingual.Each(remedy.Text)))
}

var noRoleHere = phrase{
	"{role}; a profile of a connection is written like phoning.console/agent",
	"{role} ; un profil d'une connexion s'écrit comme phoning.console/agent",
}

// testCase reads a case; false if it cannot be understood.
func (l *loader) testCase(p *Policy, i int, n strict.Node) (testCase, bool) {
	var text caseText
	before := len(l.findings)
	if !l.decode(n, &text) {
		return testCase{}, false
	}
	c := testCase{name: text.Name, node: n, set: inAll}
	if c.name == "" {
		c.name = fmt.Sprintf("test %d", i+1)
	}
	c.who.team, c.of.team = text.Member, text.Team
	if c.who.role = l.whom(p, text.As); c.who.role == nil {
		l.find(n, "as", noRoleHere.With("{role}", noSuchRole(p.Roles())))
	}
	if owner := p.role(bridge.Role(text.Owner)); owner != nil {
		c.of.owners = []int{owner.number}
	} else if text.Owner != "" {
		l.find(n, "owner", noSuchRole(p.Roles()))
	}
	for i, scope := range text.Record {
		bit := Scope(scope).bit()
		if !slices.Contains(Scopes(), Scope(scope)) {
			l.find(n, itemPath("record", i), noSuchScope())
		}
		c.set |= bit
	}
	if text.Team != "" && text.Team == text.Member {
		c.set |= inTeam
	}
	c.visit = l.visit(n, text, c.who.role)
	c.claims = append(l.claims(n, "can", text.Can), l.claims(n, "cannot", text.Cannot)...)
	if len(c.claims) == 0 && before == len(l.findings) {
		l.find(n, "", phrase{"it expects nothing: add can: [read prospect.phone], or cannot", "il n'attend rien : ajoutez can: [read prospect.phone], ou cannot"})
	}
	return c, before == len(l.findings)
}

// whom is the role that a case is about.
func (l *loader) whom(p *Policy, as string) *role {
	if connection, profile, ok := strings.Cut(as, "/"); ok {
		return p.paths[Path{bridge.ConnectionName(connection), bridge.Profile(profile)}]
	}
	return p.role(bridge.Role(as))
}

func (l *loader) claims(n strict.Node, key string, items []string) []claim {
	var out []claim
	for i, item := range items {
		path := itemPath(key, i)
		found, why := l.claimed(item)
		if why != (phrase{}) {
			l.find(n, path, why)
		}
		for _, c := range found {
			c.path, c.can = path, key == "can"
			out = append(out, c)
		}
	}
	return out
}

var claimForm = phrase{
	"write an action and a field, an object or a class of its fields: read prospect.phone, write appointment, read class financial of account",
	"écrivez une action et un champ, un objet ou une classe de ses champs : read prospect.phone, write appointment, read class financial of account",
}

// claimed reads "read prospect.phone", "write appointment" or "read class
// financial of account", which is a claim for each such field.
func (l *loader) claimed(item string) (out []claim, why phrase) {
	words := strings.Fields(item)
	if len(words) < 2 {
		return nil, claimForm
	}
	action := Action(words[0])
	if action.index() < 0 {
		return nil, noSuchAction()
	}
	object, field, isField := strings.Cut(words[1], ".")
	switch {
	case len(words) == 2 && isField && field != "":
		return l.claimOn(action, OnField(bridge.FieldName(words[1])))
	case len(words) == 2 && !isField:
		return l.claimOn(action, OnObject(bridge.Object(object)))
	case len(words) == 5 && words[1] == "class" && words[3] == "of":
		return l.claimOnClass(action, words[2], bridge.Object(words[4]))
	}
	return nil, claimForm
}

func (l *loader) claimOn(action Action, t Target) ([]claim, phrase) {
	bit := l.targets.bit(t)
	switch {
	case bit < 0 && t.Field != "":
		return nil, notInCatalogue.With("{example}", l.targets.example(t.Object))
	case bit < 0:
		return nil, noSuchObject()
	case t.Field != "" && action == Delete:
		return nil, reasons[CauseNoField]
	}
	return []claim{{action: action, target: t, bit: bit}}, phrase{}
}

var ofNoField = phrase{
	"{object} has no field of class {class}, so this would be so whatever the rules say",
	"{object} n'a aucun champ de classe {class}, ce serait donc ainsi quelle que soit la politique",
}

func (l *loader) claimOnClass(action Action, class string, object bridge.Object) (out []claim, why phrase) {
	switch s, err := parseClass(class); {
	case err != nil:
		return nil, bilingual.Of(err)
	case l.targets.verb(object) < 0:
		return nil, noSuchObject()
	case action == Delete:
		return nil, reasons[CauseNoField]
	default:
		l.targets.apply(object, s, func(bit int) {
			out = append(out, claim{action: action, target: OnField(l.targets.names[bit]), bit: bit})
		})
	}
	if len(out) == 0 {
		// No reason not to load: the catalogue may have lost the class's last field.
		out = []claim{{action: action, target: OnObject(object), empty: ofNoField.With("{object}", object, "{class}", class)}}
	}
	return out, phrase{}
}

func (l *loader) cases(p *Policy, nodes []strict.Node) {
	for i, n := range nodes {
		if c, ok := l.testCase(p, i, n); ok {
			p.cases = append(p.cases, c)
		}
	}
	p.cases = slices.Clip(p.cases)
}
