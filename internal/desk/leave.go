package desk

import (
	"context"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Leave puts the leads on somebody's line back in the queue, in the transaction
// in which they leave, and drops what they had typed.
func (d *Desk) Leave(tx *store.Tx, by bridge.Actor, who bridge.PersonID) error {
	c := d.begin(tx, by)
	var records []string
	for _, rest := range suffixes(tx, lines, string(who)+"\x00") {
		l, err := c.lead(onLineAt(rest))
		if err != nil {
			return err
		}
		was := l
		if l.Lease = nil; l.State == bridge.LeadLeased {
			l.State = bridge.LeadWaiting
		}
		if err := c.keep(&was, l); err != nil {
			return err
		}
		if err := drafts.Delete(tx, draftKey(l.ID, who)); err != nil {
			return err
		}
		records = append(records, l.Prospect.Key())
	}
	if len(records) == 0 {
		return nil
	}
	return c.note("release", "", nil, records...)
}

// HandOverLeft deals with the leads of somebody who has left, as [Desk.Handover]
// does, for who looks after people: it discloses nothing, and only the leads of
// who is not active any more may be given away by it.
func (d *Desk) HandOverLeft(ctx context.Context, operator bridge.Actor, from bridge.PersonID, to, motive string) (Moved, error) {
	o := handover(from, to, motive)
	goesTo := o.check
	o.left = true
	o.check = func(c *command) error {
		if p, known := c.Person(from); !c.actor.Operator || known && p.Active {
			return &Denied{What: phrase{"give away the leads of somebody who has not left", "donner les fiches de quelqu'un qui n'est pas parti"}}
		}
		if goesTo == nil {
			return nil
		}
		return goesTo(c)
	}
	return d.each(ctx, operator, o)
}

// onLineAt is the lead of a key of the lines, behind the person.
func onLineAt(rest string) bridge.LeadID {
	_, id, _ := strings.Cut(rest, "\x00")
	return bridge.LeadID(id)
}
