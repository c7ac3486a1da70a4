package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// way is how the scripted CRM takes one try of a write.
type way string

const (
	stores    way = "stores"
	accepts   way = "accepts"
	lies      way = "says yes and does nothing"
	rejects   way = "rejects"
	fails     way = "is unavailable"
	throttles way = "throttles"
	denies    way = "denies access"
	mutes     way = "applies, answer lost"
	drops     way = "does not apply, answer lost"
	hangs     way = "hangs, then applies, answer lost"
)

// scripted is a CRM that takes each try of a write as the test's script says.
type scripted struct {
	script func(w bridge.Write, try int) way
	check  func() error
	free   chan struct{} // lets go what hangs

	mu      sync.Mutex
	tries   map[bridge.OperationID]int
	applied []bridge.Write // in order
	fields  map[string]bridge.Value
	calls   []time.Time
	looks   int
	hanging int
}

func newScripted(script func(w bridge.Write, try int) way) *scripted {
	return &scripted{
		script: script, free: make(chan struct{}), check: func() error { return nil },
		tries: map[bridge.OperationID]int{}, fields: map[string]bridge.Value{},
	}
}

func always(w way) func(bridge.Write, int) way {
	return func(bridge.Write, int) way { return w }
}

// first takes a write's first try in one way, the others in another.
func first(w, then way) func(bridge.Write, int) way {
	return func(_ bridge.Write, try int) way {
		if try == 1 {
			return w
		}
		return then
	}
}

func (s *scripted) Check(context.Context) error { return s.check() }
func (s *scripted) Close() error                { return nil }

func (s *scripted) Apply(ctx context.Context, writes []bridge.Write) []connector.Receipt {
	out := make([]connector.Receipt, len(writes))
	for i, w := range writes {
		out[i] = s.one(ctx, w)
	}
	return out
}

var errScript = errors.New("as the script says")

func failed(kind fault.Kind, lost bool) connector.Receipt {
	return connector.Receipt{State: connector.Failed, Err: &fault.Error{Kind: kind, Op: "scripted", MayHaveApplied: lost, Err: errScript}}
}

func (s *scripted) one(ctx context.Context, w bridge.Write) connector.Receipt {
	s.mu.Lock()
	s.tries[w.Operation]++
	s.calls = append(s.calls, time.Now())
	how := s.script(w, s.tries[w.Operation])
	s.mu.Unlock()
	switch how {
	case stores:
		return s.apply(w, connector.Stored)
	case accepts:
		return s.apply(w, connector.Accepted)
	case lies:
		return connector.Receipt{State: connector.Accepted}
	case rejects:
		return failed(fault.Rejected, false)
	case throttles:
		return failed(fault.RateLimited, false)
	case denies:
		return failed(fault.Permanent, false)
	case mutes:
		s.apply(w, connector.Stored)
		return failed(fault.Unavailable, true)
	case drops:
		return failed(fault.Unavailable, true)
	case hangs:
		s.count(&s.hanging, 1)
		select {
		case <-s.free:
		case <-ctx.Done():
		}
		s.apply(w, connector.Stored)
		s.count(&s.hanging, -1)
		return failed(fault.Unavailable, true)
	}
	return failed(fault.Unavailable, false)
}

func (s *scripted) count(n *int, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n += by
}

func (s *scripted) apply(w bridge.Write, as connector.ReceiptState) connector.Receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := connector.Receipt{State: as}
	if w.Kind != bridge.WriteFields {
		s.applied = append(s.applied, w)
		return r
	}
	for _, f := range w.Fields {
		key := w.Prospect.ID + " " + string(f.Name)
		switch held := s.fields[key]; held {
		case f.Value:
		case f.Expected:
			s.fields[key] = f.Value
		default:
			r.Conflicts = append(r.Conflicts, connector.Conflict{Field: f.Name, Found: held})
		}
	}
	s.applied = append(s.applied, w)
	return r
}

func (s *scripted) Find(_ context.Context, writes []bridge.Write) ([]connector.Sighting, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	out := make([]connector.Sighting, len(writes))
	for i, w := range writes {
		if w.Kind == bridge.WriteFields {
			out[i] = s.shows(w)
			continue
		}
		for _, a := range s.applied {
			out[i].Present = out[i].Present || a.Operation == w.Operation
		}
	}
	return out, nil
}

func (s *scripted) shows(w bridge.Write) connector.Sighting {
	out := connector.Sighting{Present: true, Fields: map[bridge.FieldName]bridge.Value{}}
	for _, f := range w.Fields {
		found := s.fields[w.Prospect.ID+" "+string(f.Name)]
		out.Fields[f.Name] = found
		out.Present = out.Present && found == f.Value
	}
	return out
}

// log is what was applied, in order.
func (s *scripted) log() []bridge.Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]bridge.Write(nil), s.applied...)
}

func (s *scripted) asked() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.calls...)
}

func (s *scripted) stuck() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hanging
}

// follow replaces the script.
func (s *scripted) follow(script func(bridge.Write, int) way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = script
}
