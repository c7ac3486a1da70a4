package policy

import (
	"bytes"
	"regexp"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/strict"
)

// Version is the version of the language.
const Version = 1

// document is a policy as written.
type document struct {
	Version     int                               `yaml:"version,required"`
	Roles       map[string]strict.Node            `yaml:"roles,required"`
	Profiles    map[string]map[string]strict.Node `yaml:"profiles,required"`
	Defaults    map[string]strict.Node            `yaml:"defaults"`
	Teammates   map[string]strict.Node            `yaml:"teammates"`
	Sharing     []strict.Node                     `yaml:"sharing"`
	Territories map[string]strict.Node            `yaml:"territories"` // in their order: read by hand
	Context     map[string]strict.Node            `yaml:"context"`
	Window      strict.Node                       `yaml:"window"`
	Limits      []strict.Node                     `yaml:"limits"`
	CRMRights   map[string]strict.Node            `yaml:"crm_rights"`
	Tests       []strict.Node                     `yaml:"tests"`
}

type roleText struct {
	Title     string        `yaml:"title"`
	Under     string        `yaml:"under"`
	Superiors *bool         `yaml:"superiors"` // false: nothing is seen by rank
	Grants    []strict.Node `yaml:"grants"`
	Deny      []strict.Node `yaml:"deny"`
	Context   []string      `yaml:"context"`
	Window    strict.Node   `yaml:"window"`

	Statistics string `yaml:"statistics"` // own, team or all
	Requires   string `yaml:"requires"`   // second_factor
}

type grantText struct {
	Name    string   `yaml:"name"`
	On      string   `yaml:"on,required"`
	Scope   string   `yaml:"scope,required"`
	Actions []string `yaml:"actions"`
	Read    []string `yaml:"read"`
	Create  []string `yaml:"create"`
	Write   []string `yaml:"write"`
	Propose []string `yaml:"propose"`
	Export  []string `yaml:"export"`
}

type denyText struct {
	Name    string      `yaml:"name"`
	On      string      `yaml:"on,required"`
	Fields  strict.Node `yaml:"fields"` // absent is the whole object, an empty list is a mistake
	Except  []string    `yaml:"except"`
	Actions strict.Node `yaml:"actions"` // absent is all
}

// Load reads a policy's text (YAML, see the package's documentation) against
// the catalog of fields. If anything is wrong there is no policy, and the error
// is strict.Findings with all of it.
func Load(file string, text []byte, catalog bridge.Catalog) (*Policy, error) {
	text = canonical(text)
	root, err := strict.Parse(file, text)
	if err != nil {
		return nil, err
	}
	l := &loader{targets: newTargets(catalog)}
	p := &Policy{text: text, hash: hashOf(text), targets: l.targets, paths: make(map[Path]*role)}
	l.document(p, *root)
	if err := l.findings.Err(); err != nil {
		return nil, err
	}
	p.seat()
	p.openUp()
	for _, ro := range p.roles {
		ro.compile(p)
	}
	if l.unread(p, *root); l.findings != nil {
		return nil, l.findings.Err()
	}
	return p, nil
}

// canonical is the text that is kept and hashed: what an editor adds on its own
// (a byte order mark, \r\n) makes no other policy.
func canonical(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}

// loader turns what is written into a policy and gathers what is wrong.
type loader struct {
	targets  *targets
	findings strict.Findings
}

func (l *loader) find(n strict.Node, path string, what phrase) {
	l.findings = append(l.findings, n.Find(path, what))
}

// decode reads a node; false if something was wrong with it.
func (l *loader) decode(n strict.Node, into any) bool {
	err := n.Decode(into)
	l.findings.Add(err)
	return err == nil
}

