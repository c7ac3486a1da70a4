package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

// What a proposal is flagged with, for supervisors.
const (
	FlagBusy       = "busy"              // the salesperson has something else in the CRM's calendar then
	FlagMoved      = "moved_in_crm"      // by its people
	FlagReassigned = "reassigned_in_crm" // to somebody else
	FlagCancelled  = "cancelled_in_crm"
	FlagDeleted    = "deleted_in_crm"
)

// How far back appointments are still compared with the CRM: those that were
// proposed, and those that were to take place, since then.
const (
	proposedWithin = 180 * 24 * time.Hour
	overSince      = 2 * 24 * time.Hour
)

// Standing lists appointments that the CRM has confirmed and that are to come,
// or only just over: the newest first, as many as most.
func (d *Desk) Standing(crm bridge.ConnectionName, most int) (out []bridge.Proposal, err error) {
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		out, err = c.withMeetings(bridge.Synced, c.now.Add(-proposedWithin), func(p bridge.Proposal) bool {
			return p.Prospect.Connection == crm && ends(p.Meeting.Slot).After(c.now.Add(-overSince))
		})
		return err
	})
	slices.Reverse(out)
	return out[:min(most, len(out))], err
}

// Waiting lists the appointments that wait for a supervisor and name a
// salesperson: the newest first, as many as most.
func (d *Desk) Waiting(most int) (out []bridge.Proposal, err error) {
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		for _, state := range []bridge.ProposalState{bridge.Proposed, bridge.Rescheduled} {
			found, err := c.withMeetings(state, c.now.Add(-proposedWithin), func(p bridge.Proposal) bool {
				return p.Meeting.Salesperson != "" && ends(p.Meeting.Slot).After(c.now)
			})
			if err != nil {
				return err
			}
			out = append(out, found...)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b bridge.Proposal) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return out[:min(most, len(out))], err
}

// withMeetings lists the appointments of a state that were proposed since then.
func (c *command) withMeetings(state bridge.ProposalState, since time.Time, wanted func(bridge.Proposal) bool) (out []bridge.Proposal, err error) {
	prefix := string(state) + "\x00"
	for key := range byState.Scan(c.tx, prefix, due(since)) {
		p, ok, err := proposals.Get(c.tx, key[len(prefix)+8:])
		if err != nil {
			return nil, err
		}
		if ok && p.Meeting != nil && wanted(p) {
			out = append(out, p)
		}
	}
	return out, nil
}

// Seen is an appointment that was looked up in the CRM.
type Seen struct {
	Asked bridge.Proposal // as [Desk.Standing] gave it
	Held  connector.Held
}

// FollowCRM takes over what people have done to appointments in the CRM. One that
// the bridge itself has changed since it was asked for is left alone, and so is
// one that the CRM does not show. It answers
// how many it has changed.
func (d *Desk) FollowCRM(ctx context.Context, seen []Seen) (changed int, err error) {
	err = d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		changed = 0 // the store may have to begin again
		for _, s := range seen {
			did, err := c.takeOver(s)
			if err != nil {
				return err
			}
			if did {
				changed++
			}
		}
		return nil
	})
	return changed, err
}

func (c *command) takeOver(s Seen) (bool, error) {
	if s.Held.Unseen {
		return false, nil
	}
	p, ok, err := proposals.Get(c.tx, string(s.Asked.ID))
	if err != nil || !ok || p.State != bridge.Synced || !unchanged(p, s.Asked) {
		return false, err
	}
	was := p
	flags := c.heed(&p, s.Held)
	if len(flags) == 0 {
		return false, nil
	}
	for _, flag := range flags {
		p.Flags = flagged(p.Flags, flag, true)
	}
	p.Revision++ // calendars take over what has a higher one
	if err := c.rebook(p); err != nil {
		return false, err
	}
	if err := c.keepProposal(&was, p); err != nil {
		return false, err
	}
	for _, flag := range flags {
		if err := c.note(flag, "", nil, p.Prospect.Key()); err != nil {
			return false, err
		}
	}
	return true, nil
}

// unchanged says whether a proposal is as it was when the CRM was asked.
func unchanged(p, asked bridge.Proposal) bool {
	return p.State == asked.State && p.Revision == asked.Revision && p.Meeting != nil && asked.Meeting != nil &&
		p.Meeting.Slot == asked.Meeting.Slot && p.Meeting.Salesperson == asked.Meeting.Salesperson
}

// heed brings a proposal to what the CRM holds of it.
func (c *command) heed(p *bridge.Proposal, held connector.Held) (flags []string) {
	if !held.Present || held.Cancelled {
		p.State = bridge.Cancelled
		if held.Present {
			p.Reason = "cancelled in the CRM"
			return []string{FlagCancelled}
		}
		p.Reason = "deleted in the CRM"
		return []string{FlagDeleted}
	}
	m := *p.Meeting
	held.Slot.Minutes = cmp.Or(held.Slot.Minutes, m.Slot.Minutes) // some CRMs do not tell
	if !held.Slot.UTC.IsZero() && (!held.Slot.UTC.Equal(m.Slot.UTC) || held.Slot.Minutes != m.Slot.Minutes) {
		m.Slot = c.movedTo(m.Slot, held.Slot)
		flags = append(flags, FlagMoved)
	}
	if held.CRMUser != "" && m.CRMUser != "" && held.CRMUser != m.CRMUser {
		m.CRMUser = held.CRMUser
		m.Salesperson = c.ownerIn(p.Prospect.Connection, bridge.Value(held.CRMUser))
		flags = append(flags, FlagReassigned)
	}
	p.Meeting = &m
	return flags
}

// movedTo is the new moment on the wall that the old one was on.
func (c *command) movedTo(old, next bridge.Slot) bridge.Slot {
	loc, err := location(old.Zone)
	if err != nil {
		loc, old.Zone = time.UTC, "UTC"
	}
	return bridge.Slot{Local: next.UTC.In(loc).Format(localLayout), Zone: old.Zone, UTC: next.UTC.UTC(), Minutes: next.Minutes}
}

// rebook enters an appointment as the CRM has it: what overlaps there is its
// people's to know.
func (c *command) rebook(p bridge.Proposal) error {
	if err := c.unbook(p.ID); err != nil || p.State == bridge.Cancelled || p.Meeting.Salesperson == "" {
		return err
	}
	return c.occupy(p)
}

// occupy puts an appointment into its salesperson's calendar.
func (c *command) occupy(p bridge.Proposal) error {
	key := calendarKey(p.Meeting.Salesperson, p.Meeting.Slot, p.ID)
	if err := booked.Put(c.tx, string(p.ID), []byte(key)); err != nil {
		return err
	}
	return calendar.Put(c.tx, key, p.Meeting.Slot)
}

// FlagTaken notes whether the salesperson of an appointment that waits has
// something else in the CRM's calendar then. asked is as [Desk.Waiting] gave it.
func (d *Desk) FlagTaken(ctx context.Context, asked bridge.Proposal, busy bool) error {
	if slices.Contains(asked.Flags, FlagBusy) == busy {
		return nil
	}
	return d.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		p, ok, err := proposals.Get(tx, string(asked.ID))
		if err != nil || !ok || !unchanged(p, asked) {
			return err
		}
		p.Flags = flagged(p.Flags, FlagBusy, busy)
		return proposals.Put(tx, string(p.ID), p)
	})
}

// flagged is the flags with one of them set, or without it.
func flagged(flags []string, flag string, set bool) []string {
	out := slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return f == flag })
	if set {
		out = append(out, flag)
	}
	return out
}
