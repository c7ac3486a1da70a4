package app

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// httpServer is the doors: TCP for programs and people, the socket for the
// commands on this machine.
type httpServer struct {
	addr net.Addr
	tcp  *http.Server
	unix *http.Server
}

// SocketName is the file in data_dir over which commands reach the hub.
const SocketName = "passerelle.sock"

// stopWithin bounds how long requests under way may take at the end.
const stopWithin = 10 * time.Second

func (a *App) startDoors(context.Context) error {
	if err := a.openAPI(); err != nil {
		return err
	}
	l, err := net.Listen("tcp", a.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	socket := filepath.Join(a.cfg.DataDir, SocketName)
	// The store's lock says that no other hub lives here: a socket that lies
	// around is a dead one's.
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return errors.Join(fmt.Errorf("the old socket is in the way: %w", err), l.Close())
	}
	u, err := net.Listen("unix", socket)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), l.Close())
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return errors.Join(err, l.Close(), u.Close())
	}
	a.http = &httpServer{addr: l.Addr(), tcp: a.server(a.api.Routes()), unix: a.server(a.api.Socket())}
	go a.serve(a.http.tcp, l)
	go a.serve(a.http.unix, u)
	a.onStop(a.closeDoors)
	a.log.Info("listening", "addr", l.Addr().String(), "hub", a.cfg.Hub)
	return nil
}

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       a.cfg.HTTP.ReadTimeout,
		WriteTimeout:      a.cfg.HTTP.WriteTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(&complaints{log: a.log, now: a.opts.Now}, "", 0),
	}
}

// complaints brings what net/http has to say to the hub's log, once a second at
// most: out of file descriptors it says the same hundreds of times.
type complaints struct {
	log  *slog.Logger
	now  func() time.Time
	mu   sync.Mutex
	last time.Time
}

func (c *complaints) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.last).Abs() >= time.Second {
		c.last = now
		c.log.Warn("the HTTP server complains", "err", strings.TrimSpace(string(line)))
	}
	return len(line), nil
}

func (a *App) serve(s *http.Server, l net.Listener) {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		a.log.Error("serving ended", "addr", l.Addr().String(), "err", err)
	}
}

func (a *App) closeDoors() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	for _, s := range []*http.Server{a.http.tcp, a.http.unix} {
		if err := s.Shutdown(ctx); err != nil {
			_ = s.Close()
		}
	}
}
