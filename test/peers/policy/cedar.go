package policy

import (
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go"
)

// byCedar asks cedar-go: a policy for each grant, the field in the context.
type byCedar struct{ policies *cedar.PolicySet }

var cedarScopes = map[string]string{
	"own":      `resource.owner != "" && resource.owner == principal.person`,
	"assigned": `resource.assignee != "" && resource.assignee == principal.person`,
	"team":     `resource.team != "" && resource.team == principal.team`,
	"campaign": `resource.campaign != "" && resource.campaign == principal.team`,
	"all":      `true`,
}

func (s sample) cedar() string {
	var b strings.Builder
	for _, g := range s.grants {
		fmt.Fprintf(&b, "permit (principal in Role::%q, action == Action::%q, resource)\nwhen { %s && [%s].contains(context.field) };\n",
			g.role, g.action, cedarScopes[g.scope], quoted(g.fields))
	}
	for _, d := range s.denies {
		fmt.Fprintf(&b, "forbid (principal in Role::%q, action == Action::%q, resource)\nwhen { [%s].contains(context.field) };\n", d.role, d.action, quoted(d.fields))
	}
	return b.String()
}

func quoted(all []string) string { return `"` + strings.Join(all, `", "`) + `"` }

func newCedar(s sample) (peer, error) {
	set, err := cedar.NewPolicySetFromBytes("sample.cedar", []byte(s.cedar()))
	return &byCedar{set}, err
}

func (p *byCedar) ask(q question) func() (bool, error) {
	who, what := cedar.NewEntityUID("Person", cedar.String(q.person)), cedar.NewEntityUID("Lead", "1")
	role := cedar.NewEntityUID("Role", cedar.String(q.role))
	entities := cedar.EntityMap{
		who: {UID: who, Parents: cedar.NewEntityUIDSet(role), Attributes: cedar.NewRecord(cedar.RecordMap{
			"person": cedar.String(q.person), "team": cedar.String(q.team),
		})},
		role: {UID: role},
		what: {UID: what, Attributes: cedar.NewRecord(cedar.RecordMap{
			"owner": cedar.String(q.owner), "assignee": cedar.String(q.assignee),
			"team": cedar.String(q.recordTeam), "campaign": cedar.String(q.campaign),
		})},
	}
	request := cedar.Request{
		Principal: who, Action: cedar.NewEntityUID("Action", cedar.String(q.action)), Resource: what,
		Context: cedar.NewRecord(cedar.RecordMap{"field": cedar.String(q.field)}),
	}
	return func() (bool, error) {
		decision, diagnostic := cedar.Authorize(p.policies, entities, request)
		if len(diagnostic.Errors) > 0 {
			return false, fmt.Errorf("cedar: %v", diagnostic.Errors)
		}
		return decision == cedar.Allow, nil
	}
}

func (p *byCedar) card(q question, record map[string]string) func() ([]byte, error) {
	return oneByOne(p, q, record)
}
