package httpx

import (
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"passerelle/internal/fault"
)

// BreakerState is whether a connection is being called.
type BreakerState string

// The states of a breaker.
const (
	BreakerClosed   BreakerState = "closed"    // calls go through
	BreakerOpen     BreakerState = "open"      // no calls
	BreakerHalfOpen BreakerState = "half_open" // one probe at a time
)

// BreakerStates lists them all, for metrics.
func BreakerStates() []BreakerState {
	return []BreakerState{BreakerClosed, BreakerOpen, BreakerHalfOpen}
}

// Breaker stops calling a connection that does not answer. Asking and
// reporting are apart because a grant may be carried out by another process,
// or by one that dies: a probe that is never reported expires. It is safe for
// concurrent use.
type Breaker struct {
	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	openFor time.Duration
	tell    func(down bool)

	mu      sync.Mutex
	reopens time.Time // when an open breaker lets a probe through
	probe   time.Time // no second probe before
}

var errDown = errors.New("the system does not answer")

// NewBreaker makes a breaker that opens after so many consecutive unavailables
// and lets a probe through after openFor, and again every openFor.
func NewBreaker(failures int, openFor time.Duration) *Breaker {
	b := &Breaker{openFor: openFor, tell: func(bool) {}}
	b.circuit = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     openFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= failures },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				b.opened()
			}
			if from == gobreaker.StateClosed || to == gobreaker.StateClosed { // not at every probe
				b.tell(to != gobreaker.StateClosed)
			}
		},
	})
	return b
}

// Tell has f told when the system does not answer any more, and when it does
// again. It is for before the first call; f must be quick and not ask the breaker.
func (b *Breaker) Tell(f func(down bool)) { b.tell = f }

func (b *Breaker) opened() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reopens = time.Now().Add(b.openFor)
	b.probe = time.Time{}
}

// Allow says whether the connection may be called now. Its error is an
// unavailable whose After says when to ask again.
func (b *Breaker) Allow() error {
	state := b.circuit.State()
	if state == gobreaker.StateClosed {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	again := b.reopens
	if state == gobreaker.StateHalfOpen {
		if !now.Before(b.probe) {
			b.probe = now.Add(b.openFor)
			return nil
		}
		again = b.probe
	}
	return &fault.Error{Kind: fault.Unavailable, Op: "breaker", After: max(again.Sub(now), time.Millisecond), Err: errDown}
}

// Report tells how a call that was allowed ended: "" for well, else its kind.
// Only unavailable counts against the connection: a refusal is an answer too.
func (b *Breaker) Report(kind fault.Kind) {
	done, err := b.circuit.Allow()
	if err != nil {
		return // open: a late report of a call from before
	}
	if kind == fault.Unavailable {
		done(errDown)
		return
	}
	done(nil)
}

// State is where the breaker stands.
func (b *Breaker) State() BreakerState {
	switch b.circuit.State() {
	case gobreaker.StateOpen:
		return BreakerOpen
	case gobreaker.StateHalfOpen:
		return BreakerHalfOpen
	}
	return BreakerClosed
}
