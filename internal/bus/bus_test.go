package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"passerelle/internal/bridge"
	"passerelle/internal/bus/embedded"
)

const crm = bridge.ConnectionName("crm.main")

// soon waits until something is so, and fails the test if that takes too long.
func soon(t testing.TB, what string, within time.Duration, so func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.After(within)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s: not within %s", what, within)
		}
	}
}

const patience = 10 * time.Second

func startServer(t testing.TB) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(filepath.Join(t.TempDir(), "nats"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func connect(t testing.TB, s *embedded.Server) *Conn {
	t.Helper()
	c, err := Connect(Options{Embedded: s, Name: t.Name(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// newRoad makes the stream of a hub of its own.
func newRoad(t testing.TB, c *Conn) *Road {
	t.Helper()
	r := c.Road("paris")
	renew(t, r)
	return r
}

func renew(t testing.TB, r *Road) {
	t.Helper()
	if err := r.Renew(t.Context(), []bridge.ConnectionName{crm}); err != nil {
		t.Fatal(err)
	}
}

// messages are n messages of several prospects.
func messages(n int) []Message {
	out := make([]Message, n)
	for i := range out {
		ref := bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: fmt.Sprint(i % 7)}
		out[i] = Message{Entry: fmt.Sprintf("%04d", i), Connection: crm, Partition: Partition(ref)}
	}
	return out
}

func publish(t testing.TB, r *Road, m []Message) {
	t.Helper()
	if err := r.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// inbox collects what a subscriber got.
type inbox struct {
	mu  sync.Mutex
	got []Message
}

func (in *inbox) put(m Message) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.got = append(in.got, m)
}

func (in *inbox) all() []Message {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.got)
}

func (in *inbox) count() int { return len(in.all()) }

// subscribe gives all messages to handle until the test ends or stop is called.
func subscribe(t testing.TB, r *Road, handle func(Delivery)) (stop func()) {
	t.Helper()
	s := r.Subscribe(crm, 16, handle)
	s.Take(All)
	t.Cleanup(s.Close)
	return s.Close
}

// ordered fails if a partition's first deliveries are not in order.
func ordered(t testing.TB, got []Message) {
	t.Helper()
	last := map[int]string{}
	for _, m := range got {
		if m.Entry <= last[m.Partition] {
			t.Fatalf("partition %d: %s after %s", m.Partition, m.Entry, last[m.Partition])
		}
		last[m.Partition] = m.Entry
	}
}

func TestEachPartitionInOrder(t *testing.T) {
	t.Parallel()
	r := newRoad(t, connect(t, startServer(t)))
	var in inbox
	subscribe(t, r, func(d Delivery) {
		in.put(d.Message)
		d.Ack()
	})
	publish(t, r, messages(500))
	soon(t, "all arrive", patience, func() bool { return in.count() >= 500 })
	ordered(t, in.all())
	soon(t, "the stream is empty", patience, func() bool { return left(t, r) == 0 })
}

func left(t testing.TB, r *Road) uint64 {
	t.Helper()
	stream, err := r.conn.js.Stream(t.Context(), r.stream())
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

func TestANakComesAgainLater(t *testing.T) {
	t.Parallel()
	r := newRoad(t, connect(t, startServer(t)))
	var in inbox
	var nacked sync.Map
	const wait = 50 * time.Millisecond
	subscribe(t, r, func(d Delivery) {
		first, again := nacked.LoadOrStore(d.Entry, time.Now())
		if !again {
			d.Nak(wait)
			return
		}
		if since := time.Since(first.(time.Time)); since < wait {
			t.Errorf("%s came again after %s", d.Entry, since)
		}
		in.put(d.Message)
		d.Ack()
	})
	publish(t, r, messages(20))
	soon(t, "all come again", patience, func() bool { return in.count() == 20 })
}

func TestPurgeTakesEverythingOff(t *testing.T) {
	t.Parallel()
	r := newRoad(t, connect(t, startServer(t)))
	publish(t, r, messages(20))
	before, err := r.State(t.Context())
	if err != nil || before.Last != 20 {
		t.Fatalf("%+v, %v", before, err)
	}
	if err := r.Purge(t.Context(), crm); err != nil {
		t.Fatal(err)
	}
	if n := left(t, r); n != 0 {
		t.Errorf("%d messages are left", n)
	}
	if after, err := r.State(t.Context()); err != nil || after != before {
		t.Errorf("a purge is taken for a loss: %+v, was %+v (%v)", after, before, err)
	}
}

// Each gets what it has taken; what it gives up goes to the other, and the
// partitions' order is kept, however often they move.
func TestPartitionsMove(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	r := newRoad(t, connect(t, s))
	var both inbox
	handle := func(d Delivery) { both.put(d.Message); d.Ack() }
	one, two := r.Subscribe(crm, 16, handle), connect(t, s).Road("paris").Subscribe(crm, 16, handle)
	t.Cleanup(one.Close)
	t.Cleanup(two.Close)
	if got := one.Serving(); got != 0 {
		t.Errorf("serves %x before it was told to", got)
	}
	all := messages(600)
	for i, share := range []Share{All, 0, 0xffff_ffff, All &^ 0xffff_ffff, 0x5555_5555_5555_5555, 0} {
		one.Take(share)
		two.Take(All &^ share)
		soon(t, "the move", patience, func() bool { return one.Serving() == share && two.Serving() == All&^share })
		publish(t, r, all[i*100:(i+1)*100])
		soon(t, "all arrive", patience, func() bool { return both.count() == (i+1)*100 })
	}
	ordered(t, both.all())
	soon(t, "the stream is empty", patience, func() bool { return left(t, r) == 0 })
}

// What a dead writer had in its hands is another's once it is published again.
func TestAPartitionOutlivesItsWriter(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	r := newRoad(t, connect(t, s))
	dying := connect(t, s)
	var taken atomic.Int64
	held := make(chan struct{})
	doomed := dying.Road("paris").Subscribe(crm, 16, func(Delivery) { taken.Add(1); <-held })
	doomed.Take(All)
	publish(t, r, messages(20))
	soon(t, "it has some in each hand", patience, func() bool { return taken.Load() == 7 })
	dying.Close()
	close(held)
	doomed.Close()
	soon(t, "the server has seen it go", patience, func() bool { return pulls(t, r) == 0 })
	if err := r.Purge(t.Context(), crm); err != nil {
		t.Fatal(err)
	}
	var in inbox
	subscribe(t, r, func(d Delivery) { in.put(d.Message); d.Ack() })
	publish(t, r, messages(20))
	soon(t, "the other gets all", patience, func() bool { return in.count() == 20 })
	ordered(t, in.all())
}

// pulls counts the pulls that wait at the server for messages.
func pulls(t testing.TB, r *Road) (n int) {
	t.Helper()
	stream, err := r.conn.js.Stream(t.Context(), r.stream())
	if err != nil {
		t.Fatal(err)
	}
	consumers := stream.ListConsumers(t.Context())
	for info := range consumers.Info() {
		n += info.NumWaiting
	}
	if err := consumers.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// A closed subscription takes nothing any more.
func TestClosedIsClosed(t *testing.T) {
	t.Parallel()
	r := newRoad(t, connect(t, startServer(t)))
	s := r.Subscribe(crm, 16, func(Delivery) { t.Error("got a message") })
	s.Close()
	s.Take(All)
	publish(t, r, messages(3))
	var in inbox
	subscribe(t, r, func(d Delivery) { in.put(d.Message); d.Ack() })
	soon(t, "another gets them", patience, func() bool { return in.count() == 3 })
	if got := s.Serving(); got != 0 {
		t.Errorf("serves %x", got)
	}
}

func TestALostStreamIsNoticedAndRejoined(t *testing.T) {
	t.Parallel()
	r := newRoad(t, connect(t, startServer(t)))
	var in inbox
	subscribe(t, r, func(d Delivery) { in.put(d.Message); d.Ack() })
	publish(t, r, messages(10))
	soon(t, "all arrive", patience, func() bool { return in.count() == 10 })
	known, err := r.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.conn.js.DeleteStream(t.Context(), r.stream()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.State(t.Context()); !errors.Is(err, ErrNoStream) {
		t.Errorf("the state of a deleted stream: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Publish(ctx, messages(1)); err == nil {
		t.Error("published to a deleted stream")
	}
	renew(t, r)
	if now, err := r.State(t.Context()); err != nil || now.Created.Equal(known.Created) {
		t.Errorf("the new stream cannot be told from the old: %+v, %+v (%v)", now, known, err)
	}
	publish(t, r, messages(10))
	soon(t, "the subscriber is back", 2*time.Second, func() bool { return in.count() == 20 })
}

func TestRenewEmptiesTheStream(t *testing.T) {
	t.Parallel()
	r := newRoad(t, connect(t, startServer(t)))
	publish(t, r, messages(10))
	renew(t, r)
	if n := left(t, r); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

func TestForeignMessagesAreDropped(t *testing.T) {
	t.Parallel()
	r := newRoad(t, connect(t, startServer(t)))
	var in inbox
	subscribe(t, r, func(d Delivery) { in.put(d.Message); d.Ack() })
	good := messages(1)[0]
	for _, body := range []string{
		`not JSON`, `{"entry":"x","connection":"crm.main","partition":-1}`, `{"entry":"x","connection":"crm.main","partition":64}`,
		fmt.Sprintf(`{"entry":"x","connection":"crm.other","partition":%d}`, good.Partition),
	} {
		subject := fmt.Sprintf("%s.%02d", r.writes(crm), good.Partition)
		if _, err := r.conn.js.Publish(t.Context(), subject, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, r, []Message{good})
	soon(t, "the good one arrives", patience, func() bool { return in.count() > 0 })
	if got := in.all(); len(got) != 1 || got[0] != good {
		t.Errorf("got %v", got)
	}
	soon(t, "the others are gone", patience, func() bool { return left(t, r) == 0 })
}

func TestPartitionIsStable(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]int{"1": 37, "42": 1, "": 61, "é": 13} {
		if got := Partition(bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id}); got != want {
			t.Errorf("prospect %q goes to partition %d, want %d", id, got, want)
		}
	}
}

// A stream made by somebody else under our name is replaced, not joined.
func TestRenewOverAForeignStream(t *testing.T) {
	t.Parallel()
	c := connect(t, startServer(t))
	r := c.Road("paris")
	_, err := c.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: r.stream(), Subjects: []string{"other.>"}})
	if err != nil {
		t.Fatal(err)
	}
	renew(t, r)
	publish(t, r, messages(3))
}
