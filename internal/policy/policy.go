package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"passerelle/internal/bridge"
)

// The context fields of every policy: what a card may say without showing the
// history behind it. The desk derives them.
const (
	ContextCustomer    = "customer"     // yes or no
	ContextLastContact = "last_contact" // how long ago, and how it ended
	ContextAttempts    = "attempts"     // how often called in this campaign
)

// ContextFields lists those that every policy knows.
func ContextFields() []string {
	return []string{ContextCustomer, ContextLastContact, ContextAttempts}
}

// Pos is a place in a policy's text.
type Pos struct {
	File string `json:"file"`
	Line int    `json:"line"` // from 1
	Col  int    `json:"col"`  // from 1
}

func (p Pos) String() string {
	if p.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Policy is a loaded policy. It never changes.
type Policy struct {
	text    []byte
	hash    string
	targets *targets
	roles   []*role // by name
	paths   map[Path]*role
	seats   map[bridge.Profile][]seat // the same, for decisions
	cases   []testCase

	defaults    opening // of every record
	teammates   opening // of the records of one's own team
	sharing     []*share
	territories []territory // as written
	window      *window     // of those without a role; nil: always open
	exceptions  []exception
	limits      []Limit
	context     []*contextField // by name
	toTeams     map[string]*given
	shares      bool // there is rank or a sharing rule
	staff       Staff
	crms        map[bridge.ConnectionName]crmBound
	told        map[bridge.ConnectionName]Told
	roofs       map[bridge.ConnectionName]*roof // nil: no CRM's own rights bind
	ranks       map[bridge.PersonID][]int       // the roles that people have, by number
}

// Path is a way in: a connection and the profile a person has on it.
type Path struct {
	Connection bridge.ConnectionName `json:"connection"`
	Profile    bridge.Profile        `json:"profile"`
}

// role is a role's rights, compiled.
type role struct {
	name    bridge.Role
	number  int // its place among the policy's roles
	under   *role
	pos     Pos
	ranked  Pos  // where under stands
	noRank  bool // its people see nothing by rank
	given   *given
	title   string
	rules   []*rule // denies first, then grants, each as written
	context []string
	window  *window // nil: always open

	statistics Scope              // whose it sees; "": nobody's
	requires   Strength           // of who signs in with a browser
	rows       [scopeRows]*rights // by scopeSet without inAll; equal ones are shared
	ever       *rights            // in any scope
	below      *rights            // on what those below own
}

// rights is what may be done, by action.
type rights [actionCount]mask

// rule is one grant or deny.
type rule struct {
	name   string
	pos    Pos
	deny   bool
	object bridge.Object
	scope  Scope // of a deny: All
	covers rights
}

// Text is the policy as it was loaded: without a byte order mark, lines ending
// in \n. The caller must not change it.
func (p *Policy) Text() []byte { return p.text }

// Hash names the policy: the first 16 bytes of the SHA-256 of Text, in hex. It
// says nothing of the catalog, whose classes the policy's rights depend on.
func (p *Policy) Hash() string { return p.hash }

// HashOf is the hash that a policy of this text has.
func HashOf(text []byte) string { return hashOf(canonical(text)) }

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Roles lists the roles in alphabetical order.
func (p *Policy) Roles() []bridge.Role {
	out := make([]bridge.Role, len(p.roles))
	for i, r := range p.roles {
		out[i] = r.name
	}
	return out
}

// Title is what people call the role, its name if the policy gives it no title.
func (p *Policy) Title(name bridge.Role) string {
	if r := p.role(name); r != nil && r.title != "" {
		return r.title
	}
	return string(name)
}

func (p *Policy) role(name bridge.Role) *role {
	i, ok := slices.BinarySearchFunc(p.roles, &role{name: name}, compareRoles)
	if !ok {
		return nil
	}
	return p.roles[i]
}

func compareRoles(a, b *role) int { return cmp.Compare(a.name, b.name) }

// RoleOf is the role of a profile on a connection, false if the policy maps it
// to none: then it has no right at all.
func (p *Policy) RoleOf(connection bridge.ConnectionName, profile bridge.Profile) (bridge.Role, bool) {
	r, ok := p.paths[Path{connection, profile}]
	if !ok {
		return "", false
	}
	return r.name, true
}

// Paths lists the profiles the policy maps, by connection and profile.
func (p *Policy) Paths() []Path {
	return slices.SortedFunc(maps.Keys(p.paths), func(a, b Path) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Profile, b.Profile))
	})
}

// Context lists the context fields that cards of the profile hold.
func (p *Policy) Context(connection bridge.ConnectionName, profile bridge.Profile) []string {
	if r, ok := p.paths[Path{connection, profile}]; ok {
		return slices.Clone(r.context)
	}
	return nil
}

// NeededOf lists the fields that may be asked of a CRM for one of the paths:
// those that it may read in some scope, and those that its context fields are
// derived from.
func (p *Policy) NeededOf(paths ...Path) []bridge.FieldName {
	all := p.targets.empty()
	for _, path := range paths {
		if r, ok := p.paths[path]; ok {
			all.add(r.ever[Read.index()])
			all.add(r.asked(p))
		}
	}
	return FieldMask{targets: p.targets, bits: all}.Names()
}
