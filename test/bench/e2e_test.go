package bench

import (
	"testing"
	"time"
)

// TestEndToEnd measures calls from their acknowledgement into the CRM against a
// relay that keeps them in memory only. Both post every call once; the bridge
// also finds it again in the CRM.
func TestEndToEnd(t *testing.T) {
	ours := line{what: "end to end, POST per call", unit: "/s", goal: "0.75", remark: "CRM without batches, 64 connections"}
	crm, bare := newSink(t), newSink(t)
	hub := startHub(t, crm.URL+"/api", "prospect.name: name", "prospect.phone: phone")
	pass := start(t, "pass", bare.URL+"/api/activities")
	made := 0
	for range *rounds {
		calls := make([]call, int(lasting.Seconds()*perSecond))
		for i := range calls {
			calls[i] = hook(t, made, "")
			made++
		}
		ours.limit = append(ours.limit, bare.through(t, load{addr: pass.addr, conns: 64, calls: calls}))
		ours.ours = append(ours.ours, crm.through(t, load{addr: hub.addr, conns: 64, calls: calls, good: `"recorded"`}))
	}
	table = append(table, ours)
	for name, s := range map[string]*sink{"the bridge": crm, "the relay": bare} {
		if _, doubled := s.arrived(); doubled > 0 {
			t.Errorf("%s doubled %d calls", name, doubled)
		}
	}
}

// stalled is how long nothing may arrive before what is missing counts as lost.
const stalled = 30 * time.Second

// through sends a load and waits until every acknowledged call has arrived; it
// answers the calls per second from the first request to the last arrival.
func (s *sink) through(t *testing.T, l load) float64 {
	t.Helper()
	before, _ := s.arrived()
	began := time.Now()
	acks, _ := l.run(t)
	for {
		got, _ := s.arrived()
		if got-before >= acks {
			return float64(acks) / time.Since(began).Seconds()
		}
		select {
		case <-s.changed:
		case <-time.After(stalled):
			t.Fatalf("%d calls were acknowledged, %d arrived", acks, got-before)
		}
	}
}
