package writer

import (
	"context"
	"errors"
	"time"

	"passerelle/internal/bus"
	"passerelle/internal/outbox"
)

// Remote is the hub seen from another process, over NATS.
type Remote struct{ Road *bus.Road }

// How long a claim and one try of a report wait for their answer, and how soon
// after a try that did not get through the next one follows: a hub restarts
// within a second.
const (
	claimWithin = 5 * time.Second
	tryWithin   = 2 * time.Second
	reportAgain = 500 * time.Millisecond
)

// Beat tells the hub that this writer lives.
func (r Remote) Beat(ctx context.Context, beat bus.Beat) (shares bus.Shares, err error) {
	err = r.ask(ctx, beatWithin, bus.BeatSubject, beat, &shares)
	return shares, err
}

// Claim asks the hub for entries.
func (r Remote) Claim(ctx context.Context, ask outbox.Ask) (g outbox.Grant, err error) {
	err = r.ask(ctx, claimWithin, bus.ClaimSubject, ask, &g)
	return g, err
}

// Report tells the hub what became of a grant, again and again until ctx ends:
// saying it twice does no harm.
func (r Remote) Report(ctx context.Context, report outbox.Report) error {
	for {
		var ok bool
		err := r.ask(ctx, tryWithin, bus.ReportSubject, report, &ok)
		if err == nil || errors.Is(err, bus.ErrClosed) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(reportAgain):
		}
	}
}

func (r Remote) ask(ctx context.Context, within time.Duration, what string, request, reply any) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return r.Road.Conn().Ask(ctx, r.Road.Subject(what), request, reply)
}
