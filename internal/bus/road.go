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

// consumerName names a partition's consumer on one life of the stream: one of
// a former life's name could still be pinned to a writer that pulls from it.
func consumerName(c bridge.ConnectionName, partition int, life time.Time) string {
	return fmt.Sprintf("%s-%02d-%x", strings.ReplaceAll(string(c), ".", "_"), partition, life.UnixNano())
}

// pinGroup is the one priority group of each consumer: the server pins it to
// one writer at a time.
const pinGroup = "writer"

// defaultPin is how long after its last pull a dead writer keeps a partition.
const defaultPin = 10 * time.Second

// pull is how long a writer's pull waits for messages: well under the pin's
// time, or an idle writer would lose its partitions.
func (r *Road) pull() time.Duration { return r.conn.pin * 2 / 5 }

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
	for _, c := range connections {
		for p := range Partitions {
			_, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
				Durable:        consumerName(c, p, stream.CachedInfo().Created),
				FilterSubject:  fmt.Sprintf("%s.%02d", r.writes(c), p),
				AckPolicy:      jetstream.AckExplicitPolicy,
				AckWait:        2 * time.Minute,
				MaxDeliver:     -1,
				MaxAckPending:  -1,
				MemoryStorage:  true,
				PriorityPolicy: jetstream.PriorityPolicyPinned,
				PriorityGroups: []string{pinGroup},
				PinnedTTL:      r.conn.pin,
			})
			if err != nil {
				return fmt.Errorf("renew the consumers of %s: %w", c, err)
			}
		}
	}
	// Writers may hang on consumers that are gone.
	life := strconv.FormatInt(stream.CachedInfo().Created.UnixNano(), 10)
	return r.conn.nc.Publish(r.Subject(renewed), []byte(life))
}

// How often and for how long a stream is tried to be made: the server removes
// the folders of a deleted one in the background, and refuses meanwhile.
const (
	createEvery  = 50 * time.Millisecond
	createWithin = 2 * time.Second
)

func (r *Road) create(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, createWithin)
	defer cancel()
	for {
		stream, err := r.conn.js.CreateStream(ctx, jetstream.StreamConfig{
			Name:        r.stream(),
			Description: "ids of writes that wait for a writer; lost or deleted, it is published again",
			Subjects:    []string{r.Subject("write.>")},
			Retention:   jetstream.WorkQueuePolicy,
			Storage:     jetstream.FileStorage,
		})
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
	Last    uint64    `json:"last"` // sequence of the newest message ever
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
	return StreamState{Created: info.Created, Last: info.State.LastSeq}, nil
}
