package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	httpout "github.com/ThreeDotsLabs/watermill-http/v2/pkg/http"
	wnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/ThreeDotsLabs/watermill/components/forwarder"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// mill is Watermill's forwarder on JetStream, in a process of this program's
// own binary.
type mill struct {
	plain
	always bool // sync_interval: always
	dir    string
	crm    string
}

func newMill(always bool) (*mill, error) {
	port, err := freePort()
	return &mill{plain: plain{port}, always: always}, err
}

func (m *mill) name() string {
	if m.always {
		return "Watermill forwarder, sync always"
	}
	return "Watermill forwarder"
}

func (m *mill) prepare(dir, crm string) error {
	m.dir, m.crm = dir, crm
	return nil
}

// millRole tells a process of this binary that it is the forwarder.
const millRole = "PEERS_MILL"

// millSettings is what the process is told.
type millSettings struct {
	Port     int
	Dir, CRM string
	Always   bool
}

func (m *mill) command() *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	settings, _ := json.Marshal(millSettings{m.port, m.dir, m.crm, m.always}) // plain values
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), millRole+"="+string(settings))
	return cmd
}

const (
	forwarderTopic = "outcomes"
	subscribers    = 64
	retryAfter     = 100 * time.Millisecond
)

// runMill is the process.
func runMill(raw string) error {
	var s millSettings
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return err
	}
	ns, err := server.NewServer(&server.Options{
		DontListen: true, JetStream: true, StoreDir: filepath.Join(s.Dir, "nats"), SyncAlways: s.Always, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return err
	}
	ns.Start()
	if !ns.ReadyForConnections(10 * time.Second) {
		return fmt.Errorf("NATS does not start in %s", s.Dir)
	}
	inside := []nats.Option{nats.InProcessServer(ns)}
	in, err := forward(s, inside)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /outcomes", func(w http.ResponseWriter, r *http.Request) { take(w, r, in, "http://"+s.CRM+"/api/activities") })
	return http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", s.Port), mux)
}

// forward starts the forwarder and answers the publisher in front of it.
func forward(s millSettings, inside []nats.Option) (*forwarder.Publisher, error) {
	log := watermill.NopLogger{}
	js := wnats.JetStreamConfig{AutoProvision: true, TrackMsgId: true, DurablePrefix: "forwarder", SubscribeOptions: []nats.SubOpt{nats.DeliverAll(), nats.AckExplicit()}}
	pub, err := wnats.NewPublisher(wnats.PublisherConfig{NatsOptions: inside, JetStream: js}, log)
	if err != nil {
		return nil, err
	}
	sub, err := wnats.NewSubscriber(wnats.SubscriberConfig{
		NatsOptions: inside, JetStream: js, QueueGroupPrefix: "forwarder", SubscribersCount: subscribers, NakDelay: wnats.NewStaticDelay(retryAfter),
	}, log)
	if err != nil {
		return nil, err
	}
	out, err := httpout.NewPublisher(httpout.PublisherConfig{
		MarshalMessageFunc: httpout.DefaultMarshalMessageFunc,
		Client:             &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: subscribers}},
	}, log)
	if err != nil {
		return nil, err
	}
	fwd, err := forwarder.NewForwarder(sub, out, log, forwarder.Config{ForwarderTopic: forwarderTopic})
	if err != nil {
		return nil, err
	}
	go func() { _ = fwd.Run(context.Background()) }() // to the end of the process
	<-fwd.Running()
	return forwarder.NewPublisher(pub, forwarder.PublisherConfig{ForwarderTopic: forwarderTopic}), nil
}

// take queues an outcome, less the field that must not leave, and answers when
// JetStream has acknowledged it.
func take(w http.ResponseWriter, r *http.Request, in *forwarder.Publisher, to string) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var outcome map[string]any
	if err := json.Unmarshal(raw, &outcome); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	delete(outcome, "secret")
	if raw, err = json.Marshal(outcome); err == nil {
		err = in.Publish(to, message.NewMessage(watermill.NewUUID(), raw))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}
