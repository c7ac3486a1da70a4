package outbox

import (
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Ask is a writer's request to carry out entries of one connection.
type Ask struct {
	Connection bridge.ConnectionName `json:"connection"`
	Writer     string                `json:"writer"`
	Entries    []string              `json:"entries"`
}

// Verdict is the answer for one entry.
type Verdict string

// The verdicts.
const (
	Go   Verdict = "go"   // carry it out
	Done Verdict = "done" // nothing to do: acknowledge the message
	Busy Verdict = "busy" // another writer has it: ask again after Retry
	Wait Verdict = "wait" // not its turn, or no quota: ask again after Retry
)

// Item is the answer for one entry of an [Ask].
type Item struct {
	Entry   string        `json:"entry"`
	Verdict Verdict       `json:"verdict"`
	Retry   time.Duration `json:"retry,omitempty"`
	Look    bool          `json:"look,omitempty"` // before sending
	Write   *bridge.Write `json:"write,omitempty"`
}

// Grant is a writer's right to carry out the entries with verdict go, until
// the deadline.
type Grant struct {
	Fence    uint64    `json:"fence"`
	Deadline time.Time `json:"deadline"`
	Tokens   int       `json:"tokens"` // requests it may make
	Items    []Item    `json:"items"`
}

// Terms are what a connection's descriptor and quota say of a claim.
type Terms struct {
	Timeout time.Duration // from claim to deadline
	Settle  time.Duration // how late a timed-out write may still appear
	Most    int           // entries to grant at most, by quota
}

// retryWait is how long a writer waits whose entry is not next yet.
const retryWait = 200 * time.Millisecond

// Claim decides an ask, entry by entry in the order the entries were made, and
// hands out the entries of one prospect in order or not at all.
func Claim(tx *store.Tx, ask Ask, terms Terms, now time.Time) (Grant, error) {
	fence, err := fences.Next(tx)
	if err != nil {
		return Grant{}, err
	}
	c := claim{tx: tx, terms: terms, now: now, fence: fence, writer: ask.Writer,
		granted: map[string]bool{}, fields: map[bridge.Ref]bool{}}
	g := Grant{Fence: fence, Deadline: now.Add(terms.Timeout)}
	for _, id := range slices.Sorted(slices.Values(ask.Entries)) {
		e, ok, err := entries.Get(tx, id)
		if err != nil {
			return Grant{}, err
		}
		item := Item{Entry: id, Verdict: Done}
		if ok && e.Connection() == ask.Connection {
			if item, err = c.decide(&e); err != nil {
				return Grant{}, err
			}
		}
		g.Items = append(g.Items, item)
	}
	return g, nil
}

type claim struct {
	tx      *store.Tx
	terms   Terms
	now     time.Time
	fence   uint64
	writer  string
	granted map[string]bool
	fields  map[bridge.Ref]bool // prospects with a change of fields in this claim
}

func (c *claim) decide(e *Entry) (Item, error) {
	item := Item{Entry: e.ID, Verdict: Done}
	switch e.State {
	case Relayed:
	case Sending:
		if free := e.Deadline.Add(c.terms.Settle); c.now.Before(free) {
			item.Verdict, item.Retry = Busy, free.Sub(c.now)
			return item, nil
		}
		e.Look = true
		if err := e.unsee(c.tx); err != nil {
			return item, err
		}
	default: // settled, or pending: relay will publish it again
		return item, nil
	}
	if blocker, blocked := c.blocker(e); blocked {
		if blocker == Pending {
			// It will come again behind the one that holds it back.
			return item, e.back(c.tx, c.now, time.Time{})
		}
		item.Verdict, item.Retry = Wait, retryWait
		return item, nil
	}
	if len(c.granted) >= c.terms.Most || e.Write.Kind == bridge.WriteFields && c.fields[e.Write.Prospect] {
		item.Verdict, item.Retry = Wait, retryWait
		return item, nil
	}
	return c.grant(e)
}

// blocker finds an earlier entry of the prospect that is still on its way
// outside this claim.
func (c *claim) blocker(e *Entry) (State, bool) {
	for k, v := range byProspect.Scan(c.tx, prospectKey(e.Write.Prospect, ""), "") {
		id := k[strings.LastIndexByte(k, 0)+1:]
		if id >= e.ID {
			return "", false
		}
		_, state, _ := strings.Cut(string(v), " ")
		if s := State(state); s.onTheWay() && !c.granted[id] {
			return s, true
		}
	}
	return "", false
}

func (c *claim) grant(e *Entry) (Item, error) {
	e.Fence, e.Writer, e.Claimed, e.Reason = c.fence, c.writer, true, ""
	w := e.Write
	if w.Kind == bridge.WriteFields {
		fields, err := e.see(c.tx, c.now)
		if err != nil {
			return Item{}, err
		}
		w.Fields = fields
		c.fields[w.Prospect] = true
	}
	if err := e.move(c.tx, Sending, c.now); err != nil {
		return Item{}, err
	}
	e.Deadline = c.now.Add(c.terms.Timeout)
	if err := entries.Put(c.tx, e.ID, *e); err != nil {
		return Item{}, err
	}
	c.granted[e.ID] = true
	return Item{Entry: e.ID, Verdict: Go, Look: e.Look, Write: &w}, nil
}

// back returns an entry to pending, not before until.
func (e *Entry) back(tx *store.Tx, now, until time.Time) error {
	e.NotUntil = until
	return e.move(tx, Pending, now)
}

func seenKey(ref bridge.Ref, name bridge.FieldName) string {
	return ref.Key() + "\x00\x00" + string(name)
}

// expected is the value that the CRM must hold for the change to be written:
// our last write to the field, unless the author's card came from a read begun
// after the CRM had taken that write; else what the card showed.
func expected(tx *store.Tx, ref bridge.Ref, c bridge.FieldChange) (bridge.Value, error) {
	s, ok, err := seen.Get(tx, seenKey(ref, c.Name))
	if err != nil {
		return "", err
	}
	if ok && (s.DoneAt.IsZero() || s.DoneAt.After(c.CardAt)) {
		return s.Value, nil
	}
	return c.Expected, nil
}

// see settles the expected value of each field and notes that we are about to
// write it.
func (e *Entry) see(tx *store.Tx, now time.Time) ([]bridge.FieldChange, error) {
	fields := slices.Clone(e.Write.Fields)
	e.Prior = make(map[bridge.FieldName]*Seen, len(fields))
	e.Held = make(map[bridge.FieldName]bridge.Value, len(fields))
	for i, c := range fields {
		want, err := expected(tx, e.Write.Prospect, c)
		if err != nil {
			return nil, err
		}
		fields[i].Expected, e.Held[c.Name] = want, want
		key := seenKey(e.Write.Prospect, c.Name)
		old, ok, err := seen.Get(tx, key)
		if err != nil {
			return nil, err
		}
		e.Prior[c.Name] = nil
		if ok {
			e.Prior[c.Name] = &old
		}
		err = seen.Put(tx, key, Seen{Value: c.Value, Entry: e.ID, Fence: e.Fence, ClaimedAt: now})
		if err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// unsee takes the note back, for the given fields or for all: the write was
// refused or is to be tried again.
func (e *Entry) unsee(tx *store.Tx, only ...bridge.FieldName) error {
	for name, prior := range e.Prior {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		key := seenKey(e.Write.Prospect, name)
		now, ok, err := seen.Get(tx, key)
		if err != nil {
			return err
		}
		if !ok || now.Entry != e.ID || now.Fence != e.Fence {
			continue // somebody has written it since
		}
		if prior == nil {
			err = seen.Delete(tx, key)
		} else {
			err = seen.Put(tx, key, *prior)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// done notes when the CRM took the fields.
func (e *Entry) done(tx *store.Tx, now time.Time) error {
	for name := range e.Prior {
		key := seenKey(e.Write.Prospect, name)
		s, ok, err := seen.Get(tx, key)
		if err != nil {
			return err
		}
		if !ok || s.Entry != e.ID || s.Fence != e.Fence {
			continue
		}
		s.DoneAt = now
		if err := seen.Put(tx, key, s); err != nil {
			return err
		}
	}
	return nil
}