func (l *loader) document(p *Policy, root strict.Node) {
	var doc document
	complete := l.decode(root, &doc) // what is right is there all the same
	if doc.Version != Version && (complete || doc.Version != 0) {
		l.find(root, "version", phrase{"this program reads version {n} of the language; write version: {n}", "ce programme lit la version {n} du langage ; écrivez version: {n}"}.With("{n}", Version))
	}
	if doc.Roles != nil && len(doc.Roles) == 0 {
		l.find(root, "roles", phrase{"a policy has at least one role: write its name and rules", "une politique a au moins un rôle : écrivez son nom et ses droits"})
	}
	l.generalWindow(p, doc.Window)
	l.ownContext(p, doc.Context)
	for name, n := range doc.Roles {
		p.roles = append(p.roles, l.role(p, bridge.Role(name), n))
	}
	slices.SortFunc(p.roles, compareRoles)
	l.tree(p, doc.Roles)
	p.window = p.window.orNone()
	p.defaults = l.general(doc.Defaults, 0, accesses()...)
	p.teammates = l.general(doc.Teammates, p.defaults.wide, AccessPrivate, AccessRead, AccessWrite)
	l.sharing(p, doc.Sharing)
	l.territories(p, root)
	l.limits(p, doc.Limits)
	l.crmRights(p, doc.CRMRights)
	for connection, profiles := range doc.Profiles {
		for profile, n := range profiles {
			l.profile(p, Path{bridge.ConnectionName(connection), bridge.Profile(profile)}, n)
		}
	}
	l.cases(p, doc.Tests)
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

var (
	nameForm = phrase{
		"a name begins with a letter and has lower case letters, digits, - and _, 63 at most",
		"un nom commence par une lettre et se compose de minuscules sans accent, de chiffres, de - et de _, 63 au plus",
	}
	noSuchContext = phrase{"no such context field; there are {names}", "pas de champ de contexte de ce nom ; il y a {names}"}
	secondRule    = phrase{
		"a second rule {name} (the first is at line {line}): merge them, or give one a name",
		"une seconde règle {name} (la première est à la ligne {line}) : réunissez-les, ou donnez un nom à l'une",
	}
	noName = phrase{"a connection and a profile have a name", "une connexion et un profil ont un nom"}
)

func (l *loader) role(p *Policy, name bridge.Role, n strict.Node) *role {
	ro := &role{name: name, pos: Pos(n.Pos())}
	if !namePattern.MatchString(string(name)) {
		l.find(n, "", nameForm)
	}
	var text roleText
	l.decode(n, &text)
	ro.title = text.Title
	ro.noRank = text.Superiors != nil && !*text.Superiors
	ro.window = l.roleWindow(*p.window, text.Window)
	ro.statistics = l.statistics(n, text.Statistics)
	ro.requires = l.requires(n, text.Requires)
	for _, deny := range text.Deny {
		l.addRule(ro, deny, l.deny(ro, deny))
	}
	for _, grant := range text.Grants {
		l.addRule(ro, grant, l.grant(ro, grant))
	}
	for i, field := range text.Context {
		if !slices.Contains(p.contextNames(), field) {
			l.find(n, itemPath("context", i), noSuchContext.With("{names}", list(p.contextNames())))
			continue
		}
		if !slices.Contains(ro.context, field) {
			ro.context = append(ro.context, field)
		}
	}
	return ro
}

// addRule keeps the rule if it is one and its name is free: explanations and
// the ledger tell rules by their names.
func (l *loader) addRule(ro *role, n strict.Node, r *rule) {
	if r == nil {
		return
	}
	for _, other := range ro.rules {
		if other.name == r.name {
			l.find(n, "", secondRule.With("{name}", r.name, "{line}", other.pos.Line))
			return
		}
	}
	ro.rules = append(ro.rules, r)
}

func (l *loader) profile(p *Policy, path Path, n strict.Node) {
	name, _ := n.Scalar()
	ro := p.role(bridge.Role(name))
	switch {
	case path.Connection == "" || path.Profile == "":
		l.find(n, "", noName)
	case ro == nil:
		l.find(n, "", noSuchRole(p.Roles()))
	default:
		p.paths[path] = ro
	}
}
