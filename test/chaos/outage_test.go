package chaos

import (
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"passerelle/internal/outbox"
	"passerelle/test/crmfake"
)

var (
	outageSize = flag.Int("outage.outcomes", 1500, "outcomes that pile up while the CRM is down")
	outageRate = flag.Float64("outage.rate", 300, "requests a second that the CRM allows")
)

// A CRM that is down for hours: calls are taken as ever, the hub keeps its
// memory, asks the CRM now and then whether it is back, starts again in the
// middle of it, and then works the backlog off as fast as it may, what is urgent
// first.
func TestACRMThatIsDown(t *testing.T) {
	o := newOutage(t, *outageSize, *outageRate)
	o.up()
	calm := o.paced("up")
	o.untilRest(time.Minute)
	before := o.use("before")

	o.down()
	o.pileUp()
	o.urgent()
	full := o.paced("down")
	o.t.Logf("ack p99 with the CRM down / up: %.2f", full.Seconds()/calm.Seconds())
	after := o.use("with the backlog")
	open := o.open()
	o.t.Logf("heap per write of the backlog: %.0f bytes; store: %.0f bytes an outcome (%d writes wait)",
		(after.heap-before.heap)/float64(open), (after.store-before.store)/float64(o.acked()), open)
	o.refusals()

	o.restart()
	o.drain()
	o.order()
	o.verify()
}

// outage is a hub in a process of its own and a CRM with a limit.
type outage struct {
	t          *testing.T
	size       int
	rate       float64
	n          int // prospects
	crm        *restCRM
	hub        *process
	load       *load
	supervisor *supervisor

	mu                        sync.Mutex
	calls                     map[string]int // acknowledged, by prospect
	fell                      time.Time      // when the CRM went down
	back                      time.Time      // when it came back
	met                       int            // requests it had met then
	opposed, booked, enriched []string
}

// Prospects of their own for what is urgent and what is not.
const special = 12

func newOutage(t *testing.T, size int, rate float64) *outage {
	t.Helper()
	o := &outage{t: t, size: size, rate: rate, n: max(200, size/8), calls: map[string]int{}}
	o.crm = newRestCRM(t, 1)
	for i := range o.n {
		o.crm.Put(fmt.Sprint(i), map[string]any{"name": fmt.Sprintf("Société %d", i), "phone": fmt.Sprintf("01 %02d %02d %02d %02d", 10+i/1e6%90, i/10000%100, i/100%100, i%100)})
	}
	for i := range special {
		for group, list := range map[string]*[]string{"o": &o.opposed, "b": &o.booked, "e": &o.enriched} {
			id := group + fmt.Sprint(i)
			o.crm.Put(id, map[string]any{"name": "Société " + id, "phone": fmt.Sprintf("02 99 %02d %02d %02d", group[0]%100, i, i)})
			*list = append(*list, id)
		}
	}
	dir := t.TempDir()
	configure(t, dir, o.crm.config()+fmt.Sprintf("\nlimits: {rate: %g, burst: %d}\n", rate, max(10, int(rate/10))))
	o.hub = newProcess(t, build(t), dir)
	o.load, o.supervisor = newLoad(t, o.hub, outageCallers, time.Second), newSupervisor(t, o.hub)
	t.Cleanup(o.load.http.CloseIdleConnections)
	return o
}

const outageCallers = 32

func (o *outage) up() {
	o.t.Helper()
	if !o.hub.waitReady(o.hub.start("")) {
		o.t.Fatal("the hub does not start")
	}
	o.until(time.Minute, "the campaign is read", func() bool {
		n := 0
		for cursor := ""; ; {
			var page struct {
				Items []struct{ ID string }
				Next  string
			}
			if err := o.supervisor.read(o.t.Context(), "/v1/leads?campaign=spring&limit=500&cursor="+cursor, &page); err != nil {
				return false
			}
			if n, cursor = n+len(page.Items), page.Next; cursor == "" {
				return n == o.n+3*special
			}
		}
	})
}

