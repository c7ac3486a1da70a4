package desk

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
)

// looks are the cards that people looked at and that the ledger has no line of
// yet: nobody who looks waits for the disk. A hand-out and a pushed page have
// theirs in their own transaction.
type looks struct {
	mu      sync.Mutex
	waiting []ledger.Line            // records by their keys
	kept    map[lookDigest]time.Time // since when the same is known
}

type lookDigest [sha256.Size]byte

const (
	looksAtMost = 500       // that wait: whoever looks then waits for them
	looksBehind = 10_000    // that wait while the store takes none
	looksKnown  = 20_000    // that are remembered, lest the same is told again
	lookAgain   = time.Hour // after which the same look is another one
)

// looked takes a card that leaves into the look's line.
func (c *command) looked(l bridge.Lead, card bridge.Card) {
	c.lookedAt = append(c.lookedAt, l.Prospect.Key())
	for name := range card.Fields {
		if !slices.Contains(c.shown, name) {
			c.shown = append(c.shown, name)
		}
	}
}

// lookOver hands over the cards that left with an answer.
func (d *Desk) lookOver(c *command, err error) {
	if err != nil || len(c.lookedAt) == 0 {
		return
	}
	full := d.looks.add(ledger.Line{
		Kind: "view", Who: c.actor.Name(), Role: c.role, Connection: c.actor.Connection,
		Records: c.lookedAt, Fields: ledger.FieldSet(c.shown), Policy: c.Policy.Hash(),
	}, c.now)
	if !full {
		return
	}
	if err := d.KeepLooks(context.Background()); err != nil {
		d.opts.Log.Error("who looked at which cards could not be kept yet", "err", err)
	}
}

// add says whether no more should wait.
func (s *looks) add(l ledger.Line, now time.Time) (full bool) {
	same := lookDigest(sha256.Sum256([]byte(fmt.Sprint(l.Who, "\x00", l.Role, "\x00", l.Connection, "\x00", l.Fields, "\x00", l.Policy, "\x00", strings.Join(l.Records, "\x01")))))
	s.mu.Lock()
	defer s.mu.Unlock()
	if since, known := s.kept[same]; known && now.Sub(since).Abs() < lookAgain {
		return false
	}
	if s.kept == nil || len(s.kept) == looksKnown {
		s.kept = map[lookDigest]time.Time{}
	}
	s.kept[same] = now
	s.waiting = append(s.waiting, l)
	return len(s.waiting) >= looksAtMost
}

// take takes what waits, and forgets what is another look by now.
func (s *looks) take(now time.Time) []ledger.Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	for same, since := range s.kept {
		if now.Sub(since).Abs() >= lookAgain {
			delete(s.kept, same)
		}
	}
	out := s.waiting
	s.waiting = nil
	return out
}

// giveBack lets lines wait again, the oldest of too many no more. It answers how
// many those are.
func (s *looks) giveBack(lines []ledger.Line) (lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(lines, s.waiting...)
	lost = max(len(s.waiting)-looksBehind, 0)
	s.waiting = s.waiting[lost:]
	return lost
}

// KeepLooks writes a line into the ledger for each page of cards that somebody
// looked at since, all in one transaction; what they looked at more than once
// within the hour, once. Who was forgotten meanwhile does not come back by it.
func (d *Desk) KeepLooks(ctx context.Context) error {
	waiting := d.looks.take(d.opts.Now())
	if len(waiting) == 0 {
		return nil
	}
	err := d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		for _, l := range waiting {
			l.At = c.now
			l.Records = slices.DeleteFunc(slices.Clone(l.Records), func(key string) bool { return prospects.row(c.tx, key) == "" })
			if len(l.Records) == 0 {
				continue
			}
			if err := ledger.Append(c.tx, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		return nil
	}
	if lost := d.looks.giveBack(waiting); lost > 0 {
		return fmt.Errorf("%w; %d pages of cards that were looked at will have no line", err, lost)
	}
	return err
}
