package desk

import (
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// amend joins a late addition to its call: a note, a tag, a disposition chosen
// minutes after. The CRM shows the call once, as amended.
func (c *command) amend(key string, call Call) (Receipt, error) {
	e := call.Event
	o, first, err := c.amended(e.Amends)
	if err != nil {
		return Receipt{}, err
	}
	if call.Lead != "" && call.Lead != o.Lead {
		return Receipt{}, &NotFound{"call to amend on this lead:", e.Amends}
	}
	l, p, err := c.load(o.Lead)
	if err != nil {
		return Receipt{}, err
	}
	scope := c.record(l, p)
	// Who made the call, or pushed it here, may add to it; others need the
	// right to write what is not theirs.
	scope.Handed = scope.Handed || o.Author == c.who.Person || slices.Contains(l.HeldBy, c.actor.Connection)
	if o.Author == c.who.Person {
		scope.Owner = c.who.Person
		err = c.need(policy.Create, bridge.Activity, scope, "record a call")
	} else {
		err = c.need(policy.Write, bridge.Activity, scope, "amend another's call")
	}
	if err != nil {
		return Receipt{}, err
	}
	scope.Owner = c.owner(p)
	a := recording{command: c, key: key, event: e, lead: l, was: l, p: p, scope: scope, out: o}
	return a.join(first)
}

// amended finds a recorded call, by its event or, for those who were answered
// it, by the outcome's id.
func (c *command) amended(id string) (bridge.Outcome, Receipt, error) {
	known := eventKey(c.actor.Connection, id)
	first, ok, err := events.Get(c.tx, known)
	if err != nil {
		return bridge.Outcome{}, first, err
	}
	if !ok {
		first.ID = bridge.OutcomeID(id)
	}
	o, found, err := outcomes.Get(c.tx, string(first.ID))
	if err != nil || !found {
		return o, first, errorOr(err, &NotFound{"call to amend:", id})
	}
	if !ok {
		first, _, err = events.Get(c.tx, o.EventKey)
	}
	return o, first, err
}

func (r *recording) join(first Receipt) (Receipt, error) {
	if err := r.judgeAgain(); err != nil {
		return Receipt{}, err
	}
	if err := r.admitFields(); err != nil {
		return Receipt{}, err
	}
	if err := r.proposeMeeting(); err != nil {
		return Receipt{}, err
	}
	r.out.Admitted = union(first.Admitted, r.gate.admitted)
	r.out.Proposed = union(first.Proposed, r.gate.names())
	r.out.Revision++
	if r.event.Note != "" {
		r.out.Note = r.event.Note
	}
	if r.event.TalkS > 0 {
		r.out.TalkS = r.event.TalkS
	}
	original := r.out.EventKey
	w := r.write(bridge.WriteActivity, original, r.out.Revision)
	w.Call = r.out.Log(bridge.Operation(r.lead.Prospect.Connection, original, bridge.WriteActivity, 0))
	if err := r.append(w, r.key, r.lead.ID, ""); err != nil {
		return Receipt{}, err
	}
	if err := r.sendRest(); err != nil {
		return Receipt{}, err
	}
	r.out.Refused = append(slices.Clone(r.out.Refused), r.gate.refused...)
	if err := outcomes.Put(r.tx, string(r.out.ID), r.out); err != nil {
		return Receipt{}, err
	}
	all := slices.Concat(r.gate.admitted, r.gate.names())
	if err := r.decided("amend", r.lead, r.scope, r.gate.asked, all); err != nil {
		return Receipt{}, err
	}
	return Receipt{
		ID: r.out.ID, Lead: r.lead.ID, Admitted: r.gate.admitted, Proposed: r.gate.names(),
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
		info = newer
		r.out.Disposition, r.out.RawCode = newer.Code, r.event.RawCode
	}
	r.info = info
	return nil
}

// sendRest carries out what follows from an amendment besides the call's log.
func (r *recording) sendRest() error {
	if err := r.oppose(); err != nil {
		return err
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
		r.out.Proposal = id
	}
	if r.event.Disposition == "" && r.out.Proposal == "" {
		return nil
	}
	return r.moveLead()
}

func union(a, b []bridge.FieldName) []bridge.FieldName {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
