package desk

import (
	"context"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Correct sets a prospect's status by a supervisor's hand. The CRM gets it as
// it gets a caller's.
func (d *Desk) Correct(ctx context.Context, actor bridge.Actor, id bridge.LeadID, eventID, status, motive string) (Receipt, error) {
	var out Receipt
	err := d.run(ctx, actor, func(c *command) error {
		if strings.TrimSpace(motive) == "" {
			return &Invalid{"motive", sayWhy}
		}
		c.trying(Decision{Kind: "correct"}, bridge.Lead{})
		l, p, scope, err := c.see(id)
		if err != nil {
			return err
		}
		if err := c.supervised(scope, phrase{"correct a status", "corriger un statut"}); err != nil {
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
		if out.Act, err = c.correction(l, g, motive); err != nil {
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

// correction keeps what a correction has changed, so that it can be undone, and
// answers its name, "" if that is nothing.
func (c *command) correction(l bridge.Lead, g gated, motive string) (string, error) {
	if len(g.changes) == 0 {
		return "", nil
	}
	act, change := c.newAct(), g.changes[0]
	step := actStep{Field: change.Name, Was: g.leading[change.Name], Now: change.Value}
	if err := actSteps.Put(c.tx, actKey(act, l.ID), step); err != nil {
		return "", err
	}
	return act, c.keepAct(act, Act{Kind: policy.CommandCorrect, Motive: motive}, 1)
}

// uncorrect sends the value that a correction replaced, if nobody has changed it
// since.
func (c *command) uncorrect(act string, l bridge.Lead, step actStep) (stay, error) {
	_, p, scope, err := c.see(l.ID)
	if err != nil {
		return stay{StaysDenied, err.Error()}, nil
	}
	g, err := c.admit(l, p, scope, map[bridge.FieldName]bridge.Value{step.Field: step.Was})
	switch {
	case err != nil:
		return stay{}, err
	case len(g.admitted) == 0:
		return stay{why: StaysDenied}, nil
	case len(g.changes) == 0 || g.leading[step.Field] != step.Now:
		return stay{why: StaysChanged}, nil
	}
	key := eventKey(c.actor.Connection, "undo:"+act)
	w := c.frame(l.Prospect, bridge.WriteFields, key, 0)
	w.Fields = g.changes
	return stay{}, c.append(w, key, l.ID, "")
}
