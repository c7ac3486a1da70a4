package writer

import (
	"context"

	"passerelle/internal/bus"
	"passerelle/internal/outbox"
)

// The subjects' last words of a writer's requests to the hub.
const (
	ClaimSubject  = "claim"
	ReportSubject = "report"
)

// Remote is the hub seen from another process, over NATS.
type Remote struct{ Road *bus.Road }

// Claim asks the hub for entries.
func (r Remote) Claim(ctx context.Context, ask outbox.Ask) (g outbox.Grant, err error) {
	err = r.Road.Conn().Ask(ctx, r.Road.Subject(ClaimSubject), ask, &g)
	return g, err
}

// Report tells the hub what became of a grant.
func (r Remote) Report(ctx context.Context, report outbox.Report) error {
	var ok bool
	return r.Road.Conn().Ask(ctx, r.Road.Subject(ReportSubject), report, &ok)
}
