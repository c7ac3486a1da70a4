package chaos

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"passerelle/test/crmfake"
)

// restart kills the hub with all that waits, and lets it start again.
func (o *outage) restart() {
	o.t.Helper()
	o.hub.kill()
	o.crm.mark()
	start := time.Now()
	if !o.hub.waitReady(o.hub.start("")) {
		o.t.Fatal("the hub does not start again")
	}
	listens := time.Since(start)
	if o.call("0", nil) == 0 {
		o.t.FailNow()
	}
	o.t.Logf("started again with %d writes waiting: listens after %.2f s, has taken a call after %.2f s", o.open(), listens.Seconds(), time.Since(start).Seconds())
}

// drain lets the CRM come back and waits until the backlog is gone.
func (o *outage) drain() {
	o.t.Helper()
	waiting := o.open()
	o.crm.mark()
	o.met, o.back = len(o.crm.Requests()), time.Now()
	o.crm.Misbehave()
	o.until(30*time.Second, "the first write", func() bool { return !o.crm.firstWrite().IsZero() })
	o.t.Logf("first write %.2f s after the CRM came back", o.crm.firstWrite().Sub(o.back).Seconds())
	o.untilRest(2*time.Minute + time.Duration(4*float64(waiting)/o.rate*float64(time.Second)))
	took := time.Since(o.back)
	o.t.Logf("%d writes drained in %.1f s; requests at %.1f %% of the allowed %.0f a second", waiting, took.Seconds(), 100*o.share(), o.rate)
}

// share is how much of what the CRM allows was used, between a tenth and nine
// tenths of the backlog.
func (o *outage) share() float64 {
	asked := o.crm.Requests()[o.met:]
	from, to := asked[len(asked)/10], asked[len(asked)*9/10]
	return float64(len(asked)*8/10) / to.At.Sub(from.At).Seconds() / o.rate
}

// order fails unless what is urgent came first: oppositions, appointments, the
// calls of the backlog, changes of fields.
func (o *outage) order() {
	o.t.Helper()
	var opposed, booked, calls, enriched []int
	probes := map[string]bool{} // were tried while it was down, and wait before they are looked for
	for _, r := range o.crm.Requests()[:o.met] {
		if id, patched := strings.CutPrefix(r.Path, "/api/prospects/"); patched && r.Fault == crmfake.Down {
			probes[id] = true
		}
	}
	for i, r := range o.crm.Requests()[o.met:] {
		id, patched := strings.CutPrefix(r.Path, "/api/prospects/")
		switch {
		case r.Fault != "" || r.Method == http.MethodGet || probes[id]:
		case patched && slices.Contains(o.opposed, id):
			opposed = append(opposed, i)
		case patched && slices.Contains(o.enriched, id):
			enriched = append(enriched, i)
		case r.Path == "/api/appointments":
			booked = append(booked, i)
		case r.Path == "/api/activities":
			calls = append(calls, i)
		}
	}
	if len(opposed) < special/2 || len(booked) != special || len(enriched) != special || len(calls) == 0 {
		o.t.Fatalf("the CRM got %d oppositions, %d appointments, %d changes, %d calls", len(opposed), len(booked), len(enriched), len(calls))
	}
	o.t.Logf("%d oppositions had been the probes; in order of arrival: the others %d to %d, appointments %d to %d, calls %d to %d, changes of fields %d to %d",
		len(probes), opposed[0], opposed[len(opposed)-1], booked[0], booked[special-1], calls[0], calls[len(calls)-1], enriched[0], enriched[special-1])
	// Several are under way at a time: a few may change places. The last roadful
	// goes side by side.
	const abreast, road = 64, 256
	if opposed[len(opposed)-1] > special+abreast || booked[special-1] > 3*special+abreast || enriched[0] < calls[len(calls)-1]-2*road {
		o.t.Error("what is urgent did not go first")
	}
}

// verify fails unless every call is there once, and in order.
func (o *outage) verify() {
	o.t.Helper()
	f := &findings{t: o.t, most: 10}
	defer f.end()
	notes := map[string][]string{}
	for _, r := range o.crm.All(crmfake.Activities) {
		p := text(r, "prospect_id")
		notes[p] = append(notes[p], text(r, "note"))
	}
	for p, n := range o.calls {
		want := make([]string, n)
		for i := range want {
			want[i] = fmt.Sprintf("call-%s-%d", p, i)
		}
		if !slices.Equal(want, notes[p]) {
			f.add("prospect %s: %d calls in the CRM, %d acknowledged: %v", p, len(notes[p]), n, notes[p])
		}
	}
	if _, err := o.supervisor.connection(context.Background()); err != nil {
		o.t.Error(err)
	}
	o.t.Logf("%d outcomes acknowledged, %d in the CRM", o.acked(), len(o.crm.All(crmfake.Activities)))
}
