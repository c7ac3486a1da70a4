package bus

import (
	"context"
	"encoding/json"
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

// Subscribe joins all partitions of a connection and gives each message to
// handle, which may block: then the partition waits. ahead is how many messages
// a partition may hold ready. It returns when ctx has ended and every handle
// has returned.
func (r *Road) Subscribe(ctx context.Context, c bridge.ConnectionName, ahead int, handle func(Delivery)) {
	var wg sync.WaitGroup
	news, stop := r.renewals()
	defer stop()
	for p := range Partitions {
		wg.Go(func() {
			for ctx.Err() == nil {
				joined, cancel := news.context(ctx)
				r.join(joined, c, p, ahead, handle)
				cancel()
				select {
				case <-ctx.Done():
				case <-time.After(rejoinAfter):
				}
			}
		})
	}
	wg.Wait()
}

// renewal is a broadcast that the consumers were made anew.
type renewal struct {
	mu  sync.Mutex
	now chan struct{} // closed at the next renewal
}

// context ends with ctx, or at the next renewal.
func (n *renewal) context(ctx context.Context) (context.Context, context.CancelFunc) {
	n.mu.Lock()
	now := n.now
	n.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-now:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// renewals listens for renewals until stop is called. A broadcast that is
// missed costs a few heartbeats' time.
func (r *Road) renewals() (n *renewal, stop func()) {
	n = &renewal{now: make(chan struct{})}
	sub, err := r.conn.nc.Subscribe(r.Subject(renewed), func(*nats.Msg) {
		n.mu.Lock()
		defer n.mu.Unlock()
		close(n.now)
		n.now = make(chan struct{})
	})
	if err != nil {
		return n, func() {}
	}
	return n, func() { _ = sub.Unsubscribe() }
}

// join consumes one partition until ctx ends or the consumer is gone: the hub
// makes them anew when it starts.
func (r *Road) join(ctx context.Context, c bridge.ConnectionName, partition, ahead int, handle func(Delivery)) {
	stream, err := r.conn.js.Stream(ctx, r.stream())
	if err != nil {
		return
	}
	name := consumerName(c, partition, stream.CachedInfo().Created)
	consumer, err := stream.Consumer(ctx, name)
	if err != nil {
		return
	}
	gone := make(chan struct{})
	var once sync.Once
	cc, err := consumer.Consume(
		func(m jetstream.Msg) {
			d := Delivery{msg: m}
			if json.Unmarshal(m.Data(), &d.Message) != nil || d.Partition != partition || d.Connection != c {
				_ = m.Term() // not ours; nothing hangs on it
				return
			}
			handle(d)
		},
		jetstream.PullMaxMessages(ahead),
		jetstream.PullExpiry(r.pull()),
		jetstream.PullPriorityGroup(pinGroup),
		jetstream.ConsumeErrHandler(func(jetstream.ConsumeContext, error) {
			if !r.alive(name) {
				once.Do(func() { close(gone) })
			}
		}),
	)
	if err != nil {
		return
	}
	select {
	case <-ctx.Done():
	case <-gone:
	case <-cc.Closed():
	}
	cc.Stop()
	<-cc.Closed()
}

// alive says whether the consumer still exists; while NATS does not answer it
// may.
func (r *Road) alive(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := r.conn.js.Consumer(ctx, r.stream(), name)
	return err == nil || !r.conn.Connected()
}
