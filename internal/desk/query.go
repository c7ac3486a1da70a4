package desk

import (
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
)

// View is a lead as its reader may see it.
type View struct {
	Lead     bridge.Lead
	Card     bridge.Card
	Outcomes []bridge.Outcome // where they may read activities
}

// Lead shows one lead.
func (d *Desk) Lead(actor bridge.Actor, id bridge.LeadID) (View, error) {
	var out View
	err := d.look(actor, func(c *command) error {
		l, p, scope, err := c.see(id)
		if err != nil {
			return err
		}
		out = c.view(l, p, scope)
		c.looked(l, out.Card)
		return nil
	})
	return out, err
}

// view is a lead with its card and the calls that the actor may read of.
func (c *command) view(l bridge.Lead, p bridge.Prospect, scope policy.Record) View {
	out := View{Lead: c.face(l, scope), Card: c.card(c.who, scope, l, p), Outcomes: []bridge.Outcome{}}
	for _, o := range c.outcomesOf(l.ID) {
		scope.Owner = o.Author
		if c.Policy.Allows(c.who, policy.Read, bridge.Activity, scope) {
			out.Outcomes = append(out.Outcomes, maskOutcome(o, c.Policy.ReadMask(c.who, scope)))
		}
	}
	return out
}

// face is a lead as its reader may see it: how the last call ended is a field
// like any other.
func (c *command) face(l bridge.Lead, scope policy.Record) bridge.Lead {
	if l.Last == "" || c.Policy.ReadMask(c.who, scope).Has(bridge.FieldDisposition) {
		return l
	}
	if made := c.outcomesOf(l.ID); len(made) > 0 {
		scope.Owner = made[len(made)-1].Author
	}
	if !c.Policy.ReadMask(c.who, scope).Has(bridge.FieldDisposition) {
		l.Last = ""
	}
	return l
}

// maskOutcome leaves of an outcome only what its reader may read.
func maskOutcome(o bridge.Outcome, readable policy.FieldMask) bridge.Outcome {
	if !readable.Has(bridge.FieldNote) {
		o.Note = ""
	}
	if !readable.Has(bridge.FieldDisposition) {
		o.Disposition, o.RawCode = "", ""
	}
	if !readable.Has(bridge.FieldDuration) {
		o.TalkS = 0
	}
	return o
}

// Page is where a list goes on.
type Page struct {
	After string // what the last page answered
	Limit int    // 0 is 50, at most 500
	Cards bool   // of leads: with their cards
}

func (p Page) limit() int {
	switch {
	case p.Limit <= 0:
		return 50
	case p.Limit > 500:
		return 500
	}
	return p.Limit
}

// seenAtMost bounds how many leads one page looks at: until the index of sights
// is read, who may know of a few in many gets a short page and where to go on.
const seenAtMost = 2000

// Leads lists the leads that the actor may know of: by campaign, state,
// assignee and when they are due. With more, next is where to go on; such a page
// may be short.
func (d *Desk) Leads(actor bridge.Actor, choice Choice, page Page) (out []View, next string, err error) {
	err = d.look(actor, func(c *command) error {
		out, next, err = c.page(choice, page)
		return err
	})
	return out, next, err
}

func (c *command) page(choice Choice, page Page) (out []View, next string, err error) {
	looked := 0
	for key := range c.perhaps(choice, page) {
		if len(out) == page.limit() || looked == seenAtMost {
			return out, next, nil
		}
		looked, next = looked+1, key
		l, p, err := c.load(listed(key))
		if _, gone := err.(*NotFound); gone {
			continue // since the index was asked
		}
		if err != nil {
			return nil, "", err
		}
		scope := c.record(l, p)
		if choice.matches(l) && c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, scope) {
			v := View{Lead: c.face(l, scope)}
			if page.Cards {
				v.Card = c.card(c.who, scope, l, p)
				c.viewed(c.who, scope, l, true)
				c.looked(l, v.Card)
			} else {
				c.listed(scope, l)
			}
			out = append(out, v)
		}
	}
	return out, "", nil
}

