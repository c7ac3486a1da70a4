package chaos

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/test/crmfake"
)

var (
	soakBudget = flag.Duration("soak.budget", 0, "how long the hub is worked and tormented; 0 is not at all")
	soakMinute = flag.Duration("soak.minute", time.Minute, "how long one kind of trouble lasts")
)

// TestSoak lets a plateau work for hours through whatever happens, a line a
// minute, and wants the hub in the end to be what it was in the beginning:
// everything told once, and no memory, descriptor or goroutine more.
//
// In the first half the hub is killed now and then and its stream damaged; in
// the second one life goes on, so that what leaks shows.
func TestSoak(t *testing.T) {
	if *soakBudget == 0 {
		t.Log("not asked for: -soak.budget 1h")
		return
	}
	s := newSoak(t)
	began := time.Now()
	s.getReady()
	s.hub.waitReady(s.hub.start(""))
	s.load.start(s.seed)
	s.supervisor.start()
	end := began.Add(*soakBudget)
	for time.Now().Before(began.Add(*soakBudget / 2)) {
		s.minute(s.killed)
	}
	s.relive()
	s.calmly(*soakMinute)
	start := s.hub.use(t)
	t.Logf("the last life begins: %s", start)
	for time.Now().Before(end) {
		s.minute(func() string { return "" })
	}
	s.crm.calm()
	s.load.wait()
	s.supervisor.wait()
	s.drain()
	s.calmly(*soakMinute / 4)
	s.compare(start, s.hub.use(t))
	s.judge()
}

type soak struct {
	*run
	seed    uint64
	minutes int
	kills   int
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	chosen := *seed
	if chosen == 0 {
		chosen = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d, %s: run it again with -chaos.seed %d", chosen, *soakBudget, chosen)
	dir := t.TempDir()
	s := &soak{seed: chosen, run: &run{
		t: t, dir: dir, crm: newRestCRM(t, chosen), dice: rand.New(rand.NewPCG(chosen, 99)),
		deaths: map[string]int{}, moods: map[string]int{}, hurts: map[string]int{},
	}}
	configure(t, dir, s.crm.config())
	path := filepath.Join(dir, "passerelle.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(text, []byte(soakRetention)...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.hub = newProcess(t, build(t), dir)
	s.load, s.supervisor = newLoad(t, s.hub, 8, 100*time.Millisecond), newSupervisor(t, s.hub)
	return s
}

// soakRetention keeps ended writes for the shortest term there is.
const soakRetention = `
retention: {writes: 1h, decisions: 1h, parked_events: 1h}
`

// minute is one kind of trouble, and the line that tells of it.
func (s *soak) minute(more func() string) {
	s.t.Helper()
	s.minutes++
	mood := s.crm.upset(s.dice)
	s.moods[mood]++
	before := s.load.acked.Load()
	half := time.NewTimer(*soakMinute / 2)
	<-half.C
	happened := more()
	half.Reset(*soakMinute / 2)
	<-half.C
	open := "?"
	if c, err := s.supervisor.connection(s.t.Context()); err == nil {
		open = fmt.Sprint(c.Writes)
	}
	s.t.Logf("%4d. the CRM %-10s %6d calls, %7d in the CRM; waiting %s; %s%s",
		s.minutes, mood, s.load.acked.Load()-before, s.crm.arrived(), strings.TrimPrefix(open, "map"), s.hub.use(s.t), happened)
}

// killed kills the hub in every third minute, damages its stream and starts it
// again.
func (s *soak) killed() string {
	s.t.Helper()
	if s.dice.IntN(3) > 0 {
		return ""
	}
	hurt := s.relive()
	if hurt != "" {
		hurt = ", the stream's store had " + hurt
	}
	return "; killed" + hurt
}

// relive is a kill and the next life.
func (s *soak) relive() (hurt string) {
	s.t.Helper()
	s.kills++
	s.hub.kill()
	hurt, err := damage(s.dir, s.dice)
	if err != nil {
		s.t.Fatal(err)
	}
	if !s.hub.waitReady(s.hub.start("")) {
		s.t.Fatal("the hub does not start again")
	}
	return hurt
}

// calmly lets the CRM behave for a while.
func (s *soak) calmly(d time.Duration) {
	s.crm.calm()
	<-time.After(d)
}

// use is what the hub takes of the machine.
type use struct{ heap, rss, store, goroutines, files float64 }

// use reads the hub's figures some times over and takes the least of the heap:
// what is garbage is no use.
func (p *process) use(t *testing.T) (u use) {
	t.Helper()
	url := p.url("/metrics")
	for i := range 12 {
		heap := readMetric(t, url, "go_memstats_heap_alloc_bytes")
		if i == 0 || heap < u.heap {
			u.heap = heap
		}
		<-time.After(20 * time.Millisecond)
	}
	u.rss = readMetric(t, url, "process_resident_memory_bytes")
	u.store = readMetric(t, url, "passerelle_store_bytes")
	u.goroutines = readMetric(t, url, "go_goroutines")
	u.files = readMetric(t, url, "process_open_fds")
	return u
}

func (u use) String() string {
	return fmt.Sprintf("heap %.1f MB, RSS %.0f MB, store %.1f MB, %.0f goroutines, %.0f descriptors", u.heap/1e6, u.rss/1e6, u.store/1e6, u.goroutines, u.files)
}

// compare fails if the hub has kept something of all the trouble. A heap has its
// ups and downs: it may double.
func (s *soak) compare(start, end use) {
	s.t.Helper()
	calls := s.load.acked.Load()
	s.t.Logf("%d minutes, %d kills; the CRM was %s; %d calls, %d posts repeated", s.minutes, s.kills, tally(s.moods), calls, s.load.repeats.Load())
	s.t.Logf("the last life ends:   %s; the store has %.0f bytes a call", end, end.store/float64(calls))
	for _, c := range []struct {
		what             string
		was, is, allowed float64
	}{
		{"goroutines", start.goroutines, end.goroutines, start.goroutines + 40},
		{"descriptors", start.files, end.files, start.files + 16},
		{"bytes of heap", start.heap, end.heap, 2*start.heap + 64e6},
		{"bytes of memory", start.rss, end.rss, 2*start.rss + 128e6 + end.store}, // the file is mapped
		{"bytes of store", 0, end.store, 64e6 + 24e3*float64(calls)},
	} {
		if c.is > c.allowed {
			s.t.Errorf("%.0f %s, and %.0f in the beginning", c.is, c.what, c.was)
		}
	}
	if n := len(s.crm.(*restCRM).All(crmfake.Activities)); int64(n) != calls {
		s.t.Errorf("%d calls acknowledged, %d in the CRM", calls, n)
	}
}
