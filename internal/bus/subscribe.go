package bus

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"passerelle/internal/bridge"
)

// Delivery is a message in a writer's hands.
type Delivery struct {
	Message
	msg jetstream.Msg
}

// Ack ends the message: its entry is settled, or will be published again. A
// lost acknowledgement is harmless.
func (d Delivery) Ack() { _ = d.msg.Ack() }

// Nak asks for the message again after a while.
func (d Delivery) Nak(after time.Duration) { _ = d.msg.NakWithDelay(after) }

// rejoinAfter is how long a writer waits before it looks again for a consumer
// that the hub has not made (again) yet.
const rejoinAfter = 250 * time.Millisecond

// Subscription is one writer's part in a connection's partitions: none, until
// [Subscription.Take].
type Subscription struct {
	road   *Road
	line   bridge.ConnectionName
	ahead  int
	handle func(Delivery)
	news   *renewals
	unhear func()

	wg      sync.WaitGroup
	mu      sync.Mutex
	closed  bool
	leave   [Partitions]context.CancelFunc // of those taken
	serving [Partitions]int                // consumers under way: a partition that is taken again may still be left
}

// Subscribe makes a subscription that gives each message to handle, which may
// block: then its partition waits. ahead is how many messages a partition may
// hold ready.
func (r *Road) Subscribe(c bridge.ConnectionName, ahead int, handle func(Delivery)) *Subscription {
	s := &Subscription{road: r, line: c, ahead: ahead, handle: handle}
	s.news, s.unhear = r.renewals()
	return s
}

// Take joins the partitions of a share and leaves all others. What has arrived
// of those is still handled: whoever cannot use it gives it back.
func (s *Subscription) Take(share Share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for p := range Partitions {
		switch taken := s.leave[p] != nil; {
		case taken && !share.Has(p):
			s.leave[p]()
			s.leave[p] = nil
		case !taken && share.Has(p):
			ctx, leave := context.WithCancel(context.Background())
			s.leave[p] = leave
			s.wg.Go(func() { s.stay(ctx, p) })
		}
	}
}

// Serving is the partitions whose messages come here at the moment.
func (s *Subscription) Serving() (share Share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, n := range s.serving {
		if n > 0 {
			share |= Of(p)
		}
	}
	return share
}

func (s *Subscription) count(partition, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving[partition] += n
}

// Close leaves all partitions, for good, and returns once what had arrived is
// handled.
func (s *Subscription) Close() {
	s.Take(0)
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wg.Wait()
	s.unhear()
}

// stay keeps a partition joined until ctx ends.
func (s *Subscription) stay(ctx context.Context, partition int) {
	for ctx.Err() == nil {
		s.join(ctx, partition)
		select {
		case <-ctx.Done():
		case <-time.After(rejoinAfter):
		}
	}
}

// renewals is what a subscriber has heard of the stream's lives.
type renewals struct {
	mu     sync.Mutex
	latest int64         // when the newest life that we heard of began
	next   chan struct{} // closed when we hear of another
}

func (n *renewals) heard(life int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.latest = max(n.latest, life)
	close(n.next)
	n.next = make(chan struct{})
}

// after waits until ctx ends or a later life than this is heard of.
func (n *renewals) after(ctx context.Context, life int64) {
	for ctx.Err() == nil {
		n.mu.Lock()
		latest, next := n.latest, n.next
		n.mu.Unlock()
		if latest > life {
			return
		}
		select {
		case <-ctx.Done():
		case <-next:
		}
	}
}

// renewals listens for renewals until stop is called. A broadcast that is
// missed costs a few heartbeats' time.
func (r *Road) renewals() (n *renewals, stop func()) {
	n = &renewals{next: make(chan struct{})}
	sub, err := r.conn.nc.Subscribe(r.Subject(renewed), func(m *nats.Msg) {
		if life, err := strconv.ParseInt(string(m.Data), 10, 64); err == nil {
			n.heard(life)
		}
	})
	if err != nil {
		return n, func() {}
	}
	return n, func() { _ = sub.Unsubscribe() }
}

// join consumes one partition until ctx ends or the consumer is gone: the hub
// makes them anew when it starts.
func (s *Subscription) join(ctx context.Context, partition int) {
	r := s.road
	if !r.conn.Connected() {
		return
	}
	stream, err := r.conn.js.Stream(ctx, r.stream())
	if err != nil {
		return
	}
	life := stream.CachedInfo().Created
	name := consumerName(s.line, partition, life)
	consumer, err := stream.Consumer(ctx, name)
	if err != nil {
		return
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	cc, err := consumer.Consume(
		func(m jetstream.Msg) {
			d := Delivery{msg: m}
			if json.Unmarshal(m.Data(), &d.Message) != nil || d.Partition != partition || d.Connection != s.line {
				_ = m.Term() // not ours; nothing hangs on it
				return
			}
			s.handle(d)
		},
		jetstream.PullMaxMessages(s.ahead),
		jetstream.PullExpiry(pullFor),
		jetstream.ConsumeErrHandler(func(jetstream.ConsumeContext, error) {
			if !r.alive(name) {
				leave()
			}
		}),
	)
	if err != nil {
		return
	}
	s.count(partition, 1)
	defer s.count(partition, -1)
	context.AfterFunc(ctx, func() { part(cc) })
	go func() {
		s.news.after(ctx, life.UnixNano())
		leave()
	}()
	<-cc.Closed()
}

// partFor bounds the wait for what is still on its way from a server that may
// not answer any more.
const partFor = 2 * time.Second

// part leaves a consumer. What has arrived is handled first: it would only come
// again, to anybody, once its acknowledgement is overdue.
func part(cc jetstream.ConsumeContext) {
	cc.Drain()
	select {
	case <-cc.Closed():
	case <-time.After(partFor):
		cc.Stop()
	}
}

// alive says whether the consumer still exists; while NATS does not answer it
// may.
func (r *Road) alive(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := r.conn.js.Consumer(ctx, r.stream(), name)
	return err == nil || !r.conn.Connected()
}
