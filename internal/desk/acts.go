package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Act is a supervisor's command on leads as it was carried out: what can be
// undone for a day.
type Act struct {
	ID     string          `json:"-"`
	Kind   policy.Command  `json:"kind"` // reassign, close or correct
	By     bridge.PersonID `json:"by"`
	At     time.Time       `json:"at"`
	From   string          `json:"from,omitempty"` // the person whose leads they were, where the command named one
	To     string          `json:"to,omitempty"`   // a person, or Pool
	Motive string          `json:"motive"`
	Leads  int             `json:"leads"` // that it changed
	Undone time.Time       `json:"undone,omitzero"`
}

// actStep is what an act has changed of one lead.
type actStep struct {
	State    bridge.LeadState `json:"state,omitempty"` // before
	Assignee bridge.PersonID  `json:"assignee,omitempty"`
	To       bridge.LeadState `json:"to,omitempty"` // after
	Given    bridge.PersonID  `json:"given,omitempty"`

	Field bridge.FieldName `json:"field,omitempty"` // of a correction
	Was   bridge.Value     `json:"was,omitempty"`
	Now   bridge.Value     `json:"now,omitempty"`
}

var (
	acts = store.NewTable[Act]("desk.acts")
	// actSteps are by act, then lead.
	actSteps = store.NewTable[actStep]("desk.act_steps")
)

// undoWithin is how long an act can be undone.
const undoWithin = 24 * time.Hour

func actKey(act string, id bridge.LeadID) string { return act + "\x00" + string(id) }

// keepAct keeps an act of which a step has changed so many leads.
func (c *command) keepAct(id string, done Act, leads int) error {
	known, ok, err := acts.Get(c.tx, id)
	if err != nil {
		return err
	}
	if !ok {
		known = done
		known.By, known.At = c.actor.Person.ID, c.now.UTC()
	}
	known.Leads += leads
	if err := acts.Put(c.tx, id, known); err != nil {
		return err
	}
	return c.dropActs()
}

// keepStep keeps what an act changes of a lead.
func (c *command) keepStep(act string, was, to bridge.Lead) error {
	return actSteps.Put(c.tx, actKey(act, was.ID), actStep{State: was.State, Assignee: was.Assignee, To: to.State, Given: to.Assignee})
}

// dropActs erases some of what cannot be undone any more.
func (c *command) dropActs() error {
	id, ok := first(c.tx, acts.Raw, "", "")
	if !ok {
		return nil
	}
	a, _, err := acts.Get(c.tx, id)
	if err != nil || c.now.Before(a.At.Add(undoWithin)) {
		return err
	}
	n := 0
	for _, lead := range suffixes(c.tx, actSteps.Raw, id+"\x00") {
		if n++; n > 2*atOnce {
			return nil // the next act drops the others
		}
		if err := actSteps.Delete(c.tx, actKey(id, bridge.LeadID(lead))); err != nil {
			return err
		}
	}
	return acts.Delete(c.tx, id)
}

// eraseActs removes a lead from what can be undone.
func (c *command) eraseActs(lead bridge.LeadID) error {
	var ids []string
	for id := range acts.Scan(c.tx, "", "") {
		ids = append(ids, id)
	}
	for _, id := range ids {
		if err := actSteps.Delete(c.tx, actKey(id, lead)); err != nil {
			return err
		}
	}
	return nil
}

// Acts are those of the last day that the actor may undo, the newest first: each
// with leads that they supervise among its own.
func (d *Desk) Acts(actor bridge.Actor) (out []Act, err error) {
	err = d.look(actor, func(c *command) error {
		return acts.Each(c.tx, "", "", func(id string, a Act) (bool, error) {
			key, ok := first(c.tx, actSteps.Raw, id+"\x00", "")
			if !ok || !c.now.Before(a.At.Add(undoWithin)) {
				return true, nil
			}
			l, p, err := c.load(bridge.LeadID(key[len(id)+1:]))
			if err != nil {
				return false, err
			}
			if a.ID = id; c.Policy.Allows(c.who, policy.Write, bridge.CampaignObj, c.record(l, p)) {
				out = append(out, a)
			}
			return true, nil
		})
	})
	slices.Reverse(out)
	return out, err
}