// Proposals lists proposals in a state ("": those that wait), oldest first: a
// caller's own, a supervisor's teams', a salesperson's once they are validated.
func (d *Desk) Proposals(actor bridge.Actor, state bridge.ProposalState, page Page) (out []bridge.Proposal, next string, err error) {
	if state == "" {
		state = bridge.Proposed
	}
	prefix := string(state) + "\x00"
	err = d.look(actor, func(c *command) error {
		for key := range byState.Scan(c.tx, prefix, page.After) {
			if key == page.After {
				continue
			}
			p, _, scope, err := c.proposal(bridge.ProposalID(key[len(prefix)+8:]))
			if err != nil {
				return err
			}
			its, may := c.readAs(scope, p)
			if !may {
				continue
			}
			if len(out) == page.limit() {
				return nil
			}
			out = append(out, c.redact(p, scope, its))
			next = key
		}
		next = ""
		return nil
	})
	return out, next, err
}

// redact leaves of a proposal only the values that the reader may read, of the
// prospect (scope) and of the appointment itself (its). When that is stays:
// without it nobody could decide.
func (c *command) redact(p bridge.Proposal, scope, its policy.Record) bridge.Proposal {
	p.Fields = c.Policy.Project(c.who, scope, p.Fields)
	p.Expected = c.Policy.Project(c.who, scope, p.Expected)
	if p.Meeting == nil {
		return p
	}
	readable, m := c.Policy.ReadMask(c.who, its), *p.Meeting
	for name, text := range map[bridge.FieldName]*string{
		bridge.FieldSubject: &m.Subject, bridge.FieldPlace: &m.Place, bridge.FieldNote: &m.Note,
	} {
		if !readable.Has(name) {
			*text = ""
		}
	}
	p.Meeting = &m
	return p
}

// Writes lists outbox entries: a supervisor's teams', the operator's all. A
// reader sees the values of the fields that they may read, nobody else's; the
// operator none. With more, the last one's id is where to go on.
func (d *Desk) Writes(actor bridge.Actor, f outbox.Filter) (out []outbox.Entry, more bool, err error) {
	limit := Page{Limit: f.Limit}.limit()
	f.Limit = limit + 1
	err = d.look(actor, func(c *command) error {
		for more = true; more && len(out) <= limit; {
			found, rest, err := outbox.List(c.tx, f)
			if err != nil {
				return err
			}
			for _, e := range found {
				f.After = e.ID
				if out, err = c.addWrite(out, e); err != nil {
					return err
				}
			}
			more = rest
		}
		return nil
	})
	if len(out) > limit {
		return out[:limit], true, err
	}
	return out, false, err
}

// addWrite adds an entry, veiled, if the actor may tend it.
func (c *command) addWrite(out []outbox.Entry, e outbox.Entry) ([]outbox.Entry, error) {
	err := c.mayTend(e, "list")
	if _, no := err.(*Denied); no {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	veiled, err := c.veil(e)
	return append(out, veiled), err
}

// Write shows one outbox entry, as [Desk.Writes] does.
func (d *Desk) Write(actor bridge.Actor, id string) (out outbox.Entry, err error) {
	err = d.look(actor, func(c *command) error {
		e, ok, err := outbox.Get(c.tx, id)
		if err != nil {
			return err
		}
		if !ok {
			return &outbox.ErrNoEntry{ID: id}
		}
		if err := c.mayTend(e, "see"); err != nil {
			return err
		}
		out, err = c.veil(e)
		return err
	})
	return out, err
}

// veil takes out of an entry the values that the actor may not read.
func (c *command) veil(e outbox.Entry) (outbox.Entry, error) {
	scope, err := c.scopeOf(e)
	if err != nil {
		return e, err
	}
	mask, whole := c.Policy.ReadMask(c.who, scope), e
	e.Held = nil
	e.Write.Fields = slices.Clone(e.Write.Fields)
	for i, f := range e.Write.Fields {
		if !mask.Has(f.Name) {
			e.Write.Fields[i].Value, e.Write.Fields[i].Expected = "", ""
		}
	}
	e.Conflict = slices.Clone(e.Conflict)
	for i, f := range e.Conflict {
		if !mask.Has(f.Field) {
			e.Conflict[i].Found = ""
		}
	}
	if e.Write.Call != nil && !c.Policy.Allows(c.who, policy.Read, bridge.Activity, scope) {
		call := *e.Write.Call
		call.Note = ""
		e.Write.Call = &call
	}
	if e.Write.Meeting != nil && !c.Policy.Allows(c.who, policy.Read, bridge.Appointment, scope) {
		m := *e.Write.Meeting
		m.Note, m.Subject, m.Place = "", "", ""
		e.Write.Meeting = &m
	}
	if hidden := secrets(whole, e); len(hidden) > 0 {
		e.Reason = discreet(e.Reason, hidden)
	}
	return e, nil
}
