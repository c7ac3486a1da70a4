package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

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

// Skipped is a lead that a command on many left alone, and why.
type Skipped struct {
	Lead   bridge.LeadID `json:"lead"`
	Reason string        `json:"reason"`
}

// Moved is what became of a command on many leads.
type Moved struct {
	Moved   int       `json:"moved"`
	Skipped []Skipped `json:"skipped"`
}

// supervised is the right that commands on leads hang on.
func (c *command) supervised(scope policy.Record, what string) error {
	return c.need(policy.Write, bridge.CampaignObj, scope, what)
}

// Reassign gives leads to a person or to the pool. A lead on somebody's line
// stays with them.
func (d *Desk) Reassign(ctx context.Context, actor bridge.Actor, choice Choice, to, motive string) (Moved, error) {
	return d.each(ctx, actor, choice, motive, policy.CommandReassign, assign(to), mayHave(to))
}

// assign gives a lead to a person or to the pool.
func assign(to string) move {
	return func(c *command, l bridge.Lead) (bridge.Lead, string) {
		switch {
		case c.onLine(l):
			return l, "on the line with " + string(l.Lease.Person)
		case l.State != bridge.LeadWaiting && l.State != bridge.LeadLeased && l.State != bridge.LeadPending:
			return l, "it is " + string(l.State)
		}
		l.Assignee = bridge.PersonID(to)
		if to == Pool {
			l.Assignee = ""
		}
		return l, ""
	}
}

// mayHave checks whom leads are to go to.
func mayHave(to string) func(*command) error {
	return func(c *command) error {
		if to == Pool {
			return nil
		}
		p, ok := c.Person(bridge.PersonID(to))
		if !ok || !p.Active {
			return &Invalid{"to", "nobody active by this id; `pool` gives them to nobody"}
		}
		return nil
	}
}

// Foresee says what [Desk.Reassign] would do, and does nothing.
func (d *Desk) Foresee(actor bridge.Actor, choice Choice, to string) (Moved, error) {
	out := Moved{Skipped: []Skipped{}}
	err := d.look(actor, func(c *command) error {
		ids, err := c.orders(choice, "preview", mayHave(to))
		if err != nil {
			return err
		}
		for _, id := range ids {
			_, _, reason, err := c.moved(id, choice, policy.CommandReassign, assign(to))
			switch {
			case err != nil:
				return err
			case reason != "":
				out.Skipped = append(out.Skipped, Skipped{id, reason})
			default:
				out.Moved++
			}
		}
		return nil
	})
	return out, err
}

// Close ends the sequence of leads: nobody calls them any more.
func (d *Desk) Close(ctx context.Context, actor bridge.Actor, choice Choice, motive string) (Moved, error) {
	return d.each(ctx, actor, choice, motive, policy.CommandClose, func(c *command, l bridge.Lead) (bridge.Lead, string) {
		switch l.State {
		case bridge.LeadWaiting, bridge.LeadLeased, bridge.LeadPending:
		default:
			return l, "it is " + string(l.State)
		}
		if c.onLine(l) {
			return l, "on the line with " + string(l.Lease.Person)
		}
		l.State, l.Lease = bridge.LeadClosed, nil
		return l, ""
	}, nil)
}

// move is what a command on many leads makes of one, or why it leaves it alone.
type move func(*command, bridge.Lead) (bridge.Lead, string)

