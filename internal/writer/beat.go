package writer

import (
	"context"
	"time"

	"passerelle/internal/bus"
)

// How long one beat waits for its answer, and how soon the next one tells the
// hub that a share has been taken: whoever had it before keeps it until then.
const (
	beatWithin = time.Second
	beatSoon   = 50 * time.Millisecond
)

// beat tells the hub again and again that this writer lives and what it serves,
// and takes the share that it is given. A writer that hears nothing of the hub
// gives all up: it could claim nothing.
func (w *Writer) beat(ctx context.Context) {
	heard := time.Now()
	for ctx.Err() == nil {
		asked := time.Now()
		shares, err := w.ask(ctx, w.serving())
		switch {
		case err == nil:
			heard = asked
			w.take(shares)
		case time.Since(heard) > bus.SilentFor:
			w.take(nil)
		}
		wait := bus.BeatEvery
		if err == nil && !w.serves(shares) {
			wait = beatSoon
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	for _, sub := range w.subs {
		sub.Close()
	}
	_, _ = w.ask(context.WithoutCancel(ctx), nil) // goodbye; unheard, the hub notices soon
}

func (w *Writer) ask(ctx context.Context, serving bus.Shares) (bus.Shares, error) {
	return w.opts.Hub.Beat(ctx, bus.Beat{Writer: w.life, Serving: serving})
}

func (w *Writer) take(shares bus.Shares) {
	for line, sub := range w.subs {
		sub.Take(shares[line])
	}
}

func (w *Writer) serving() bus.Shares {
	out := bus.Shares{}
	for line, sub := range w.subs {
		out[line] = sub.Serving()
	}
	return out
}

func (w *Writer) serves(shares bus.Shares) bool {
	for line, sub := range w.subs {
		if sub.Serving() != shares[line] {
			return false
		}
	}
	return true
}
