package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
)

// byCasbin asks casbin: a rule for each field, attributes in the matcher.
type byCasbin struct{ enforcer *casbin.Enforcer }

const casbinModel = `
[request_definition]
r = sub, obj, act

[policy_definition]
p = role, scope, field, act, eft

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = r.sub.Role == p.role && r.act == p.act && r.obj.Field == p.field && inScope(p.scope, r.sub, r.obj)
`

type casbinSubject struct{ Person, Role, Team string }

type casbinObject struct{ Field, Owner, Assignee, Team, Campaign string }

func inScope(args ...any) (any, error) {
	scope, s, o := args[0].(string), args[1].(casbinSubject), args[2].(casbinObject)
	switch scope {
	case "own":
		return o.Owner != "" && o.Owner == s.Person, nil
	case "assigned":
		return o.Assignee != "" && o.Assignee == s.Person, nil
	case "team":
		return o.Team != "" && o.Team == s.Team, nil
	case "campaign":
		return o.Campaign != "" && o.Campaign == s.Team, nil
	}
	return scope == "all", nil
}

// casbin is the sample as lines of rules.
func (s sample) casbin() string {
	var b strings.Builder
	for _, g := range s.grants {
		for _, f := range g.fields {
			fmt.Fprintf(&b, "p, %s, %s, %s, %s, allow\n", g.role, g.scope, f, g.action)
		}
	}
	for _, d := range s.denies {
		for _, f := range d.fields {
			fmt.Fprintf(&b, "p, %s, all, %s, %s, deny\n", d.role, f, d.action)
		}
	}
	return b.String()
}

func newCasbin(s sample) (peer, error) {
	m, err := model.NewModelFromString(casbinModel)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m, stringadapter.NewAdapter(s.casbin()))
	if err != nil {
		return nil, err
	}
	e.AddFunction("inScope", inScope)
	return &byCasbin{e}, nil
}

func (p *byCasbin) ask(q question) func() (bool, error) {
	s, o := casbinSubject{q.person, q.role, q.team}, casbinObject{q.field, q.owner, q.assignee, q.recordTeam, q.campaign}
	return func() (bool, error) { return p.enforcer.Enforce(s, o, q.action) }
}

func (p *byCasbin) card(q question, record map[string]string) func() ([]byte, error) {
	return oneByOne(p, q, record)
}

// oneByOne makes a card by asking for each field, for those who know no other way.
func oneByOne(p peer, q question, record map[string]string) func() ([]byte, error) {
	questions := make(map[string]func() (bool, error), len(record))
	for name := range record {
		of := q
		of.action, of.field = "read", name
		questions[name] = p.ask(of)
	}
	return func() ([]byte, error) {
		card := make(map[string]string, len(record))
		for name, value := range record {
			may, err := questions[name]()
			if err != nil {
				return nil, err
			}
			if may {
				card[name] = value
			}
		}
		return json.Marshal(card)
	}
}
