package desk

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// order is a command on many leads.
type order struct {
	choice Choice
	what   policy.Command
	to     string // whom it gives them to: a person, or Pool; "" where it does not
	motive string
	move   move
	check  func(*command) error // may be nil
	left   bool                 // the leads are those of somebody who has left: check says who may
}

// move is what a command on many leads makes of one, or why that stays as it is.
type move func(*command, bridge.Lead) (bridge.Lead, stay)

// Why says why a command on many leads left one alone.
type Why string

// The reasons; Of says more.
const (
	StaysOnLine   Why = "on_line" // of the person who has it
	StaysInState  Why = "state"   // in which nothing of the kind can be done
	StaysGone     Why = "gone"    // or never there
	StaysChanged  Why = "changed" // since the filter found it, or since what is to be undone
	StaysDenied   Why = "denied"
	StaysForLater Why = "later" // left with the person for now
)

// stay is why a lead stays as it is; zero: it moves.
type stay struct {
	why Why
	of  string
}

var stayTexts = map[Why]string{
	StaysOnLine: "on the line with {of}", StaysInState: "it is {of}", StaysGone: "there is no such lead", StaysChanged: "it has changed meanwhile",
	StaysDenied: "{of}", StaysForLater: "left with {of} for now",
}

// Skipped is a lead that a command on many left alone, and why.
type Skipped struct {
	Lead   bridge.LeadID `json:"lead"`
	Reason string        `json:"reason"`
	Why    Why           `json:"why"`
	Of     string        `json:"of,omitempty"` // the person or state that the reason names
}

func (s stay) skips(id bridge.LeadID) Skipped {
	out := Skipped{Lead: id, Reason: strings.Replace(stayTexts[s.why], "{of}", s.of, 1), Why: s.why}
	if s.why != StaysDenied {
		out.Of = s.of
	}
	return out
}

// Moved is what became of a command on many leads.
type Moved struct {
	Moved   int       `json:"moved"`
	Skipped []Skipped `json:"skipped"`
	Act     string    `json:"act,omitempty"` // by which [Desk.Undo] undoes it; "" where nothing changed
}

// add puts one lead's fate into the sum.
func (m *Moved) add(id bridge.LeadID, s stay) {
	if s == (stay{}) {
		m.Moved++
		return
	}
	m.Skipped = append(m.Skipped, s.skips(id))
}

// foresee says what a command on many leads would do.
func (d *Desk) foresee(actor bridge.Actor, o order) (Moved, error) {
	out := Moved{Skipped: []Skipped{}}
	err := d.look(actor, func(c *command) error {
		ids, err := c.orders(o)
		if err != nil {
			return err
		}
		for _, id := range ids {
			_, _, stays, err := c.moved(id, o)
			if err != nil {
				return err
			}
			out.add(id, stays)
		}
		return nil
	})
	return out, err
}

