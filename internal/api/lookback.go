package api

import (
	"context"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/problem"
)

func (a *API) lookbackRoutes() {
	post(a, "/v1/policy/simulate", "What would have been otherwise under another policy, decision by decision", a.simulate)
	get(a, "/v1/policy/rights", "What the CRMs' keys could do, and how much of it the policy uses", a.rights)
	get(a, "/v1/policy/shadow", "What a draft that runs beside the policy in force decides otherwise", a.shadow)
	post(a, "/v1/policy/suggest", "What could go of a policy, judged by what was done", a.suggest)
}

type simulateRequest struct {
	Body struct {
		Text  string    `json:"text" minLength:"1" doc:"The policy, YAML."`
		Since time.Time `json:"since" doc:"Decisions made before are left out."`
		Lang  string    `json:"lang,omitempty" enum:"en,fr"`
	}
}

type (
	effectExample policy.Example

	effect struct {
		Kind      policy.EffectKind `json:"kind" doc:"shown, derived, allowed, written, refused, lost, proposed or hidden."`
		Role      bridge.Role       `json:"role"`
		Action    policy.Action     `json:"action"`
		Targets   []string          `json:"targets" doc:"Fields or objects."`
		Decisions int               `json:"decisions"`
		People    int               `json:"people"`
		Examples  []effectExample   `json:"examples"`
	}

	forecast struct {
		Decisions int      `json:"decisions" doc:"That were decided again."`
		Apart     int      `json:"apart" doc:"That hang on more than their records keep."`
		Effects   []effect `json:"effects" doc:"The riskiest first."`
		Text      string   `json:"text" doc:"All of it in words."`
	}
)

func (a *API) simulate(_ context.Context, actor bridge.Actor, in *simulateRequest) (forecast, error) {
	if !a.weighsPolicy(actor) {
		return forecast{}, errWeighsPolicy
	}
	f, err := a.opts.Office.Simulate([]byte(in.Body.Text), in.Body.Since)
	if err != nil {
		return forecast{}, unloadable(err)
	}
	return forecastOf(f, f.Text(in.Body.Lang)), nil
}

func forecastOf(f policy.Forecast, text string) forecast {
	out := forecast{Decisions: f.Decisions, Apart: f.Apart, Text: text}
	out.Effects = listOf(f.Effects, "", func(e policy.Effect) effect {
		return effect{
			Kind: e.Kind, Role: e.Role, Action: e.Action, Targets: e.Targets, Decisions: e.Decisions, People: e.People,
			Examples: listOf(e.Examples, "", func(x policy.Example) effectExample { return effectExample(x) }).Items,
		}
	}).Items
	return out
}

type shadowQuery struct {
	Lang string `query:"lang" enum:"en,fr" doc:"Of the text."`
}

type shadow struct {
	Policy  string    `json:"policy" doc:"The hash of the policy in force."`
	Draft   string    `json:"draft" doc:"That of the one beside."`
	Since   time.Time `json:"since,omitzero" doc:"The first decision that both have taken."`
	Skipped int       `json:"skipped" doc:"Decisions that came too fast to be taken again."`
	forecast
}

func (a *API) shadow(_ context.Context, actor bridge.Actor, in *shadowQuery) (shadow, error) {
	if !a.weighsPolicy(actor) {
		return shadow{}, errWeighsPolicy
	}
	b, beside := a.opts.Desk.Beside()
	if !beside {
		return shadow{}, problem.NotFound("").Says(bilingual.Text{
			"no draft runs beside the policy: start the hub with passerelle serve --shadow FILE",
			"aucun projet ne tourne à côté de la politique : lancez le pont par passerelle serve --shadow FILE",
		})
	}
	return shadow{b.Policy, b.Draft, b.Since, b.Skipped, forecastOf(b.Forecast, b.Text(in.Lang))}, nil
}

type suggestRequest struct {
	Body struct {
		Text  string    `json:"text,omitempty" doc:"The policy, YAML; the active one if absent."`
		File  string    `json:"file,omitempty" doc:"What the places in the text are said to be in; policy.yaml if absent."`
		Since time.Time `json:"since" doc:"What was done before is left out."`
		Lang  string    `json:"lang,omitempty" enum:"en,fr"`
	}
}

type offer struct {
	Role    bridge.Role  `json:"role"`
	Rule    string       `json:"rule"`
	File    string       `json:"file"`
	Line    int          `json:"line"`
	Col     int          `json:"col"`
	Path    string       `json:"path"`
	Whole   bool         `json:"whole,omitempty" doc:"The grant: nothing of it is left."`
	Items   []string     `json:"items" doc:"As they stand in the policy."`
	Scope   policy.Scope `json:"scope"`
	Refused int          `json:"refused" doc:"Past actions that would have been."`
	People  int          `json:"people" doc:"Whose."`
	Last    time.Time    `json:"last,omitzero"`
	Text    string       `json:"text" doc:"What to do about it."`
}

type suggestion struct {
	Policy   string    `json:"policy"`
	Since    time.Time `json:"since" doc:"What was done before is not looked at, or not kept any more."`
	First    time.Time `json:"first,omitzero" doc:"The first record of that time."`
	Until    time.Time `json:"until"`
	Active   time.Time `json:"active,omitzero" doc:"Since when the policy decides; absent if it does not."`
	Done     int       `json:"done" doc:"What was done in that time."`
	Offers   []offer   `json:"offers" doc:"Without all of them all would have been done all the same."`
	Sparing  []offer   `json:"sparing" doc:"What was used, the least first."`
	Unjudged int       `json:"unjudged" doc:"Items whose use leaves no record: reading, exporting, and the policy's own."`
	Text     string    `json:"text" doc:"All of it in words."`
}

func (a *API) suggest(_ context.Context, actor bridge.Actor, in *suggestRequest) (suggestion, error) {
	b := in.Body
	if !a.weighsPolicy(actor) {
		return suggestion{}, errWeighsPolicy
	}
	if b.File == "" {
		b.File = "policy.yaml"
	}
	s, err := a.opts.Office.Suggest(b.File, []byte(b.Text), b.Since)
	if err != nil {
		return suggestion{}, unloadable(err)
	}
	offered := func(o policy.Offer) offer {
		return offer{
			Role: o.Role, Rule: o.Rule, File: o.File, Line: o.Line, Col: o.Col, Path: o.Path, Whole: o.Whole, Items: o.Items,
			Scope: o.Scope, Refused: o.Refused, People: o.People, Last: o.Last, Text: o.Text(b.Lang),
		}
	}
	return suggestion{
		Policy: s.Policy, Since: s.Since, First: s.First, Until: s.Until, Active: s.Active, Done: s.Done,
		Offers: listOf(s.Offers, "", offered).Items, Sparing: listOf(s.Sparing, "", offered).Items,
		Unjudged: s.Silent, Text: s.Text(b.Lang),
	}, nil
}