// each runs a command on many leads: those that the supervisor may not touch, or
// that cannot be moved, are left alone and named. It goes in steps, each kept
// whole with a ledger line of its own, and the plateau's commands go in between.
// Once begun it is carried to its end, whether or not somebody still waits for
// the answer. A crash, or a store that cannot keep a step, leaves the steps before
// it done and no lead half moved: given again, the command does the rest.
func (d *Desk) each(ctx context.Context, actor bridge.Actor, choice Choice, motive string, what policy.Command, move move, check func(*command) error) (Moved, error) {
	out := Moved{Skipped: []Skipped{}}
	var ids []bridge.LeadID
	err := d.look(actor, func(c *command) (err error) {
		if ids, err = c.orders(choice, motive, check); err != nil {
			return err
		}
		return c.affords(ids, choice, what, move)
	})
	if err != nil {
		return out, err
	}
	ctx = context.WithoutCancel(ctx)
	for ids := range slices.Chunk(ids, atOnce) {
		var some Moved
		err := d.run(ctx, actor, func(c *command) (err error) {
			some, err = c.eachOf(ids, choice, motive, what, move)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("%d leads are done, give the command again for the rest: %w", out.Moved, err)
		}
		out.Moved += some.Moved
		out.Skipped = append(out.Skipped, some.Skipped...)
	}
	if out.Moved > 0 {
		return out, nil
	}
	return out, d.run(ctx, actor, func(c *command) error { return c.note(string(what), motive, nil) })
}

// orders checks a command on many leads and lists them.
func (c *command) orders(choice Choice, motive string, check func(*command) error) ([]bridge.LeadID, error) {
	if strings.TrimSpace(motive) == "" {
		return nil, &Invalid{"motive", "say why"}
	}
	if choice.empty() {
		return nil, &Invalid{"ids", "name the leads, or a filter that finds them"}
	}
	if check != nil {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	return c.chosen(choice)
}

// eachOf is one step of a command on many leads. One that is already where it is
// to go counts as moved: what a command answers that is given again is what it
// would have answered.
func (c *command) eachOf(ids []bridge.LeadID, choice Choice, motive string, what policy.Command, move move) (Moved, error) {
	var out Moved
	var records []string
	for _, id := range ids {
		l, changed, reason, err := c.moveOne(id, choice, what, move)
		if err != nil {
			return out, err
		}
		if reason != "" {
			out.Skipped = append(out.Skipped, Skipped{id, reason})
			continue
		}
		out.Moved++
		if changed {
			records = append(records, l.Prospect.Key())
		}
	}
	if len(records) == 0 {
		return out, nil
	}
	if err := c.spend(what, len(records)); err != nil {
		return out, err
	}
	return out, c.note(string(what), motive, nil, records...)
}

func (c *command) moveOne(id bridge.LeadID, choice Choice, what policy.Command, move move) (l bridge.Lead, changed bool, reason string, err error) {
	l, moved, reason, err := c.moved(id, choice, what, move)
	if err != nil || reason != "" || moved.State == l.State && moved.Assignee == l.Assignee {
		return l, false, reason, err
	}
	return moved, true, "", c.keep(&l, moved)
}

// moved is a lead, and what the command would make of it, or why it leaves it
// alone.
func (c *command) moved(id bridge.LeadID, choice Choice, what policy.Command, move move) (l, to bridge.Lead, reason string, err error) {
	l, p, err := c.load(id)
	if _, gone := err.(*NotFound); gone {
		return l, l, "there is no such lead", nil
	}
	if err != nil {
		return l, l, "", err
	}
	if err := c.supervised(c.record(l, p), string(what)+" this lead"); err != nil {
		return l, l, err.Error(), nil
	}
	if len(choice.IDs) == 0 && !choice.matches(l) {
		return l, l, "it has changed meanwhile", nil // since the filter found it
	}
	to, reason = move(c, l)
	return l, to, reason, nil
}

// affords refuses a command on many leads before it begins if it would change
// more of them than the actor may in an hour.
func (c *command) affords(ids []bridge.LeadID, choice Choice, what policy.Command, move move) error {
	if _, limited := c.Policy.Limit(c.who, what); !limited {
		return nil
	}
	n := 0
	for _, id := range ids {
		l, to, reason, err := c.moved(id, choice, what, move)
		if err != nil {
			return err
		}
		if reason == "" && (to.State != l.State || to.Assignee != l.Assignee) {
			n++
		}
	}
	return c.spare(what, n)
}

func (c *command) chosen(choice Choice) ([]bridge.LeadID, error) {
	if len(choice.IDs) > 0 {
		return choice.IDs, nil
	}
	if choice.Campaign == "" && (choice.Assignee == "" || choice.Assignee == Pool) {
		return nil, &Invalid{"campaign", "a filter names a campaign or a person"}
	}
	var out []bridge.LeadID
	for key := range c.scan(c.places(choice), "") {
		out = append(out, listed(key))
	}
	return out, nil
}

func (ch Choice) matches(l bridge.Lead) bool {
	return (ch.Campaign == "" || l.Campaign == ch.Campaign) &&
		(ch.State == "" || l.State == ch.State) &&
		(ch.Assignee == "" || ch.Assignee == string(l.Assignee) || ch.Assignee == Pool && l.Assignee == "")
}

// Handover deals with the leads of somebody who leaves: to another, to the
// pool, or later. Later leaves them as they are and only says how many wait.
func (d *Desk) Handover(ctx context.Context, actor bridge.Actor, from bridge.PersonID, to, motive string) (Moved, error) {
	if to != "later" {
		return d.Reassign(ctx, actor, Choice{Assignee: string(from)}, to, motive)
	}
	return d.each(ctx, actor, Choice{Assignee: string(from)}, motive, "handover later", func(_ *command, l bridge.Lead) (bridge.Lead, string) {
		return l, "left with " + string(from) + " for now"
	}, nil)
}

// Correct sets a prospect's status by a supervisor's hand. The CRM gets it as
// it gets a caller's.
func (d *Desk) Correct(ctx context.Context, actor bridge.Actor, id bridge.LeadID, eventID, status, motive string) (Receipt, error) {
	var out Receipt
	err := d.run(ctx, actor, func(c *command) error {
		if strings.TrimSpace(motive) == "" {
			return &Invalid{"motive", "say why"}
		}
		c.trying(Decision{Kind: "correct"}, bridge.Lead{})
		l, p, scope, err := c.see(id)
		if err != nil {
			return err
		}
		if err := c.supervised(scope, "correct a status"); err != nil {
			return err
		}
		key := eventKey(c.actor.Connection, eventID)
		known, ok, err := events.Get(c.tx, key)
		if err != nil || ok {
			out = known
			return err
		}
		values, refused := c.parse(map[bridge.FieldName]any{bridge.FieldStatus: status})
		g, err := c.admit(l, p, scope, values)
		if err != nil {
			return err
		}
		if err := c.spend(policy.CommandCorrect, 1); err != nil {
			return err
		}
		out = Receipt{Lead: id, Admitted: g.admitted, Proposed: g.names(), Refused: append(refused, g.refused...)}
		if out.Proposal, err = c.correct(l, key, g); err != nil {
			return err
		}
		if err := c.answerOnce(key, out); err != nil {
			return err
		}
		if err := c.decided(l, Decision{Kind: "correct", Record: scope, Asked: g.asked, Passed: slices.Concat(out.Admitted, out.Proposed)}); err != nil {
			return err
		}
		return c.note("correct", motive, g.admitted, l.Prospect.Key())
	})
	return out, err
}

// correct sends what was admitted of a correction, and proposes what must wait.
func (c *command) correct(l bridge.Lead, key string, g gated) (bridge.ProposalID, error) {
	if len(g.changes) > 0 {
		w := c.frame(l.Prospect, bridge.WriteFields, key, 0)
		w.Fields = g.changes
		if err := c.append(w, key, l.ID, ""); err != nil {
			return "", err
		}
	}
	if len(g.proposed) == 0 {
		return "", nil
	}
	return c.propose(l, key, nil, g)
}
