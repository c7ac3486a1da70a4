package outbox

import (
	"crypto/rand"
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

// Grant is a writer's right to carry out the entries with verdict go.
type Grant struct {
	Fence  uint64        `json:"fence"`
	For    time.Duration `json:"for"`    // from the moment of asking, by the asker's clock
	Tokens int           `json:"tokens"` // requests it may make
	Items  []Item        `json:"items"`
}

// Terms are what a connection's descriptor and quota say of a claim.
type Terms struct {
	Timeout time.Duration // from claim to deadline
	Settle  time.Duration // how late a timed-out write may still appear
	Most    int           // entries to grant at most, by quota
	Again   time.Duration // when to ask again for those beyond it
	Fence   uint64        // of the claim that this one goes on; 0 begins one
}

// How long a writer waits whose entry is not next yet, or builds on one that is
// not confirmed yet, and at least where there is no quota for it.
const (
	retryWait   = 200 * time.Millisecond
	confirmWait = time.Second
	retryLeast  = 50 * time.Millisecond
)

// Claim decides an ask, entry by entry in the order the entries were made, and
// hands out the entries of one prospect in order or not at all. A long ask may
// be put in parts, oldest entries first, each in a transaction of its own, if
// all go under the fence of the first.
func Claim(tx *store.Tx, ask Ask, terms Terms, now time.Time) (Grant, error) {
	c := claim{tx: tx, terms: terms, now: now, writer: ask.Writer}
	if c.terms.Fence == 0 {
		fence, err := newFence(tx)
		if err != nil {
			return Grant{}, err
		}
		c.terms.Fence = fence
	}
	g := Grant{Fence: c.terms.Fence, For: terms.Timeout}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ask.Entries))) {
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

// newFence makes a fence that is higher than those before, and that no earlier
// life of a restored store has given out.
func newFence(tx *store.Tx) (uint64, error) {
	n, err := fences.Next(tx)
	if err != nil {
		return 0, err
	}
	var salt [2]byte
	rand.Read(salt[:])
	return n<<16 | uint64(salt[0])<<8 | uint64(salt[1]), nil
}

type claim struct {
	tx      *store.Tx
	terms   Terms
	now     time.Time
	writer  string
	granted int
}

func (c *claim) decide(e *Entry) (Item, error) {
	item := Item{Entry: e.ID, Verdict: Done}
	switch e.State {
	case Relayed:
	case Sending:
		if e.Fence == c.terms.Fence {
			return item, nil
		}
		if free := e.Deadline.Add(c.terms.Settle); c.now.Before(free) {
			item.Verdict, item.Retry = Busy, free.Sub(c.now)
			return item, nil
		}
	default: // settled, or pending: relay will publish it again
		return item, nil
	}
	blocker, fields, err := c.inTheWay(e)
	switch {
	case err != nil:
		return item, err
	case blocker == Pending:
		// It will come again behind the one that holds it back.
		if err := e.overdue(c.tx); err != nil {
			return item, err
		}
		return item, e.back(c.tx, c.now, time.Time{})
	case blocker == Sent:
		item.Verdict, item.Retry = Wait, confirmWait
		return item, nil
	case c.granted >= c.terms.Most:
		item.Verdict, item.Retry = Wait, max(c.terms.Again, retryLeast)
		return item, nil
	case blocker != "", fields && e.Write.Kind == bridge.WriteFields:
		item.Verdict, item.Retry = Wait, retryWait
		return item, nil
	}
	return c.grant(e)
}

// inTheWay finds the state of an entry of the prospect that holds this one
// back ("": none): an earlier one that is still on its way outside this claim,
// a later one that a writer has, since it went ahead while this one was parked,
// or one that this builds on and that the CRM has not shown yet. It also says
// whether this claim holds a change of the prospect's fields: only one may be
// under way at a time.
func (c *claim) inTheWay(e *Entry) (blocker State, fields bool, err error) {
	for k, v := range byProspect.Scan(c.tx, prospectKey(e.Write.Prospect, ""), "") {
		id := k[strings.LastIndexByte(k, 0)+1:]
		kind, state, _ := strings.Cut(string(v), " ")
		s := State(state)
		if id == e.ID || id > e.ID && s != Sending {
			continue
		}
		if s == Sending {
			other, _, err := entries.Get(c.tx, id)
			if err != nil {
				return "", false, err
			}
			if other.Fence == c.terms.Fence {
				fields = fields || bridge.WriteKind(kind) == bridge.WriteFields
				continue
			}
		}
		if s.onTheWay() || s == Sent && e.buildsOn(bridge.WriteKind(kind)) {
			return s, fields, nil
		}
	}
	return "", fields, nil
}

// buildsOn says whether the entry changes what an earlier one of a kind has
// made, which the CRM must show first: afterwards its absence means something.
func (e *Entry) buildsOn(earlier bridge.WriteKind) bool {
	switch e.Write.Kind {
	case bridge.WriteActivity:
		return earlier == bridge.WriteActivity && e.Write.Call != nil && e.Write.Call.Revises != ""
	case bridge.WriteMove, bridge.WriteCancel:
		return earlier == bridge.WriteMeeting || earlier == bridge.WriteMove
	}
	return false
}

// overdue makes ready an entry whose claim has run out: it may have been
// carried out, and does not count as seen until that is known.
func (e *Entry) overdue(tx *store.Tx) error {
	if e.State != Sending {
		return nil
	}
	e.Look = true
	return e.unsee(tx)
}

func (c *claim) grant(e *Entry) (Item, error) {
	if err := e.overdue(c.tx); err != nil {
		return Item{}, err
	}
	e.Fence, e.Writer, e.Claimed, e.Reason = c.terms.Fence, c.writer, true, ""
	w := e.Write
	if w.Kind == bridge.WriteFields {
		fields, err := e.see(c.tx, c.now)
		if err != nil {
			return Item{}, err
		}
		w.Fields = fields
	}
	e.Deadline = c.now.Add(c.terms.Timeout)
	if err := e.move(c.tx, Sending, c.now); err != nil {
		return Item{}, err
	}
	c.granted++
	return Item{Entry: e.ID, Verdict: Go, Look: e.Look, Write: &w}, nil
}

// back returns an entry to pending, not before until.
func (e *Entry) back(tx *store.Tx, now, until time.Time) error {
	e.NotUntil = until
	return e.move(tx, Pending, now)
}