// each runs a command on many leads: those that the supervisor may not touch, or
// that cannot be moved, are left alone and named. It goes in steps, each kept
// whole with a ledger line of its own, and the plateau's commands go in between.
// Once begun it is carried to its end, whether or not somebody still waits for
// the answer. A crash, or a store that cannot keep a step, leaves the steps before
// it done and no lead half moved: given again, the command does the rest.
func (d *Desk) each(ctx context.Context, actor bridge.Actor, o order) (Moved, error) {
	out := Moved{Skipped: []Skipped{}}
	var ids []bridge.LeadID
	err := d.look(actor, func(c *command) (err error) {
		if ids, err = c.orders(o); err != nil {
			return err
		}
		return c.affords(ids, o)
	})
	if err != nil {
		return out, err
	}
	ctx, act := context.WithoutCancel(ctx), d.newAct()
	for ids := range slices.Chunk(ids, atOnce) {
		var some Moved
		err := d.run(ctx, actor, func(c *command) (err error) {
			some, err = c.eachOf(ids, o, act)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("%d leads are done, give the command again for the rest: %w", out.Moved, err)
		}
		out.Moved += some.Moved
		out.Skipped = append(out.Skipped, some.Skipped...)
		out.Act = max(out.Act, some.Act)
	}
	if out.Moved > 0 {
		return out, nil
	}
	return out, d.run(ctx, actor, func(c *command) error { return c.note(string(o.what), o.motive, nil) })
}

// newAct names a command: names are in the order of time.
func (d *Desk) newAct() string {
	return hex.EncodeToString([]byte(due(d.opts.Now()))) + strings.ToLower(rand.Text()[:8])
}

// orders checks a command on many leads and lists them.
func (c *command) orders(o order) ([]bridge.LeadID, error) {
	if strings.TrimSpace(o.motive) == "" {
		return nil, &Invalid{"motive", sayWhy}
	}
	if o.choice.empty() {
		return nil, &Invalid{"ids", phrase{"name the leads, or a filter that finds them", "nommez les fiches, ou un filtre qui les trouve"}}
	}
	if o.check != nil {
		if err := o.check(c); err != nil {
			return nil, err
		}
	}
	return c.chosen(o.choice)
}

// eachOf is one step of a command on many leads. One that is already where it is
// to go counts as moved: what a command answers that is given again is what it
// would have answered.
func (c *command) eachOf(ids []bridge.LeadID, o order, act string) (Moved, error) {
	var out Moved
	var records []string
	for _, id := range ids {
		was, to, stays, err := c.moved(id, o)
		if err != nil {
			return out, err
		}
		out.add(id, stays)
		if stays != (stay{}) || !differ(was, to) {
			continue
		}
		if err := c.keep(&was, to); err != nil {
			return out, err
		}
		if err := c.keepStep(act, was, to); err != nil {
			return out, err
		}
		records = append(records, to.Prospect.Key())
	}
	if len(records) == 0 {
		return out, nil
	}
	out.Act = act
	if err := c.spend(o.what, len(records)); err != nil {
		return out, err
	}
	done := Act{Kind: o.what, From: o.choice.Assignee, To: o.to, Motive: o.motive}
	if err := c.keepAct(act, done, len(records)); err != nil {
		return out, err
	}
	return out, c.note(string(o.what), o.motive, nil, records...)
}

func differ(a, b bridge.Lead) bool { return a.State != b.State || a.Assignee != b.Assignee }

// moved is a lead, and what the command would make of it, or why it leaves it
// alone.
func (c *command) moved(id bridge.LeadID, o order) (l, to bridge.Lead, stays stay, err error) {
	l, p, err := c.load(id)
	if _, gone := err.(*NotFound); gone {
		return l, l, stay{why: StaysGone}, nil
	}
	if err != nil {
		return l, l, stays, err
	}
	if err := c.supervised(c.record(l, p), doing[o.what].And(phrase{" this lead", " cette fiche"})); err != nil && !o.left {
		return l, l, stay{StaysDenied, err.Error()}, nil
	}
	if len(o.choice.IDs) == 0 && !o.choice.matches(l) {
		return l, l, stay{why: StaysChanged}, nil // since the filter found it
	}
	to, stays = o.move(c, l)
	return l, to, stays, nil
}

// affords refuses a command on many leads before it begins if it would change
// more of them than the actor may in an hour.
func (c *command) affords(ids []bridge.LeadID, o order) error {
	if _, limited := c.Policy.Limit(c.who, o.what); !limited {
		return nil
	}
	n := 0
	for _, id := range ids {
		l, to, stays, err := c.moved(id, o)
		if err != nil {
			return err
		}
		if stays == (stay{}) && differ(l, to) {
			n++
		}
	}
	return c.spare(o.what, n)
}

func (c *command) chosen(choice Choice) ([]bridge.LeadID, error) {
	if len(choice.IDs) > 0 {
		return choice.IDs, nil
	}
	if choice.Campaign == "" && (choice.Assignee == "" || choice.Assignee == Pool) {
		return nil, &Invalid{"campaign", phrase{"a filter names a campaign or a person", "un filtre nomme une campagne ou une personne"}}
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
