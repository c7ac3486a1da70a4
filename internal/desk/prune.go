package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// What one step of a pruning looks at, and what it erases: it must not be felt
// at the desk.
const (
	lookAtMost     = 500
	pruneProspects = 10
	pruneRecords   = 200
)

// PruneWrites erases writes that came to an end before a moment. Those of an
// appointment or change that is still kept stay with it. It does one step, from
// where an earlier one stopped ("" is the start), and answers how many it has
// erased and where to go on, "" at the end.
func (d *Desk) PruneWrites(ctx context.Context, before time.Time, from string) (n int, next string, err error) {
	var ids []string
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		ids, next, err = outbox.Outlived(c.tx, before, from, pruneRecords, c.proposalNeeds)
		return err
	})
	if err != nil || len(ids) == 0 {
		return 0, next, err
	}
	err = d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		n, err = outbox.Prune(c.tx, ids, before, c.proposalNeeds)
		return err
	})
	return n, next, err
}

// proposalNeeds says whether a proposal refers to a write: to move or cancel an
// appointment one must know what became of it.
func (c *command) proposalNeeds(e *outbox.Entry) (bool, error) {
	if e.Proposal == "" {
		return false, nil
	}
	p, _, err := proposals.Get(c.tx, string(e.Proposal))
	return slices.Contains(p.Entries, e.ID), err
}

// PruneDecisions erases decision records that were made before a moment, a step
// at a time as [Desk.PruneWrites].
func (d *Desk) PruneDecisions(ctx context.Context, before time.Time, from string) (n int, next string, err error) {
	var old []string
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		old, next, err = oldDecisions(c.tx, before, from)
		return err
	})
	if err != nil || len(old) == 0 {
		return 0, next, err
	}
	err = d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		for _, key := range old {
			if err := decisions.Delete(c.tx, key); err != nil {
				return err
			}
		}
		return nil
	})
	return len(old), next, err
}

// oldDecisions goes from prospect to prospect: each one's records are in the
// order of time, so that one young one is enough to leap to the next.
func oldDecisions(tx *store.Tx, before time.Time, from string) (old []string, next string, err error) {
	for looked := 0; ; looked++ {
		key, ok := first(tx, decisions.Raw, "", from)
		if !ok {
			return old, "", nil
		}
		if looked == lookAtMost || len(old) >= pruneRecords {
			return old, key, nil
		}
		prospect := key[:strings.LastIndexByte(key, 0)+1]
		for key, raw := range decisions.Scan(tx, prospect, "") {
			var d struct {
				At time.Time `json:"at"`
			}
			if err := json.Unmarshal(raw, &d); err != nil {
				return nil, "", fmt.Errorf("a decision record cannot be read: %w", err)
			}
			if !d.At.Before(before) {
				break
			}
			old = append(old, key)
		}
		from = prospect[:len(prospect)-1] + "\x01"
	}
}

// PruneProspects erases prospects whose last contact and whose campaigns' ends
// lie before a moment, with everything that hangs on them, a step at a time as
// [Desk.PruneWrites]. Who is still selected, on a list, on somebody's line, or
// has something open stays. Their oppositions stay in any case.
func (d *Desk) PruneProspects(ctx context.Context, before time.Time, from string) (n int, next string, err error) {
	var refs []bridge.Ref
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		refs, next, err = c.outlivedProspects(before, from)
		return err
	})
	if err != nil || len(refs) == 0 {
		return 0, next, err
	}
	err = d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		n, err = c.pruneProspects(refs, before)
		return err
	})
	return n, next, err
}

// pruneProspects erases those of the prospects that nothing keeps still. The
// ledger's line has their pseudonyms, which stand for nobody afterwards.
func (c *command) pruneProspects(refs []bridge.Ref, before time.Time) (int, error) {
	var gone []string
	for _, ref := range refs {
		past, err := c.outlived(ref, before)
		if err != nil {
			return 0, err
		}
		if past {
			gone = append(gone, ref.Key())
		}
	}
	if len(gone) == 0 {
		return 0, nil
	}
	if err := c.note("prune", "", nil, gone...); err != nil {
		return 0, err
	}
	for _, key := range gone {
		ref, err := bridge.ParseRef(key)
		if err != nil {
			return 0, err
		}
		if _, err := c.erase(ref, nil); err != nil {
			return 0, err
		}
	}
	return len(gone), nil
}

func (c *command) outlivedProspects(before time.Time, from string) (refs []bridge.Ref, next string, err error) {
	looked := 0
	for key := range prospects.Scan(c.tx, "", from) {
		if looked == lookAtMost || len(refs) == pruneProspects {
			return refs, strings.Clone(key), nil
		}
		looked++
		ref, err := bridge.ParseRef(key)
		if err != nil {
			return nil, "", err
		}
		gone, err := c.outlived(ref, before)
		if err != nil {
			return nil, "", err
		}
		if gone {
			refs = append(refs, ref)
		}
	}
	return refs, "", nil
}

// outlived says whether nothing keeps a prospect any more. What counts is when
// we came to know of things, not when they are said to have happened.
func (c *command) outlived(ref bridge.Ref, before time.Time) (bool, error) {
	for _, id := range suffixes(c.tx, byProspect, ref.Key()+"\x00") {
		l, err := c.lead(bridge.LeadID(id))
		if err != nil || c.inUse(l) || !c.ended(l, before) {
			return false, err
		}
		if past, err := c.callsPast(l, before); err != nil || !past {
			return false, err
		}
	}
	if outbox.HasOpen(c.tx, ref) {
		return false, nil
	}
	for _, id := range suffixes(c.tx, proposalsOf, ref.Key()+"\x00") {
		p, _, err := proposals.Get(c.tx, id)
		if err != nil || !c.past(p, before) {
			return false, err
		}
	}
	p, _, err := prospects.Get(c.tx, ref.Key())
	return err == nil && p.ReadAt.Before(before), err
}

// inUse says whether somebody calls the lead, or may: while its campaign runs,
// only who has left the selection is not called.
func (c *command) inUse(l bridge.Lead) bool {
	camp, known := c.Campaigns[l.Campaign]
	selected := known && !camp.Ended(c.now) && l.WithdrawnBy != leftSelection
	return selected || l.Lease != nil || len(l.HeldBy) > 0
}

// ended says whether the lead's campaign, and its beginning, lie before a
// moment.
func (c *command) ended(l bridge.Lead, before time.Time) bool {
	camp, known := c.Campaigns[l.Campaign]
	return l.CreatedAt.Before(before) && (!known || !camp.Ended(c.now) || camp.Ends.Before(before))
}

func (c *command) callsPast(l bridge.Lead, before time.Time) (bool, error) {
	for _, key := range suffixes(c.tx, byLead, string(l.ID)+"\x00") {
		o, ok, err := outcomes.Get(c.tx, key[8:])
		if err != nil || ok && !o.ReceivedAt.Before(before) {
			return false, err
		}
	}
	return true, nil
}

// past says whether a proposal is decided, and its appointment over.
func (c *command) past(p bridge.Proposal, before time.Time) bool {
	if p.State == bridge.Proposed || p.State == bridge.Rescheduled {
		return false
	}
	stands := p.Meeting != nil && (p.State == bridge.Validated || p.State == bridge.Synced)
	if stands && ends(p.Meeting.Slot).After(c.now) {
		return false
	}
	return p.CreatedAt.Before(before) && p.DecidedAt.Before(before)
}
