package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	ours "passerelle/internal/policy"
)

// grant lets a role do an action on fields of records in a scope.
type grant struct {
	role, scope, action string
	fields              []string
}

// deny takes fields from a role, whatever is granted.
type deny struct {
	role, action string
	fields       []string
}

// sample is what all four policies say.
type sample struct {
	grants []grant
	denies []deny
}

// fields are the forty that a record has.
var fields = func() (out []string) {
	for _, name := range catalog.Names() {
		if o := name.Object(); o == bridge.ProspectObj || o == bridge.Account {
			out = append(out, string(name))
		}
	}
	return out[:40]
}()

var catalog = func() bridge.Catalog {
	var own []bridge.FieldDef
	for i := range 40 {
		own = append(own, bridge.FieldDef{Name: bridge.FieldName(fmt.Sprintf("prospect.x_own_%02d", i)), Class: bridge.Public})
	}
	c, err := bridge.Standard().With(own...)
	if err != nil {
		panic(err)
	}
	return c
}()

// every is every nth of the fields, from the one that is given on.
func every(n, from int) (out []string) {
	for i := from; i < len(fields); i += n {
		out = append(out, fields[i])
	}
	return out
}

// phone is a field that callers read of leads assigned to them, margin one that
// they are denied.
const (
	phone  = "prospect.phone"
	margin = "account.margin"
)

func newSample() sample {
	seen := append(every(2, 0), phone, margin)
	slices.Sort(seen)
	seen = slices.Compact(seen)
	return sample{
		grants: []grant{
			{"caller", "assigned", "read", seen},
			{"caller", "assigned", "write", []string{"prospect.status", "prospect.comment"}},
			{"caller", "own", "read", every(5, 1)},
			{"supervisor", "campaign", "read", fields},
			{"supervisor", "campaign", "write", every(3, 0)},
			{"supervisor", "team", "read", every(4, 1)},
			{"director", "all", "read", fields},
		},
		denies: []deny{
			{"caller", "read", []string{margin, "account.revenue"}},
			{"supervisor", "write", []string{"account.owner", "prospect.owner"}},
		},
	}
}

// question is one that all can answer.
type question struct {
	person, role, team, action, field     string
	owner, assignee, recordTeam, campaign string // of the record; campaign is the team that runs its campaign
}

// about is a caller before a lead that is assigned to them.
func about(field string) question {
	return question{
		person: "alice", role: "caller", team: "floor", action: "read", field: field,
		owner: "vera", assignee: "alice", recordTeam: "field", campaign: "floor",
	}
}

// passerelle is the sample in the bridge's language.
func (s sample) passerelle() string {
	var b strings.Builder
	b.WriteString("version: 1\nroles:\n")
	for _, role := range s.roles() {
		fmt.Fprintf(&b, "  %s:\n    grants:\n", role)
		for i, g := range s.grants {
			for _, object := range []string{"prospect", "account"} {
				if of := s.of(object, g.fields); g.role == role && len(of) > 0 {
					fmt.Fprintf(&b, "      - {name: g%d-%s, on: %s, scope: %s, %s: [%s]}\n", i, object, object, g.scope, g.action, strings.Join(of, ", "))
				}
			}
		}
		b.WriteString("    deny:\n")
		for i, d := range s.denies {
			for _, object := range []string{"prospect", "account"} {
				if of := s.of(object, d.fields); d.role == role && len(of) > 0 {
					fmt.Fprintf(&b, "      - {name: d%d-%s, on: %s, fields: [%s], actions: [%s]}\n", i, object, object, strings.Join(of, ", "), d.action)
				}
			}
		}
	}
	b.WriteString("profiles:\n  phoning.console: {")
	for _, role := range s.roles() {
		fmt.Fprintf(&b, "%s: %s, ", role, role)
	}
	return b.String() + "}\n"
}

func (s sample) roles() (out []string) {
	for _, g := range s.grants {
		if !slices.Contains(out, g.role) {
			out = append(out, g.role)
		}
	}
	return out
}

func (sample) of(object string, all []string) (out []string) {
	for _, f := range all {
		if strings.HasPrefix(f, object+".") {
			out = append(out, f)
		}
	}
	return out
}

// passerelle asks the bridge's policy.
type passerelle struct{ policy *ours.Policy }

func newPasserelle(s sample) (peer, error) {
	p, err := ours.Load("sample.yaml", []byte(s.passerelle()), catalog)
	return &passerelle{p}, err
}

func (q question) subject() ours.Subject {
	return ours.Subject{Person: bridge.PersonID(q.person), Team: q.team, Connection: "phoning.console", Profile: bridge.Profile(q.role)}
}

func (q question) record() ours.Record {
	return ours.Record{Owner: bridge.PersonID(q.owner), Assignee: bridge.PersonID(q.assignee), Team: q.recordTeam, CampaignTeam: q.campaign}
}

func (p *passerelle) ask(q question) func() (bool, error) {
	s, a, f, r := q.subject(), ours.Action(q.action), bridge.FieldName(q.field), q.record()
	return func() (bool, error) { return p.policy.AllowsField(s, a, f, r), nil }
}

// card writes the record as desk writes its rows: fields by number, in the order
// of their names.
func (p *passerelle) card(q question, record map[string]string) func() ([]byte, error) {
	s, r := q.subject(), q.record()
	var names []bridge.FieldName
	var values []string
	for _, name := range slices.Sorted(maps.Keys(record)) {
		names, values = append(names, bridge.FieldName(name)), append(values, record[name])
	}
	members, out := p.policy.Members(names), make([]byte, 0, 4096)
	return func() ([]byte, error) {
		mask := p.policy.ReadMask(s, r)
		out = append(out[:0], '{')
		for n, value := range values {
			if mask.HasMember(members, n) {
				out = members.Append(out, n, value)
			}
		}
		if len(out) > 1 {
			out = out[:len(out)-1] // the last comma
		}
		out = append(out, '}')
		return out, nil
	}
}
