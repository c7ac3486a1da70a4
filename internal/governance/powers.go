package governance

import (
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Powers are what somebody may do about the rules, and about what was done under
// them.
type Powers struct {
	Accounts  bool // answers for what everybody did: the ledger, the access log, all accounts
	Policies  bool // reads policies, drafts included
	Weighs    bool // holds policies against what was done
	Proposes  bool
	Activates bool // what somebody else has proposed
	Asks      bool // has rights explained that are not their own
	Maintains bool // looks after the connections
}

// Any says whether somebody has any of them.
func (p Powers) Any() bool { return p != Powers{} }

// PowersOf are those of the actor. The machine's operator maintains and reads;
// what decides is changed by two people.
func (o *Office) PowersOf(actor bridge.Actor) Powers {
	p, who, rules := actor.Person, policy.SubjectOf(actor), o.opts.Desk.Rules().Policy
	// One that is nobody's lies in no narrower scope.
	all := func(a policy.Action, object bridge.Object) bool { return rules.Allows(who, a, object, policy.Record{}) }
	theirs := policy.Record{Owner: p.ID, Handed: true, Team: p.Team, CampaignTeam: p.Team, Territory: p.Territory, Principal: p.Principal}
	out := Powers{
		Accounts:  actor.Operator || all(policy.Read, bridge.Report),
		Weighs:    actor.Operator || all(policy.Read, bridge.PolicyObj),
		Proposes:  all(policy.Propose, bridge.PolicyObj),
		Activates: all(policy.Write, bridge.PolicyObj),
		Asks:      actor.Operator || rules.Allows(who, policy.Read, bridge.Report, policy.Record{Team: p.Team, CampaignTeam: p.Team}),
		Maintains: actor.Operator || rules.Allows(who, policy.Write, bridge.CampaignObj, theirs),
	}
	out.Policies = out.Accounts || out.Weighs
	return out
}