func (o *outage) until(patience time.Duration, what string, so func() bool) {
	o.t.Helper()
	deadline := time.Now().Add(patience)
	for !so() {
		if time.Now().After(deadline) {
			c, err := o.supervisor.connection(o.t.Context())
			o.t.Fatalf("%s: not within %s; writes %v, breaker %s, %v", what, patience, c.Writes, c.Breaker, err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// untilRest waits until nothing is on its way.
func (o *outage) untilRest(patience time.Duration) {
	o.t.Helper()
	o.until(patience, "at rest", func() bool { return o.open() == 0 })
}

// open counts the writes on their way.
func (o *outage) open() int {
	c, err := o.supervisor.connection(o.t.Context())
	if err != nil {
		return -1
	}
	return c.Writes[outbox.Pending] + c.Writes[outbox.Relayed] + c.Writes[outbox.Sending] + c.Writes[outbox.Sent]
}

// call reports one call of a prospect and answers how long the acknowledgement
// took, 0 if the test cannot go on.
func (o *outage) call(prospect string, more map[string]any) time.Duration {
	o.mu.Lock()
	n := o.calls[prospect]
	o.calls[prospect]++
	o.mu.Unlock()
	made := &call{event: fmt.Sprintf("call-%s-%d", prospect, n), proposal: more["next"] != nil}
	event := map[string]any{
		"event_id": made.event, "note": made.event, "connection": "phoning.dial", "campaign": "spring",
		"occurred_at": time.Date(2026, 3, 2, 8, n, 0, 0, time.UTC).Format(time.RFC3339),
		"prospect_id": prospect, "agent": "alice", "technical": "answered", "disposition": "no_answer",
	}
	for k, v := range more {
		event[k] = v
	}
	start := time.Now()
	if !o.load.report(event, made) {
		return 0
	}
	return time.Since(start)
}

func (o *outage) acked() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.calls {
		n += c
	}
	return n
}

// paced reports calls at a steady pace, whatever the answers, and prints how
// long acknowledgements took: their p99.
func (o *outage) paced(when string) time.Duration {
	o.t.Helper()
	const calls, every = 400, 5 * time.Millisecond
	took := make([]time.Duration, calls)
	var wg sync.WaitGroup
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := range calls {
		<-tick.C
		wg.Go(func() { took[i] = o.call(fmt.Sprint(i%o.n), nil) })
	}
	wg.Wait()
	if o.t.Failed() {
		o.t.FailNow()
	}
	slices.Sort(took)
	p99 := took[calls*99/100]
	o.t.Logf("the CRM %s: ack p50 %.1f ms, p99 %.1f ms", when, took[calls/2].Seconds()*1000, p99.Seconds()*1000)
	return p99
}

func (o *outage) down() {
	o.crm.Misbehave(crmfake.Rule{Fault: crmfake.Down})
	o.fell, o.met = time.Now(), len(o.crm.Requests())
}

// pileUp reports calls as fast as they are acknowledged.
func (o *outage) pileUp() {
	o.t.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	for c := range outageCallers {
		wg.Go(func() {
			for i := c; i < o.size; i += outageCallers {
				if o.call(fmt.Sprint(i%o.n), nil) == 0 {
					return
				}
			}
		})
	}
	wg.Wait()
	if o.t.Failed() {
		o.t.FailNow()
	}
	o.t.Logf("%d outcomes piled up, %.0f acknowledged a second", o.size, float64(o.size)/time.Since(start).Seconds())
}

// urgent makes, the least urgent first, changes of fields, calls with validated
// appointments, and oppositions of prospects that have nothing older waiting.
func (o *outage) urgent() {
	o.t.Helper()
	leads := o.leads(o.enriched)
	for _, id := range o.enriched {
		o.command("/v1/leads/"+leads[id]+"/status", map[string]any{"prospect_status": "contacted", "motive": "by hand"})
	}
	for i, id := range o.booked {
		at := time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC).Add(time.Duration(i) * 30 * time.Minute)
		o.call(id, map[string]any{"disposition": "appointment_set", "next": map[string]any{"kind": "appointment", "at": at.Format(time.RFC3339), "with": "vera", "minutes": 30}})
	}
	open, err := o.supervisor.proposals(o.t.Context(), "proposed")
	if err != nil || len(open) != len(o.booked) {
		o.t.Fatalf("%d proposals, want %d: %v", len(open), len(o.booked), err)
	}
	for _, p := range open {
		o.command("/v1/proposals/"+p.ID+"/validate", map[string]any{})
	}
	for _, id := range o.opposed {
		o.command("/v1/oppositions", map[string]any{"person": map[string]string{"connection": "crm.main", "id": id}, "motive": "by letter"})
	}
}

// leads finds the leads of prospects.
func (o *outage) leads(prospects []string) map[string]string {
	o.t.Helper()
	out := map[string]string{}
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				ID         string
				ProspectID string `json:"prospect_id"`
				Lead       struct {
					ID         string
					ProspectID string `json:"prospect_id"`
				}
			}
			Next string
		}
		if err := o.supervisor.read(o.t.Context(), "/v1/leads?campaign=spring&limit=500&cursor="+cursor, &page); err != nil {
			o.t.Fatal(err)
		}
		for _, l := range page.Items {
			id, of := l.ID+l.Lead.ID, l.ProspectID+l.Lead.ProspectID
			if slices.Contains(prospects, of) {
				out[of] = id
			}
		}
		if cursor = page.Next; cursor == "" {
			return out
		}
	}
}

func (o *outage) command(path string, body map[string]any) {
	o.t.Helper()
	status, answer, err := o.supervisor.ask(o.t.Context(), http.MethodPost, path, body)
	if err != nil || status >= 300 {
		o.t.Fatalf("POST %s: %d %s %v", path, status, answer, err)
	}
}

func (o *outage) use(when string) use {
	o.t.Helper()
	u := o.hub.use(o.t)
	o.t.Logf("%s: %s", when, u)
	return u
}

// refusals fails if the CRM was asked more than once a second while it was
// down.
func (o *outage) refusals() {
	o.t.Helper()
	refused := len(o.crm.Requests()) - o.met
	seconds := time.Since(o.fell).Seconds()
	o.t.Logf("%d requests refused in %.1f s of outage: %.2f a second", refused, seconds, float64(refused)/seconds)
	if float64(refused) > seconds+30 { // what was under way when it fell
		o.t.Errorf("%d requests in %.1f s: a herd", refused, seconds)
	}
}
