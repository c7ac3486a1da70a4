package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"passerelle/internal/bridge"
)

// Partitions is how many ways the writes of a connection are split. A
// prospect's writes all take the same one.
const Partitions = 64

// Partition is the way that a prospect's writes take.
func Partition(ref bridge.Ref) int {
	return int(xxhash.Sum64String(ref.Key()) % Partitions)
}

// Message tells a writer that an entry waits to be claimed. The write itself
// travels in the grant.
type Message struct {
	Entry      string                `json:"entry"`
	Connection bridge.ConnectionName `json:"connection"`
	Partition  int                   `json:"partition"`
}

// Road is one hub's stream.
type Road struct {
	conn *Conn
	hub  string
}

// Road gives the stream of a hub. It does not look whether it exists.
func (c *Conn) Road(hub string) *Road { return &Road{conn: c, hub: hub} }

// Subject is where requests of a kind go to the hub.
func (r *Road) Subject(what string) string { return "passerelle." + r.hub + "." + what }

// Hub is whose road it is.
func (r *Road) Hub() string { return r.hub }

// Conn is the connection that the road runs over.
func (r *Road) Conn() *Conn { return r.conn }

func (r *Road) stream() string { return "passerelle-" + r.hub }

func (r *Road) writes(c bridge.ConnectionName) string {
	return r.Subject("write." + string(c))
}

// consumerName names a partition's consumer on one life of the stream: nobody
// may take one of a former life for it.
func consumerName(c bridge.ConnectionName, partition int, life time.Time) string {
	return fmt.Sprintf("%s-%02d-%x", strings.ReplaceAll(string(c), ".", "_"), partition, life.UnixNano())
}

// Renew makes the stream and its consumers anew, empty. The hub does so at its
// start and when the stream was lost: every entry that was on it is published
// again.
func (r *Road) Renew(ctx context.Context, connections []bridge.ConnectionName) error {
	if !r.conn.Connected() {
		return ErrDown
	}
	err := r.conn.js.DeleteStream(ctx, r.stream())
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("renew the stream: %w", err)
	}
	stream, err := r.create(ctx)
	if err != nil {
		return fmt.Errorf("renew the stream: %w", err)
	}
	if err := r.createConsumers(ctx, stream, connections); err != nil {
		return err
	}
	// Writers may hang on consumers that are gone.
	life := strconv.FormatInt(stream.CachedInfo().Created.UnixNano(), 10)
	return r.conn.nc.Publish(r.Subject(renewed), []byte(life))
}

// createAtOnce is how many consumers are made at a time: in a cluster several
// servers have to agree on each, and wait for one that is gone.
const createAtOnce = Partitions

func (r *Road) createConsumers(ctx context.Context, stream jetstream.Stream, connections []bridge.ConnectionName) error {
	life := stream.CachedInfo().Created
	var making errgroup.Group
	making.SetLimit(createAtOnce)
	for _, c := range connections {
		for p := range Partitions {
			making.Go(func() error {
				_, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
					Durable:       consumerName(c, p, life),
					FilterSubject: fmt.Sprintf("%s.%02d", r.writes(c), p),
					AckPolicy:     jetstream.AckExplicitPolicy,
					AckWait:       2 * time.Minute,
					MaxDeliver:    -1,
					MaxAckPending: -1,
					MemoryStorage: true,
				})
				if err != nil {
					return fmt.Errorf("renew the consumers of %s: %w", c, err)
				}
				return nil
			})
		}
	}
	return making.Wait()
}

// How often and for how long a stream is tried to be made: the server removes
// the folders of a deleted one in the background, and refuses meanwhile.
const (
	createEvery  = 50 * time.Millisecond
	createWithin = 2 * time.Second
)

// replicas is how many servers of a cluster keep the stream.
const replicas = 3

// wanted is how many servers are to keep the stream.
func (r *Road) wanted() int {
	if r.conn.nc.ConnectedClusterName() == "" {
		return 1
	}
	return replicas
}

func (r *Road) config(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:        r.stream(),
		Description: "ids of writes that wait for a writer; lost or deleted, it is published again",
		Subjects:    []string{r.Subject("write.>")},
		Retention:   jetstream.WorkQueuePolicy,
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
	}
}

// create makes the stream. A cluster that lacks a server for another replica
// makes it with one: nothing hangs on it, and [Road.Widen] makes up for it.
func (r *Road) create(ctx context.Context) (jetstream.Stream, error) {
	stream, err := r.createWith(ctx, r.wanted())
	if err != nil && r.wanted() > 1 && ctx.Err() == nil {
		return r.createWith(ctx, 1)
	}
	return stream, err
}

func (r *Road) createWith(ctx context.Context, replicas int) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, createWithin)
	defer cancel()
	for {
		stream, err := r.conn.js.CreateStream(ctx, r.config(replicas))
		if err == nil || ctx.Err() != nil {
			return stream, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(createEvery):
		}
	}
}

// Widen gives the stream the replicas that the cluster could not hold when it
// was made.
func (r *Road) Widen(ctx context.Context) error {
	_, err := r.conn.js.UpdateStream(ctx, r.config(r.wanted()))
	return err
}

// renewed is the last word of the subject on which writers hear when a new life
// of the stream began, in nanoseconds of 1970, once its consumers are there.
const renewed = "renewed"

// Publish puts messages on the stream, in order, and waits until the server
// has them all. On an error some may be there: a message too many is harmless.
func (r *Road) Publish(ctx context.Context, messages []Message) error {
	futures := make([]jetstream.PubAckFuture, 0, len(messages))
	for _, m := range messages {
		raw, err := json.Marshal(m)
		if err != nil {
			return err
		}
		f, err := r.conn.js.PublishMsgAsync(&nats.Msg{
			Subject: fmt.Sprintf("%s.%02d", r.writes(m.Connection), m.Partition),
			Data:    raw,
		})
		if err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		futures = append(futures, f)
	}
	for _, f := range futures {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return fmt.Errorf("publish: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("publish: %w", ctx.Err())
		}
	}
	return nil
}

// Purge takes everything of a connection off the stream.
func (r *Road) Purge(ctx context.Context, c bridge.ConnectionName) error {
	stream, err := r.conn.js.Stream(ctx, r.stream())
	if err != nil {
		return fmt.Errorf("purge %s: %w", c, err)
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(r.writes(c)+".>")); err != nil {
		return fmt.Errorf("purge %s: %w", c, err)
	}
	return nil
}

// StreamState is what tells one life of the stream from another.
type StreamState struct {
	Created time.Time `json:"created"`
	Last    uint64    `json:"last"`   // sequence of the newest message ever
	Narrow  bool      `json:"narrow"` // it has fewer replicas than the cluster could hold
}

// ErrNoStream says that the stream is gone.
var ErrNoStream = errors.New("bus: the stream is gone")

// State asks the server for the stream's state.
func (r *Road) State(ctx context.Context) (StreamState, error) {
	if !r.conn.Connected() {
		return StreamState{}, ErrDown
	}
	stream, err := r.conn.js.Stream(ctx, r.stream())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return StreamState{}, ErrNoStream
	}
	if err != nil {
		return StreamState{}, err
	}
	info := stream.CachedInfo()
	return StreamState{Created: info.Created, Last: info.State.LastSeq, Narrow: info.Config.Replicas < r.wanted()}, nil
}
