package agenda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
)

// Line is a CRM connection.
type Line struct {
	Name  bridge.ConnectionName
	Conn  connector.Conn
	Ready func() bool // whether it may be asked now: writes come first
}

// Options make an Agenda.
type Options struct {
	Desk  *desk.Desk
	Lines []Line
	Now   func() time.Time
	Log   *slog.Logger
}

// Agenda compares appointments. Its methods are called one at a time each.
type Agenda struct {
	opts    Options
	missing map[bridge.ProposalID]bool     // not found by the last look
	unseen  map[bridge.ConnectionName]int  // out of sight at the last look
	asked   map[bridge.ProposalID]question // what its salesperson's time was last asked for
}

// question is a time that a salesperson's calendar was asked for.
type question struct {
	slot bridge.Slot
	who  bridge.PersonID
	at   time.Time
}

// New makes an Agenda.
func New(opts Options) *Agenda {
	return &Agenda{opts: opts, missing: map[bridge.ProposalID]bool{}, unseen: map[bridge.ConnectionName]int{}, asked: map[bridge.ProposalID]question{}}
}

const (
	atOnce    = 50               // appointments one question names
	mostOfOne = 500              // of one connection in one look: the newest
	askAgain  = 15 * time.Minute // whether a salesperson is still taken
	mostAsked = 50               // salespeople's times in one look
	panicFrom = 4                // so many gone at once, and most of them: the CRM hides them
)

// Compare looks up the appointments that stand, connection by connection, and
// takes over what people have done to them. One connection's trouble does not
// keep the others waiting.
func (a *Agenda) Compare(ctx context.Context) error {
	var all error
	for _, l := range a.opts.Lines {
		c, ok := l.Conn.(connector.Calendar)
		if !ok || !l.Ready() {
			continue
		}
		if err := a.compare(ctx, l.Name, c); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			all = errors.Join(all, fmt.Errorf("connection %s: %w", l.Name, err))
		}
	}
	return all
}

func (a *Agenda) compare(ctx context.Context, name bridge.ConnectionName, c connector.Calendar) error {
	standing, err := a.opts.Desk.Standing(name, mostOfOne)
	if err != nil || len(standing) == 0 {
		return err
	}
	seen, err := look(ctx, c, standing)
	if err != nil {
		return err
	}
	a.tellUnseen(name, seen)
	if seen, err = a.believed(seen); err != nil {
		return err
	}
	changed, err := a.opts.Desk.FollowCRM(ctx, seen)
	if changed > 0 {
		a.opts.Log.Info("people have changed appointments in the CRM: the proposals follow", "connection", name, "count", changed)
	}
	return err
}

// look reads the appointments, some at a time.
func look(ctx context.Context, c connector.Calendar, standing []bridge.Proposal) (seen []desk.Seen, err error) {
	for some := range slices.Chunk(standing, atOnce) {
		known := make([]bridge.Meeting, len(some))
		for i, p := range some {
			known[i] = *p.Meeting
		}
		held, err := c.Appointments(ctx, known)
		if err != nil {
			return nil, err
		}
		for i, p := range some {
			seen = append(seen, desk.Seen{Asked: p, Held: held[i]})
		}
	}
	return seen, nil
}

// tellUnseen logs how many appointments cannot be followed, when there are more.
func (a *Agenda) tellUnseen(name bridge.ConnectionName, seen []desk.Seen) {
	count := 0
	for _, s := range seen {
		if s.Held.Unseen {
			count++
		}
	}
	if count > a.unseen[name] {
		a.opts.Log.Warn("appointments in the CRM cannot be seen or read: what people do to them is not followed", "connection", name, "count", count)
	}
	a.unseen[name] = count
}

// believed leaves out what cannot be seen and what a second look must confirm.
// Its error says that too many are gone for all of it to be people's doing.
func (a *Agenda) believed(seen []desk.Seen) (out []desk.Seen, err error) {
	before, gone, told := a.missing, 0, 0
	for _, s := range seen {
		id := s.Asked.ID
		if s.Held.Unseen {
			delete(a.missing, id)
			continue
		}
		told++
		if s.Held.Present {
			delete(a.missing, id)
			out = append(out, s)
			continue
		}
		gone++
		if before[id] {
			out = append(out, s)
		}
		a.missing[id] = true
	}
	if gone >= panicFrom && gone*2 > told {
		return nil, fmt.Errorf("%d of %d appointments are not to be found in the CRM: its key may no longer see them, or it was set back; none of it is taken over", gone, told)
	}
	return out, nil
}

// AskBusy asks for the salespeople's time at which appointments wait for a
// supervisor, and flags those that overlap something else.
func (a *Agenda) AskBusy(ctx context.Context) error {
	waiting, err := a.opts.Desk.Waiting(mostAsked)
	if err != nil {
		return err
	}
	known := map[bridge.ProposalID]question{}
	var all error
	for _, p := range waiting {
		q := question{p.Meeting.Slot, p.Meeting.Salesperson, a.opts.Now()}
		if last, ok := a.asked[p.ID]; ok && last.slot == q.slot && last.who == q.who && q.at.Sub(last.at) < askAgain {
			known[p.ID] = last
			continue
		}
		known[p.ID] = q // also where it fails: the CRM is not pressed
		all = errors.Join(all, a.ask(ctx, p))
	}
	a.asked = known
	return all
}

// ask asks for one salesperson's time.
func (a *Agenda) ask(ctx context.Context, p bridge.Proposal) error {
	at := slices.IndexFunc(a.opts.Lines, func(l Line) bool { return l.Name == p.Prospect.Connection })
	person, ok := a.opts.Desk.Rules().Person(p.Meeting.Salesperson)
	user := person.CRM[p.Prospect.Connection]
	ownUnknown := p.State == bridge.Rescheduled && p.Meeting.ExternalID == "" // it would be taken for another
	if at < 0 || !ok || user == "" || ownUnknown || !a.opts.Lines[at].Ready() {
		return nil
	}
	diary, ok := a.opts.Lines[at].Conn.(connector.Diary)
	if !ok {
		return nil
	}
	from, to := p.Meeting.Slot.UTC, p.Meeting.Slot.UTC.Add(time.Duration(p.Meeting.Slot.Minutes)*time.Minute)
	busy, err := diary.Busy(ctx, user, from, to)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("connection %s: %w", p.Prospect.Connection, err)
	}
	taken := slices.ContainsFunc(busy, func(b connector.Busy) bool {
		return b.From.Before(to) && b.To.After(from) && (b.ExternalID == "" || b.ExternalID != p.Meeting.ExternalID)
	})
	return a.opts.Desk.FlagTaken(ctx, p, taken)
}
