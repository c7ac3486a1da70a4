package desk

import (
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// amend joins a late addition to its call: a note, a tag, a disposition chosen
// minutes after. The CRM shows the call once, as amended.
func (c *command) amend(key string, call Call) (Receipt, error) {
	o, err := c.amended(call.Event.Amends)
	if err != nil {
		return Receipt{}, err
	}
	if call.Lead != "" && call.Lead != o.Lead {
		return Receipt{}, &NotFound{phrase{"call to amend on this lead:", "sur cette fiche d'appel à rectifier"}, call.Event.Amends}
	}
	l, p, err := c.load(o.Lead)
	if err != nil {
		return Receipt{}, err
	}
	scope := c.record(l, p)
	// Who made the call, or pushed it here, may add to it; others need the
	// right to write what is not theirs.
	scope.Handed = scope.Handed || o.Author == c.who.Person || slices.Contains(l.HeldBy, c.actor.Connection)
	verb := policy.Write
	c.trying(Decision{Kind: "amend", Record: scope, Verb: policy.Write}, l)
	if o.Author == c.who.Person {
		c.trying(Decision{Kind: "amend", Record: scope, Verb: policy.Create}, l)
		scope.Owner, verb = c.who.Person, policy.Create
		err = c.need(verb, bridge.Activity, scope, recordACall)
	} else {
		err = c.need(verb, bridge.Activity, scope, phrase{"amend another's call", "rectifier l'appel d'un autre"})
	}
	if err != nil {
		return Receipt{}, err
	}
	scope.Owner = c.owner(p)
	a := recording{command: c, key: key, event: call.Event, shut: call.Outside, lead: l, was: l, p: p, scope: scope, out: o, verb: verb}
	return a.join(o)
}

// amended finds a recorded call: by its event, by one that amended it before, or
// for those who were answered it, by the outcome's id.
func (c *command) amended(id string) (bridge.Outcome, error) {
	first, ok, err := events.Get(c.tx, eventKey(c.actor.Connection, id))
	if err != nil {
		return bridge.Outcome{}, err
	}
	if !ok {
		first.ID = bridge.OutcomeID(id)
	}
	o, found, err := outcomes.Get(c.tx, string(first.ID))
	if err == nil && !found {
		err = &NotFound{phrase{"call to amend:", "d'appel à rectifier"}, id}
	}
	return o, err
}

// join takes the amendment into the call, which was what it was.
func (r *recording) join(was bridge.Outcome) (Receipt, error) {
	if err := r.judgeAgain(); err != nil {
		return Receipt{}, err
	}
	if r.shut {
		r.out.Flags = merge(r.out.Flags, []string{FlagOutside})
	}
	concluded := r.out.Disposition != was.Disposition
	if err := r.admitFields(concluded && !r.late()); err != nil {
		return Receipt{}, err
	}
	if err := r.proposeMeeting(); err != nil {
		return Receipt{}, err
	}
	if err := r.meetAgain(); err != nil {
		return Receipt{}, err
	}
	r.out.Revision++
	if r.event.Note != "" {
		r.out.Note = r.event.Note
	}
	if r.event.TalkS > 0 {
		r.out.TalkS = r.event.TalkS
	}
	if err := r.logAgain(was); err != nil {
		return Receipt{}, err
	}
	if err := r.sendRest(concluded); err != nil {
		return Receipt{}, err
	}
	return r.joined(was)
}

// joined keeps the amended call, its decision and its ledger line.
func (r *recording) joined(was bridge.Outcome) (Receipt, error) {
	admitted, proposed := r.gate.admitted, r.gate.names()
	r.out.Admitted, r.out.Proposed = union(was.Admitted, admitted), union(was.Proposed, proposed)
	r.out.Refused = slices.Concat(was.Refused, r.gate.refused)
	if err := outcomes.Put(r.tx, string(r.out.ID), r.out); err != nil {
		return Receipt{}, err
	}
	if err := r.tally(r.out); err != nil {
		return Receipt{}, err
	}
	all := slices.Concat(admitted, proposed)
	if err := r.decidedCall("amend", all); err != nil {
		return Receipt{}, err
	}
	return Receipt{
		ID: r.out.ID, Lead: r.lead.ID, Admitted: admitted, Proposed: proposed,
		Refused: r.gate.refused, Proposal: r.out.Proposal, Flags: r.out.Flags,
	}, r.note("amend", "", all, r.lead.Prospect.Key())
}

// judgeAgain settles the disposition of the amended call: the newer one counts,
// but an opposition stands whatever is said later.
func (r *recording) judgeAgain() error {
	info, _ := r.out.Disposition.Info()
	if r.event.Disposition != "" && info.Class != bridge.ClassSuppress {
		newer, err := disposition(r.event)
		if err != nil {
			return err
		}
		if newer.Counts && !info.Counts {
			r.lead.Attempts++
			r.out.Attempt = r.lead.Attempts
		}
		info = newer
		r.out.Disposition, r.out.RawCode = newer.Code, r.event.RawCode
	}
	r.info = info
	return nil
}

// meetAgain leaves an appointment alone that the call has brought before. One
// that still waits is changed in place: it must not be made twice.
func (r *recording) meetAgain() error {
	if r.meet == nil || r.out.Proposal == "" {
		return nil
	}
	p, ok, err := proposals.Get(r.tx, string(r.out.Proposal))
	if err != nil || !ok || p.Meeting == nil {
		return err
	}
	old, meet := *p.Meeting, *r.meet
	same := old.Slot.Local == meet.Slot.Local && old.Slot.Zone == meet.Slot.Zone && old.Slot.Minutes == meet.Slot.Minutes &&
		old.Salesperson == meet.Salesperson
	switch {
	case same:
		r.meet = nil
	case p.State == bridge.Proposed:
		was := p
		meet.ID = old.ID
		p.Meeting, r.meet = &meet, nil
		return r.keepProposal(&was, p)
	}
	return nil
}

// logAgain revises the call's log in the CRM. A test call has none; one that
// turns out to be none is logged for the first time.
func (r *recording) logAgain(was bridge.Outcome) error {
	if r.info.Code == bridge.DispTest {
		return nil
	}
	first := bridge.Operation(r.lead.Prospect.Connection, was.EventKey, bridge.WriteActivity, 0)
	w := r.write(bridge.WriteActivity, was.EventKey, r.out.Revision)
	w.Call = r.out.Log(first)
	if was.Disposition == bridge.DispTest {
		w.Operation, w.Call = first, r.out.Log("")
	}
	return r.append(w, r.key, r.lead.ID, "")
}

// sendRest carries out what follows from an amendment besides the call's log.
// One that concludes nothing leaves lists and oppositions as they are.
func (r *recording) sendRest(concluded bool) error {
	if concluded {
		if err := r.oppose(); err != nil {
			return err
		}
	}
	if len(r.gate.changes) > 0 {
		w := r.write(bridge.WriteFields, r.key, 0)
		w.Fields = r.gate.changes
		if err := r.append(w, r.key, r.lead.ID, ""); err != nil {
			return err
		}
	}
	if r.meet != nil || len(r.gate.proposed) > 0 {
		id, err := r.propose(r.lead, r.key, r.meet, r.gate)
		if err != nil {
			return err
		}
		r.out.Proposal, concluded = id, true
	}
	if !concluded {
		return nil
	}
	return r.moveLead()
}

func union(a, b []bridge.FieldName) []bridge.FieldName {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
