package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"passerelle/internal/store"
)

// Manager is the service manager that started the process and wants to know how
// it does, by systemd's protocol. The zero one is none.
type Manager struct {
	socket   string        // takes a datagram a message; "@" begins an abstract one
	watchdog time.Duration // it ends a process that says nothing for so long; 0: it does not watch
}

// ManagerOf finds the manager in the environment that it gave the process.
func ManagerOf(getenv func(string) string) (Manager, error) {
	m := Manager{socket: getenv("NOTIFY_SOCKET")}
	usec := getenv("WATCHDOG_USEC")
	if pid := getenv("WATCHDOG_PID"); m.socket == "" || usec == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return m, nil // what is watched is another process
	}
	n, err := strconv.ParseUint(usec, 10, 53)
	if err != nil || n == 0 {
		return m, fmt.Errorf("WATCHDOG_USEC is %q: the service manager sets it to a number of microseconds", usec)
	}
	m.watchdog = time.Duration(n) * time.Microsecond
	return m, nil
}

// The messages.
const (
	msgReady     = "READY=1"
	msgReloading = "RELOADING=1"
	msgStopping  = "STOPPING=1"
	msgAlive     = "WATCHDOG=1"
)

// tell sends a message. Nothing hangs on it but the manager's view.
func (m Manager) tell(message string) error {
	if m.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	_, err = conn.Write([]byte(message))
	return errors.Join(err, conn.Close())
}

func (a *App) tell(message string) {
	if err := a.opts.Manager.tell(message); err != nil {
		a.log.Warn("the service manager was not told", "reason", message, "err", err)
	}
}

// startTelling says that the hub is ready and, while it is, alive.
func (a *App) startTelling(context.Context) error {
	a.tell(msgReady)
	if a.opts.Manager.watchdog > 0 {
		a.chores.Go(func() { a.feed(a.during, a.opts.Manager.watchdog/2) })
	}
	a.onStop(func() { a.tell(msgStopping) })
	return nil
}

// feed tells the watchdog, as often as asked, that the hub is alive: that its
// committer answers, be it that the disk is full. A committer that hangs keeps
// feed waiting, and the manager starts the hub anew.
func (a *App) feed(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		patience, cancel := context.WithTimeout(ctx, every)
		err := a.store.Commit(patience, func(*store.Tx) error { return nil })
		cancel()
		if !errors.Is(err, store.ErrBusy) {
			a.tell(msgAlive)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
