package policy

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// byOPA asks OPA: the grants are a document, looked up by role, action and field.
type byOPA struct{ allow, cards rego.PreparedEvalQuery }

const regoModule = `
package sample

scopes contains "all"

scopes contains "own" if {
	input.record.owner != ""
	input.record.owner == input.person
}

scopes contains "assigned" if {
	input.record.assignee != ""
	input.record.assignee == input.person
}

scopes contains "team" if {
	input.record.team != ""
	input.record.team == input.team
}

scopes contains "campaign" if {
	input.record.campaign != ""
	input.record.campaign == input.team
}

default allow := false

allow if {
	not data.denies[input.role][input.action][input.field]
	some scope in scopes
	data.grants[input.role][input.action][scope][input.field]
}

readable contains field if {
	some scope in scopes
	some field, _ in data.grants[input.role].read[scope]
	not data.denies[input.role].read[field]
}

card := object.filter(input.fields, readable)
`

// documents are the sample's grants and denies as OPA looks them up.
func (s sample) documents() map[string]any {
	grants, denies := map[string]any{}, map[string]any{}
	at := func(m map[string]any, keys ...string) map[string]any {
		for _, key := range keys {
			if m[key] == nil {
				m[key] = map[string]any{}
			}
			m = m[key].(map[string]any)
		}
		return m
	}
	for _, g := range s.grants {
		for _, f := range g.fields {
			at(grants, g.role, g.action, g.scope)[f] = true
		}
	}
	for _, d := range s.denies {
		for _, f := range d.fields {
			at(denies, d.role, d.action)[f] = true
		}
	}
	return map[string]any{"grants": grants, "denies": denies}
}

func newOPA(s sample) (peer, error) {
	ctx, p := context.Background(), &byOPA{}
	store := inmem.NewFromObject(s.documents())
	for query, into := range map[string]*rego.PreparedEvalQuery{"data.sample.allow": &p.allow, "data.sample.card": &p.cards} {
		var err error
		if *into, err = rego.New(rego.Query(query), rego.Module("sample.rego", regoModule), rego.Store(store)).PrepareForEval(ctx); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (q question) input(fields map[string]string) (ast.Value, error) {
	return ast.InterfaceToValue(map[string]any{
		"person": q.person, "role": q.role, "team": q.team, "action": q.action, "field": q.field, "fields": fields,
		"record": map[string]any{"owner": q.owner, "assignee": q.assignee, "team": q.recordTeam, "campaign": q.campaign},
	})
}

// result is a query's one answer.
func result(query rego.PreparedEvalQuery, input ast.Value) (any, error) {
	set, err := query.Eval(context.Background(), rego.EvalParsedInput(input))
	if err != nil {
		return nil, err
	}
	if len(set) != 1 {
		return nil, fmt.Errorf("opa: %d results", len(set))
	}
	return set[0].Expressions[0].Value, nil
}

func (p *byOPA) ask(q question) func() (bool, error) {
	input, wrong := q.input(nil)
	return func() (bool, error) {
		if wrong != nil {
			return false, wrong
		}
		got, err := result(p.allow, input)
		return got == true, err
	}
}

func (p *byOPA) card(q question, record map[string]string) func() ([]byte, error) {
	input, wrong := q.input(record)
	return func() ([]byte, error) {
		if wrong != nil {
			return nil, wrong
		}
		got, err := result(p.cards, input)
		if err != nil {
			return nil, err
		}
		return json.Marshal(got)
	}
}
