package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// InProcess is an embedded server, reached without a socket.
type InProcess interface {
	InProcessConn() (net.Conn, error)
}

// Options say how to reach NATS.
type Options struct {
	URL         string    // of an outside server or cluster
	Credentials string    // path of a .creds file, "" for none
	Embedded    InProcess // instead of URL
	Name        string    // of this process, as the server shows it
	Log         *slog.Logger
	// Changed is told when the connection is lost or cannot be had (false), and
	// when it is there (again) (true).
	Changed func(connected bool)
}

// Conn is a connection to NATS.
type Conn struct {
	nc *nats.Conn
	js jetstream.JetStream
}

// pingEvery is how often a server is asked for a sign of life: one that gives
// none three times is left for another of the cluster.
const pingEvery = 2 * time.Second

// Connect connects, and keeps trying for ever: a server that does not answer is
// no error, options that never can be right are.
func Connect(opts Options) (*Conn, error) {
	changed := opts.Changed
	if changed == nil {
		changed = func(bool) {}
	}
	options := []nats.Option{
		nats.Name("passerelle " + opts.Name),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(2),
		nats.ReconnectBufSize(-1), // a publish while disconnected fails at once: the outbox is the buffer
		nats.DisconnectErrHandler(func(*nats.Conn, error) { changed(false) }),
		nats.ReconnectHandler(func(*nats.Conn) { changed(true) }),
		nats.ConnectHandler(func(*nats.Conn) { changed(true) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			opts.Log.Debug("nats", "err", err)
		}),
	}
	if opts.Credentials != "" {
		options = append(options, nats.UserCredentials(opts.Credentials))
	}
	if opts.Embedded != nil {
		options = append(options, nats.InProcessServer(opts.Embedded))
	}
	nc, err := nats.Connect(opts.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	if !nc.IsConnected() {
		changed(false)
	}
	return &Conn{nc: nc, js: js}, nil
}

// Close ends the connection.
func (c *Conn) Close() { c.nc.Close() }

// Connected says whether NATS answers at the moment.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// The last words of the subjects on which writers ask the hub.
const (
	ClaimSubject  = "claim"
	ReportSubject = "report"
	BeatSubject   = "beat"
	// SessionSubject is where they ask for the token of a connection.
	SessionSubject = "session"
)

// maxServed bounds the requests that one Serve answers at a time.
const maxServed = 64

// Serve answers requests on a subject until ctx ends; wait returns once it has
// and every handle has returned. handle gets the request and answers the reply,
// both JSON.
func (c *Conn) Serve(ctx context.Context, subject string, handle func(context.Context, []byte) (any, error)) (wait func(), err error) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, maxServed)
	sub, err := c.nc.Subscribe(subject, func(m *nats.Msg) {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return // the asker asks again
		}
		wg.Go(func() {
			defer func() { <-slots }()
			reply, err := handle(ctx, m.Data)
			c.answer(m, reply, err)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("serve %s: %w", subject, err)
	}
	if c.Connected() {
		_ = c.nc.FlushTimeout(time.Second) // asked from now on, it answers
	}
	ended := make(chan struct{})
	sub.SetClosedHandler(func(string) { close(ended) }) // after the last message was given out
	context.AfterFunc(ctx, func() { _ = sub.Unsubscribe() })
	return func() {
		<-ctx.Done()
		<-ended
		wg.Wait()
	}, nil
}

type envelope struct {
	Error string          `json:"error,omitempty"`
	Body  json.RawMessage `json:"body,omitempty"`
}

func (c *Conn) answer(m *nats.Msg, reply any, err error) {
	env := envelope{}
	if err == nil {
		env.Body, err = json.Marshal(reply)
	}
	if err != nil {
		env.Error = err.Error()
	}
	raw, err := json.Marshal(env)
	if err == nil {
		_ = m.Respond(raw) // a lost answer is the asker's time-out
	}
}

// Errors that callers tell apart.
var (
	ErrRemote = errors.New("the hub answered")                 // with an error of its own
	ErrClosed = errors.New("the connection to NATS was ended") // for good, by us
	ErrDown   = errors.New("NATS does not answer")             // at the moment
)

// Ask sends a request and decodes the answer into reply.
func (c *Conn) Ask(ctx context.Context, subject string, request, reply any) error {
	raw, err := json.Marshal(request)
	if err != nil {
		return err
	}
	m, err := c.nc.RequestWithContext(ctx, subject, raw)
	if errors.Is(err, nats.ErrConnectionClosed) {
		return fmt.Errorf("ask %s: %w", subject, ErrClosed)
	}
	if err != nil {
		return fmt.Errorf("ask %s: %w", subject, err)
	}
	var env envelope
	if err := json.Unmarshal(m.Data, &env); err != nil {
		return fmt.Errorf("ask %s: %w", subject, err)
	}
	if env.Error != "" {
		return fmt.Errorf("%w: %s", ErrRemote, env.Error)
	}
	return json.Unmarshal(env.Body, reply)
}
