package relay

import (
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// Ten thousand entries in flight is what a sheet's window holds.
func inFlight(b *testing.B, n int) (*hub, []string) {
	b.Helper()
	h := prepare(b, always(stores), batches(n/2))
	h.addMany(n)
	h.commit(func(tx *store.Tx) error { _, _, err := outbox.Take(tx, crmName, n, h.now()); return err })
	var ids []string
	h.view(func(tx *store.Tx) error { ids = outbox.Ids(tx, crmName, outbox.Relayed, 0); return nil })
	h.add(bridge.WriteActivity, n)
	return h, ids
}

func BenchmarkRoomOf10000(b *testing.B) {
	h, _ := inFlight(b, 10_000)
	for b.Loop() {
		if _, _, err := h.relay.lanes[crmName].room(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSweepOf10000(b *testing.B) {
	h, _ := inFlight(b, 10_000)
	l := h.relay.lanes[crmName]
	l.granted.set(h.now())
	for b.Loop() {
		if err := l.sweep(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkClaimAndReportOf256 is how long the plateau's commands wait behind a
// chunk.
func BenchmarkClaimAndReportOf256(b *testing.B) {
	h, ids := inFlight(b, 10_000)
	for b.Loop() {
		part := ids[:chunk]
		ids = ids[chunk:]
		g, err := h.relay.Claim(b.Context(), outbox.Ask{Connection: crmName, Writer: local, Entries: part})
		if err != nil {
			b.Fatal(err)
		}
		report := outbox.Report{Connection: crmName, Fence: g.Fence}
		for _, id := range part {
			report.Results = append(report.Results, outbox.Result{Entry: id, State: connector.Stored, Begun: true})
		}
		if err := h.relay.Report(b.Context(), report); err != nil {
			b.Fatal(err)
		}
	}
}
