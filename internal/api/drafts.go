package api

import (
	"context"
	"errors"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/governance"
	"passerelle/internal/policy"
	"passerelle/internal/problem"
)

func (a *API) draftRoutes() {
	get(a, "/v1/policy/versions/{hash}", "The text of a policy that is, was or may become active", a.version)
	get(a, "/v1/policy/diff", "Who gains and who loses what between two policies", a.diff)
	get(a, "/v1/policy/drafts", "Policies that wait for a second person", a.drafts)
	post(a, "/v1/policy/drafts", "Propose a policy", a.proposePolicy)
	post(a, "/v1/policy/drafts/{hash}/activate", "Activate a policy that somebody else has proposed", a.activate)
	do(a, "/v1/policy/drafts/{hash}/withdraw", "Drop a draft", a.withdraw)
	post(a, "/v1/policy/adopt", "Replace a policy that nobody may change: the operator's way out", a.adopt)
}

// readsPolicy says whether the actor may read policies, drafts included.
func (a *API) readsPolicy(actor bridge.Actor) bool {
	return a.opts.Office.PowersOf(actor).Policies
}

var errReadsPolicy = problem.Forbidden("").Says(bilingual.Text{
	"only the operator and those who may read all reports or the policy see this",
	"seuls l'exploitant et qui peut lire tous les rapports ou la politique voient ceci",
})

// weighsPolicy says whether the actor may hold policies against what was done.
func (a *API) weighsPolicy(actor bridge.Actor) bool {
	return a.opts.Office.PowersOf(actor).Weighs
}

var errWeighsPolicy = problem.Forbidden("").Says(bilingual.Text{
	"only the operator and those who may read the policy see this",
	"seuls l'exploitant et qui peut lire la politique voient ceci",
})

type hashQuery struct {
	Hash string `path:"hash" doc:"Of the policy, or active."`
}

type versionText struct {
	Hash string `json:"hash"`
	Text string `json:"text" doc:"YAML, as it was proposed."`
}

func (a *API) version(_ context.Context, actor bridge.Actor, in *hashQuery) (versionText, error) {
	if !a.readsPolicy(actor) {
		return versionText{}, errReadsPolicy
	}
	text, err := a.opts.Office.Text(in.Hash)
	return versionText{policy.HashOf(text), string(text)}, unknownPolicy(err)
}

// unknownPolicy says where the hashes of policies are to be found.
func unknownPolicy(err error) error {
	if no, ok := errors.AsType[*desk.NotFound](err); ok {
		return problem.NotFound("").Says(no.Said().And(bilingual.Text{
			": GET /v1/policy lists the versions, /v1/policy/drafts what is proposed",
			" : GET /v1/policy donne les versions, /v1/policy/drafts ce qui est proposé",
		}))
	}
	return err
}

type diffQuery struct {
	From string `query:"from" doc:"Hash of a policy; the active one if absent."`
	To   string `query:"to" doc:"Hash of a policy; the active one if absent."`
	Lang string `query:"lang" enum:"en,fr" doc:"Of the text."`
}

// What differs between two policies, as the API shows it.
type (
	profileMove policy.Move
	rightChange policy.Change
	cardChange  policy.CardChange
	rankChange  policy.RankChange
	shareChange policy.ShareChange

	windowChange     policy.WindowChange
	limitChange      policy.LimitChange
	statisticsChange policy.StatisticsChange
	strengthChange   policy.StrengthChange
	boundChange      policy.BoundChange

	delta struct {
		Moves       []profileMove `json:"moves" doc:"Profiles whose role changes."`
		Changes     []rightChange `json:"changes" doc:"Rights that are gained and lost, the riskiest first."`
		Cards       []cardChange  `json:"cards" doc:"Context that cards gain and lose."`
		Ranks       []rankChange  `json:"ranks" doc:"Roles that begin and cease to stand above others."`
		Sharing     []shareChange `json:"sharing" doc:"Sharing rules that come and go."`
		Territories []string      `json:"territories" doc:"Territories that other records lie in."`

		Windows    []windowChange     `json:"windows" doc:"When and from where people are let in, and were not, or no longer."`
		Limits     []limitChange      `json:"limits" doc:"Hourly limits that come, go or move; 0 is none."`
		Statistics []statisticsChange `json:"statistics" doc:"Roles that see the statistics of others than before; an empty scope is nobody's."`
		Strengths  []strengthChange   `json:"requires" doc:"Roles that must show something else when they sign in; empty is a password alone."`
		Bounds     []boundChange      `json:"crm_rights" doc:"Connections whose CRM's own rights are kept within otherwise; without old or new, not at all."`

		Text string `json:"text" doc:"All of it in words."`
	}
)

