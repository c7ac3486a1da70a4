package desk

import (
	"context"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Pool is the assignee that stands for nobody.
const Pool = "pool"

// Choice says which leads a supervisor means: those named, or those that the
// filter finds.
type Choice struct {
	IDs      []bridge.LeadID
	Campaign bridge.CampaignID
	Assignee string // a person, Pool, or "" for any
	State    bridge.LeadState
}

func (ch Choice) empty() bool {
	return len(ch.IDs) == 0 && ch.Campaign == "" && ch.Assignee == "" && ch.State == ""
}

// supervised is the right that commands on leads hang on.
func (c *command) supervised(scope policy.Record, what phrase) error {
	return c.need(policy.Write, bridge.CampaignObj, scope, what)
}

// Reassign gives leads to a person or to the pool. A lead on somebody's line
// stays with them.
func (d *Desk) Reassign(ctx context.Context, actor bridge.Actor, choice Choice, to, motive string) (Moved, error) {
	return d.each(ctx, actor, reassignment(choice, to, motive))
}

func reassignment(choice Choice, to, motive string) order {
	return order{choice: choice, what: policy.CommandReassign, to: to, motive: motive, move: assign(to), check: mayHave(to)}
}

// assign gives a lead to a person or to the pool.
func assign(to string) move {
	return func(c *command, l bridge.Lead) (bridge.Lead, stay) {
		switch {
		case c.onLine(l):
			return l, stay{StaysOnLine, string(l.Lease.Person)}
		case !open(l):
			return l, stay{StaysInState, string(l.State)}
		}
		l.Assignee = bridge.PersonID(to)
		if to == Pool {
			l.Assignee = ""
		}
		return l, stay{}
	}
}

// open says whether a lead's sequence goes on.
func open(l bridge.Lead) bool {
	return l.State == bridge.LeadWaiting || l.State == bridge.LeadLeased || l.State == bridge.LeadPending
}

// mayHave checks whom leads are to go to.
func mayHave(to string) func(*command) error {
	return func(c *command) error {
		if to == Pool {
			return nil
		}
		p, ok := c.Person(bridge.PersonID(to))
		if !ok || !p.Active {
			return &Invalid{"to", phrase{"nobody active by this id; `pool` gives them to nobody", "personne d'actif n'a cet identifiant ; `pool` ne les donne à personne"}}
		}
		return nil
	}
}

// Close ends the sequence of leads: nobody calls them any more.
func (d *Desk) Close(ctx context.Context, actor bridge.Actor, choice Choice, motive string) (Moved, error) {
	return d.each(ctx, actor, closing(choice, motive))
}

func closing(choice Choice, motive string) order {
	return order{choice: choice, what: policy.CommandClose, motive: motive, move: func(c *command, l bridge.Lead) (bridge.Lead, stay) {
		if !open(l) {
			return l, stay{StaysInState, string(l.State)}
		}
		if c.onLine(l) {
			return l, stay{StaysOnLine, string(l.Lease.Person)}
		}
		l.State, l.Lease = bridge.LeadClosed, nil
		return l, stay{}
	}}
}

// Later is what a handover says that leaves the leads where they are for now.
const Later = "later"

// Handover deals with the leads of somebody who leaves: to another, to the
// pool, or later. Later leaves them as they are and only says how many wait.
func (d *Desk) Handover(ctx context.Context, actor bridge.Actor, from bridge.PersonID, to, motive string) (Moved, error) {
	return d.each(ctx, actor, handover(from, to, motive))
}

func handover(from bridge.PersonID, to, motive string) order {
	choice := Choice{Assignee: string(from)}
	if to != Later {
		return reassignment(choice, to, motive)
	}
	return order{choice: choice, what: "handover later", motive: motive, move: func(_ *command, l bridge.Lead) (bridge.Lead, stay) {
		return l, stay{StaysForLater, string(from)}
	}}
}

// ForeseeReassign says what [Desk.Reassign] would do, and does nothing.
func (d *Desk) ForeseeReassign(actor bridge.Actor, choice Choice, to string) (Moved, error) {
	return d.foresee(actor, reassignment(choice, to, "preview"))
}

// ForeseeClose says what [Desk.Close] would do, and does nothing.
func (d *Desk) ForeseeClose(actor bridge.Actor, choice Choice) (Moved, error) {
	return d.foresee(actor, closing(choice, "preview"))
}

// ForeseeHandover says what [Desk.Handover] would do, and does nothing.
func (d *Desk) ForeseeHandover(actor bridge.Actor, from bridge.PersonID, to string) (Moved, error) {
	return d.foresee(actor, handover(from, to, "preview"))
}