// Undo takes an act of the last day back: each lead goes to where it was, if it is
// still as the act left it. It goes in steps, as the act did; given again after a
// crash it does the rest. It does not count against what the actor may do in an
// hour: it is no more than was done.
func (d *Desk) Undo(ctx context.Context, actor bridge.Actor, id string) (Moved, error) {
	out := Moved{Skipped: []Skipped{}}
	var ids []bridge.LeadID
	err := d.look(actor, func(c *command) error {
		if _, err := c.undoable(id); err != nil {
			return err
		}
		for _, lead := range suffixes(c.tx, actSteps.Raw, id+"\x00") {
			ids = append(ids, bridge.LeadID(lead))
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	ctx = context.WithoutCancel(ctx)
	for some := range slices.Chunk(ids, atOnce) {
		var step Moved
		last := len(out.Skipped)+out.Moved+len(some) == len(ids)
		err := d.run(ctx, actor, func(c *command) (err error) {
			step, err = c.undo(id, some, last)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("%d leads are back, give the command again for the rest: %w", out.Moved, err)
		}
		out.Moved += step.Moved
		out.Skipped = append(out.Skipped, step.Skipped...)
	}
	return out, nil
}

// undoable is an act that can still be undone.
func (c *command) undoable(id string) (Act, error) {
	a, ok, err := acts.Get(c.tx, id)
	switch {
	case err != nil:
		return a, err
	case !ok || !c.now.Before(a.At.Add(undoWithin)):
		return a, &NotFound{phrase{"command of the last day", "parmi les commandes du dernier jour"}, id}
	case !a.Undone.IsZero():
		return a, &Clash{phrase{"it is undone already", "c'est déjà annulé"}}
	}
	return a, nil
}

// undo is one step of an undoing; the last one closes the act, unless there was
// nothing that the actor could take back.
func (c *command) undo(id string, leads []bridge.LeadID, last bool) (Moved, error) {
	var out Moved
	var records []string
	a, err := c.undoable(id)
	if err != nil {
		return out, err
	}
	for _, lead := range leads {
		prospect, stays, err := c.undoOne(id, lead)
		if err != nil {
			return out, err
		}
		if out.add(lead, stays); stays == (stay{}) {
			records = append(records, prospect.Key())
		}
	}
	if last && out.Moved > 0 {
		a.Undone = c.now.UTC()
		if err := acts.Put(c.tx, id, a); err != nil {
			return out, err
		}
	}
	if len(records) == 0 {
		return out, nil
	}
	return out, c.note("undo "+string(a.Kind), a.Motive, nil, records...)
}

// undoOne takes back what an act has changed of one lead.
func (c *command) undoOne(id string, lead bridge.LeadID) (bridge.Ref, stay, error) {
	l, p, err := c.load(lead)
	if _, gone := err.(*NotFound); gone {
		return l.Prospect, stay{why: StaysGone}, nil
	}
	if err != nil {
		return l.Prospect, stay{}, err
	}
	step, ok, err := actSteps.Get(c.tx, actKey(id, lead))
	if err != nil || !ok {
		return l.Prospect, stay{why: StaysGone}, err
	}
	if err := c.supervised(c.record(l, p), phrase{"undo this", "annuler cela"}); err != nil {
		return l.Prospect, stay{StaysDenied, err.Error()}, nil
	}
	if step.Field != "" {
		stays, err := c.uncorrect(id, l, step)
		return l.Prospect, stays, err
	}
	switch {
	case c.onLine(l):
		return l.Prospect, stay{StaysOnLine, string(l.Lease.Person)}, nil
	case step.State != step.To && l.State != step.To, step.Assignee != step.Given && l.Assignee != step.Given:
		return l.Prospect, stay{why: StaysChanged}, nil
	}
	back, stays, err := c.before(l, step)
	if err != nil || stays != (stay{}) {
		return l.Prospect, stays, err
	}
	return l.Prospect, stays, c.keep(&l, back)
}

// before is a lead as it was before an act, as far as that changed it. One that
// was on a line waits; one whose proposal has been decided on meanwhile stays.
func (c *command) before(l bridge.Lead, step actStep) (bridge.Lead, stay, error) {
	if step.Assignee != step.Given {
		l.Assignee = step.Assignee
	}
	if step.State == step.To {
		return l, stay{}, nil
	}
	if l.State, l.Lease = step.State, nil; step.State == bridge.LeadLeased {
		l.State = bridge.LeadWaiting
	}
	if step.State != bridge.LeadPending {
		return l, stay{}, nil
	}
	for _, id := range suffixes(c.tx, proposalsOf, l.Prospect.Key()+"\x00") {
		p, _, err := proposals.Get(c.tx, id)
		if err != nil || p.Lead == l.ID && (p.State == bridge.Proposed || p.State == bridge.Rescheduled) {
			return l, stay{}, err
		}
	}
	return l, stay{why: StaysChanged}, nil
}
