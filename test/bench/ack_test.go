package bench

import (
	"fmt"
	"testing"
)

// hubFields are what the CRM has.
var hubFields = []string{
	"prospect.name: name", "prospect.phone: phone", "prospect.status: status", "prospect.comment: comment", "prospect.city: city",
}

// changed is the fields of a call: one that the caller may write, one they may not.
const changed = `, "fields": {"prospect.comment": "rappeler le matin", "prospect.city": "Lyon"}`

// perSecond bounds how many calls are made ready for a measurement.
const perSecond = 20_000

// TestAcks measures durable acknowledgements over HTTP against those of an empty
// handler.
func TestAcks(t *testing.T) {
	crm := newSink(t)
	hub := startHub(t, crm.URL+"/api", hubFields...)
	crm.away.Store(true)
	empty, naive := start(t, "empty", ""), start(t, "naive", t.TempDir())
	made := 0
	ready := func(one func(n int) call) []call {
		calls := make([]call, int(lasting.Seconds()*perSecond))
		for i := range calls {
			calls[i] = one(made)
			made++
		}
		return calls
	}
	for _, size := range []struct {
		conns int
		goal  string
	}{{64, "0.50"}, {256, "0.75"}} {
		at := fmt.Sprintf("acks at %d connections", size.conns)
		floor := line{what: at + ": empty handler", unit: "/s", remark: "the limit"}
		obvious := line{what: at + ": naive", unit: "/s", remark: "one record: what a share is worth here"}
		hooks := line{what: at + ": webhook", unit: "/s", goal: size.goal}
		posts := line{what: at + ": POST outcomes", unit: "/s", goal: size.goal}
		for range *rounds {
			calls := ready(func(n int) call { return hook(t, n, changed) })
			floor.ours = append(floor.ours, load{conns: size.conns, calls: calls, again: true}.cost(t, empty, &floor.micros))
			obvious.ours = append(obvious.ours, load{conns: size.conns, calls: calls, again: true}.cost(t, naive, &obvious.micros))
			hooks.ours = append(hooks.ours, load{conns: size.conns, calls: calls, good: `"recorded"`}.cost(t, hub, &hooks.micros))
			calls = ready(func(n int) call { return api(n, changed) })
			posts.ours = append(posts.ours, load{conns: size.conns, calls: calls, good: `"admitted"`}.cost(t, hub, &posts.micros))
		}
		for _, l := range []line{floor, obvious, hooks, posts} {
			l.limit = floor.ours
			table = append(table, l)
		}
	}
}

// TestBodies measures the calls of one connection that sends many in a body
// against one that sends them singly.
func TestBodies(t *testing.T) {
	const many = 100
	crm := newSink(t)
	hub := startHub(t, crm.URL+"/api", hubFields...)
	crm.away.Store(true)
	bodies := line{what: "calls of one connection, 100 in a body", unit: "/s", remark: "against one in a body"}
	made := 0
	for range *rounds {
		var single, together []call
		for range int(lasting.Seconds() * 2000) {
			single = append(single, hook(t, made, changed))
			made++
		}
		for range int(lasting.Seconds() * perSecond / many) {
			together = append(together, hooks(t, made, many, changed))
			made += many
		}
		bodies.limit = append(bodies.limit, load{addr: hub.addr, conns: 1, calls: single, good: `"recorded"`}.rate(t))
		bodies.ours = append(bodies.ours, many*load{addr: hub.addr, conns: 1, calls: together, good: `"recorded"`}.rate(t))
	}
	table = append(table, bodies)
}
