// Package embedded runs a NATS server inside the hub, for those who have none.
// It is the only user of nats-server. Called by app.
package embedded

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Server is a running NATS server that listens on no socket.
type Server struct{ ns *server.Server }

// readyWithin is how long a server that has started may take to say so. One
// that could not open its store never does.
const readyWithin = time.Second

// Start runs a server that keeps its stream under dir. A stream that it cannot
// read is set aside as dir.damaged, over one from before: nothing hangs on it.
func Start(dir string) (*Server, error) {
	s, err := start(dir)
	if err == nil {
		return s, nil
	}
	aside := dir + ".damaged"
	if gone := errors.Join(os.RemoveAll(aside), os.Rename(dir, aside)); gone != nil {
		return nil, errors.Join(err, gone)
	}
	return start(dir)
}

// maxStore is far more than a stream of ids can grow to: the relay's window
// bounds it.
const maxStore = 1 << 30

func start(dir string) (*Server, error) {
	ns, err := server.NewServer(&server.Options{
		ServerName: "passerelle",
		DontListen: true,
		JetStream:  true,
		StoreDir:   dir,
		// Left out, it is what the disk has room for at the start: nothing, if it
		// happens to be full then.
		JetStreamMaxStore: maxStore,
		NoSigs:            true,
		NoLog:             true,
	})
	if err != nil {
		return nil, fmt.Errorf("start the embedded NATS server: %w", err)
	}
	ns.Start()
	if !ns.ReadyForConnections(readyWithin) || !ns.JetStreamEnabled() {
		ns.Shutdown()
		ns.WaitForShutdown()
		return nil, fmt.Errorf("start the embedded NATS server: no stream can be kept in %s (is the disk full or read-only?)", dir)
	}
	return &Server{ns}, nil
}

// InProcessConn gives a connection to the server.
func (s *Server) InProcessConn() (net.Conn, error) { return s.ns.InProcessConn() }

// Stop ends the server.
func (s *Server) Stop() {
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
}
