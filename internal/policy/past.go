package policy

import (
	"slices"
	"time"

	"passerelle/internal/bridge"
)

// Past is a decision that was made, as its record kept it: names and scope
// attributes, no values.
type Past struct {
	At      time.Time
	Kind    string // view (a card), list (a lead without its card), next, outcome, amend, correct, propose, validate, reject, reschedule, cancel, …
	Subject Subject
	Record  Record
	Asked   []bridge.FieldName // changes that were asked for
	Follows []bridge.FieldName // changes that go along where they may be written
	Meeting bool               // an appointment was asked for along with it
	Verb    Action             // of an amendment: create for one's own call, write for another's
	Object  bridge.Object      // without a Kind: Verb on it is all that was asked
	Lead    bridge.LeadID      // "" where it is not known
	Mapped  map[bridge.FieldName]bool
	Mark    string // names the record without telling it
}

// maps says whether the CRM of the record has the field; without knowing, yes.
func (p Past) maps(name bridge.FieldName) bool { return p.Mapped == nil || p.Mapped[name] }

// says says whether the card of the record may hold the context field: the role
// shows it, and the CRM has what it cannot do without.
func (p *Policy) says(past Past, name string) bool {
	if !p.comesAs(&past.Subject).shows(name) {
		return false
	}
	field := p.contextField(name)
	return !slices.ContainsFunc(p.contextInputs(name), func(input bridge.FieldName) bool {
		return !past.maps(input) && (field == nil || !slices.Contains(field.optional, string(input)))
	})
}

// need is a right that a command hangs on: one of the actions, on a record.
type need struct {
	actions []Action
	object  bridge.Object
	record  Record
}

// needs lists the rights that the command behind the decision hung on, in the
// order in which it asked for them; false if its record does not keep them.
func (p Past) needs() ([]need, bool) {
	see := need{[]Action{Read}, bridge.ProspectObj, p.Record}
	switch p.Kind {
	case "":
		return []need{{[]Action{p.Verb}, p.Object, p.Record}}, true
	case "view", "list":
		return []need{see}, true
	case "next":
		return []need{{[]Action{Create}, bridge.Activity, p.call()}, {[]Action{Read}, bridge.ProspectObj, p.queue()}, see}, true
	case "outcome":
		return []need{{[]Action{Create}, bridge.Activity, p.own()}}, true
	case "amend":
		switch p.Verb {
		case Create:
			return []need{{[]Action{Create}, bridge.Activity, p.own()}}, true
		case Write:
			return []need{{[]Action{Write}, bridge.Activity, p.Record}}, true
		}
	case "propose":
		return []need{see, p.proposal()}, true
	case "validate", "reject", "reschedule", "cancel":
		return []need{{[]Action{Write}, bridge.Appointment, p.Record}}, true
	case "correct":
		return []need{see, {[]Action{Write}, bridge.CampaignObj, p.Record}}, true
	}
	return nil, false
}

// proposal is what it takes to propose an appointment: who may set one may
// propose one too.
func (p Past) proposal() need { return need{[]Action{Propose, Write}, bridge.Appointment, p.own()} }

// own is the record as what was about to be made on it, which is its author's.
func (p Past) own() Record {
	out := p.Record
	out.Owner = p.Subject.Person
	return out
}

// call is any call of the campaign: who may not record one is handed no lead.
func (p Past) call() Record {
	r := p.Record
	return Record{Owner: p.Subject.Person, Handed: true, Team: r.CampaignTeam, CampaignTeam: r.CampaignTeam, Principal: r.Principal, CRM: r.CRM}
}

// queue is the queue that the lead stood in: the person's own, or the pool, which
// is handed to the people of the campaign's team.
func (p Past) queue() Record {
	r := p.Record
	out := Record{Team: r.CampaignTeam, CampaignTeam: r.CampaignTeam, Principal: r.Principal, CRM: r.CRM}
	if r.Assignee != "" && r.Assignee == p.Subject.Person {
		out.Assignee = r.Assignee
	} else {
		out.Handed = r.CampaignTeam == "" || r.CampaignTeam == p.Subject.Team
	}
	return out
}

// meets answers the action by which the policy gives the subject what is needed,
// "" if by none.
func (p *Policy) meets(s Subject, n need) Action {
	at := slices.IndexFunc(n.actions, func(a Action) bool { return p.Allows(s, a, n.object, n.record) })
	if at < 0 {
		return ""
	}
	return n.actions[at]
}

// fate is the right with which a change goes on: Write, Propose or "".
func (p *Policy) fate(past Past, name bridge.FieldName) Action {
	bit := p.targets.field(name)
	for _, a := range []Action{Write, Propose} {
		if p.allows(&past.Subject, a, bit, &past.Record) {
			return a
		}
	}
	return ""
}

// follows says whether a change that goes along is written.
func (p *Policy) follows(past Past, name bridge.FieldName) bool {
	return p.allows(&past.Subject, Write, p.targets.field(name), &past.Record)
}
