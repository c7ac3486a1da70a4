package outbox

import (
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Draft is a write to be appended.
type Draft struct {
	Write    bridge.Write
	Lead     bridge.LeadID
	Proposal bridge.ProposalID
	EventKey string
	Policy   string
	Look     bool // into the CRM before the first try: it may be there
}

// Append puts a write at the end of its prospect's queue. A change of fields
// takes up the prospect's earlier changes that nobody has claimed yet, and the
// same fields of parked and conflicting ones.
func Append(tx *store.Tx, d Draft, now time.Time) (Entry, error) {
	id, err := newID(tx)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{
		ID: id, Write: d.Write, Lead: d.Lead, Proposal: d.Proposal, EventKey: d.EventKey, Policy: d.Policy,
		State: Pending, Look: d.Look, Created: now, Changed: now,
	}
	if d.Write.Kind == bridge.WriteFields {
		if err := e.takeUp(tx, now); err != nil {
			return Entry{}, err
		}
	}
	if err := e.index(tx); err != nil {
		return Entry{}, err
	}
	return e, entries.Put(tx, e.ID, e)
}

// takeUp merges or supersedes the prospect's earlier changes of fields.
func (e *Entry) takeUp(tx *store.Tx, now time.Time) error {
	older, err := ofProspect(tx, e.Write.Prospect, func(kind bridge.WriteKind, s State) bool {
		return kind == bridge.WriteFields && s != Sending && s != Sent
	})
	if err != nil {
		return err
	}
	for i := range older {
		old := &older[i]
		switch {
		case old.State == Parked || old.State == Conflicted:
			err = old.yield(tx, e, now)
		case !old.Claimed:
			err = e.absorb(tx, old, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// absorb merges an older change that was never claimed: each field keeps the
// oldest expected value, and the author and policy of its newest one.
func (e *Entry) absorb(tx *store.Tx, old *Entry, now time.Time) error {
	// The slice may be the caller's, and a command may run twice.
	fields := slices.Clone(e.Write.Fields)
	for _, was := range old.Write.Fields {
		i := indexOf(fields, was.Name)
		if i < 0 {
			fields = append(fields, was)
			continue
		}
		fields[i].Expected, fields[i].CardAt = was.Expected, was.CardAt
	}
	e.Write.Fields = fields
	return old.supersede(tx, e, now)
}

// supersede ends an entry that a newer one, not yet kept, takes the place of.
func (e *Entry) supersede(tx *store.Tx, by *Entry, now time.Time) error {
	e.By = by.ID
	by.Carries = append(by.Carries, e.Carries...)
	if e.Proposal != "" {
		by.Carries = append(by.Carries, e.ID)
	}
	return e.move(tx, Superseded, now)
}

// yieldToNewer gives the fields of an entry that was just parked, or is in
// conflict, to the newer writes that wait behind it: a late retry of them would
// undo those.
func (e *Entry) yieldToNewer(tx *store.Tx, now time.Time) error {
	if e.Write.Kind != bridge.WriteFields {
		return nil
	}
	open, err := ofProspect(tx, e.Write.Prospect, func(kind bridge.WriteKind, _ State) bool { return kind == bridge.WriteFields })
	if err != nil {
		return err
	}
	for i := range open {
		newer := &open[i]
		if newer.ID <= e.ID || e.State.Final() {
			continue
		}
		if err := e.yield(tx, newer, now); err != nil {
			return err
		}
		if e.State == Superseded {
			err = entries.Put(tx, newer.ID, *newer)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// yield takes the fields of a newer write out of a parked or conflicting one.
func (e *Entry) yield(tx *store.Tx, to *Entry, now time.Time) error {
	left := slices.DeleteFunc(slices.Clone(e.Write.Fields), func(c bridge.FieldChange) bool {
		return indexOf(to.Write.Fields, c.Name) >= 0
	})
	if len(left) == len(e.Write.Fields) {
		return nil
	}
	if e.State == Conflicted && !slices.ContainsFunc(left, func(c bridge.FieldChange) bool { return e.conflicts(c.Name) }) {
		left = nil // what is left of it was written
	}
	if len(left) == 0 {
		return e.supersede(tx, to, now)
	}
	e.Write.Fields = left
	e.Changed = now
	return entries.Put(tx, e.ID, *e)
}

func (e *Entry) conflicts(name bridge.FieldName) bool {
	for _, c := range e.Conflict {
		if c.Field == name {
			return true
		}
	}
	return false
}

func indexOf(fields []bridge.FieldChange, name bridge.FieldName) int {
	return slices.IndexFunc(fields, func(c bridge.FieldChange) bool { return c.Name == name })
}

// ofProspect reads a prospect's entries that are not final and that want
// accepts, oldest first.
func ofProspect(tx *store.Tx, ref bridge.Ref, want func(bridge.WriteKind, State) bool) ([]Entry, error) {
	var ids []string
	for k, v := range byProspect.Scan(tx, prospectKey(ref, ""), "") {
		kind, state, _ := strings.Cut(string(v), " ")
		if want(bridge.WriteKind(kind), State(state)) {
			ids = append(ids, k[strings.LastIndexByte(k, 0)+1:])
		}
	}
	out := make([]Entry, 0, len(ids))
	for _, id := range ids {
		e, ok, err := entries.Get(tx, id)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// Chain is a prospect's changes of fields that are still open.
type Chain struct {
	ref  bridge.Ref
	open []Entry // oldest first
}

// ChainOf reads a prospect's chain.
func ChainOf(tx *store.Tx, ref bridge.Ref) (Chain, error) {
	open, err := ofProspect(tx, ref, func(kind bridge.WriteKind, s State) bool {
		return kind == bridge.WriteFields && s.onTheWay()
	})
	return Chain{ref, open}, err
}

// Current is the value that the chain leads a field to: the newest write that is
// still open, else our last one if it came after the read of a card (shown, read
// at cardAt), else what the card showed.
func (c Chain) Current(tx *store.Tx, name bridge.FieldName, shown bridge.Value, cardAt time.Time) (bridge.Value, error) {
	for _, e := range slices.Backward(c.open) {
		if i := indexOf(e.Write.Fields, name); i >= 0 {
			return e.Write.Fields[i].Value, nil
		}
	}
	marks, _, err := seen.Get(tx, seenKey(c.ref, name))
	return expected(marks, bridge.FieldChange{Name: name, Expected: shown, CardAt: cardAt}), err
}