func (a *API) diff(_ context.Context, actor bridge.Actor, in *diffQuery) (delta, error) {
	if !a.readsPolicy(actor) {
		return delta{}, errReadsPolicy
	}
	from, err := a.loadPolicy(in.From)
	if err != nil {
		return delta{}, err
	}
	to, err := a.loadPolicy(in.To)
	if err != nil {
		return delta{}, err
	}
	d := policy.Diff(from, to)
	return delta{
		Moves:       listOf(d.Moves, "", func(m policy.Move) profileMove { return profileMove(m) }).Items,
		Changes:     listOf(d.Changes, "", func(c policy.Change) rightChange { return rightChange(c) }).Items,
		Cards:       listOf(d.Cards, "", func(c policy.CardChange) cardChange { return cardChange(c) }).Items,
		Ranks:       listOf(d.Ranks, "", func(c policy.RankChange) rankChange { return rankChange(c) }).Items,
		Sharing:     listOf(d.Sharing, "", func(c policy.ShareChange) shareChange { return shareChange(c) }).Items,
		Territories: listOf(d.Territories, "", func(name string) string { return name }).Items,
		Windows:     listOf(d.Windows, "", func(c policy.WindowChange) windowChange { return windowChange(c) }).Items,
		Limits:      listOf(d.Limits, "", func(c policy.LimitChange) limitChange { return limitChange(c) }).Items,
		Statistics:  listOf(d.Statistics, "", func(c policy.StatisticsChange) statisticsChange { return statisticsChange(c) }).Items,
		Strengths:   listOf(d.Strengths, "", func(c policy.StrengthChange) strengthChange { return strengthChange(c) }).Items,
		Bounds:      listOf(d.Bounds, "", func(c policy.BoundChange) boundChange { return boundChange(c) }).Items,
		Text:        d.Text(in.Lang),
	}, nil
}

func (a *API) loadPolicy(hash string) (*policy.Policy, error) {
	p, err := a.opts.Office.Policy(hash)
	return p, unloadable(unknownPolicy(err))
}

// policyDraft is a draft as the API shows it.
type policyDraft governance.Draft

func (a *API) drafts(_ context.Context, actor bridge.Actor, _ *struct{}) (list[policyDraft], error) {
	if !a.readsPolicy(actor) {
		return list[policyDraft]{}, errReadsPolicy
	}
	found, err := a.opts.Office.Waiting()
	return listOf(found, "", func(d governance.Draft) policyDraft { return policyDraft(d) }), err
}

type policyRequest struct {
	Body struct {
		Text   string `json:"text" minLength:"1" doc:"The policy, YAML."`
		Motive string `json:"motive" maxLength:"1000" doc:"Why; it stands in the register."`
	}
}

func (a *API) proposePolicy(ctx context.Context, actor bridge.Actor, in *policyRequest) (policyDraft, error) {
	d, err := a.opts.Office.Propose(ctx, actor, []byte(in.Body.Text), in.Body.Motive)
	return policyDraft(d), unloadable(err)
}

func (a *API) activate(ctx context.Context, actor bridge.Actor, in *hashQuery) (policyVersion, error) {
	line, err := a.opts.Office.Activate(ctx, actor, in.Hash)
	return policyVersion(line), unloadable(err)
}

func (a *API) withdraw(ctx context.Context, actor bridge.Actor, in *hashQuery) error {
	return a.opts.Office.Withdraw(ctx, actor, in.Hash)
}

func (a *API) adopt(ctx context.Context, actor bridge.Actor, in *policyRequest) (policyVersion, error) {
	line, err := a.opts.Office.Adopt(ctx, actor, []byte(in.Body.Text), in.Body.Motive)
	return policyVersion(line), unloadable(err)
}
