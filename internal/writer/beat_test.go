package writer

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/bus/embedded"
	"passerelle/internal/outbox"
)

// dealer is a hub that deals out one share, or does not answer.
type dealer struct {
	mu    sync.Mutex
	share bus.Share
	mute  bool
	last  bus.Beat
	beats chan bus.Beat // all of them, heard or not
}

func (d *dealer) Beat(_ context.Context, b bus.Beat) (bus.Shares, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.beats <- b
	if d.mute {
		return nil, errors.New("nobody answers")
	}
	d.last = b
	return bus.Shares{crm: d.share}, nil
}

func (d *dealer) Claim(context.Context, outbox.Ask) (outbox.Grant, error) {
	return outbox.Grant{}, nil
}
func (d *dealer) Report(context.Context, outbox.Report) error { return nil }

func (d *dealer) deal(share bus.Share, mute bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.share, d.mute = share, mute
}

func (d *dealer) heard() bus.Beat {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// A writer serves what it is given, nothing once the hub is silent, and says
// goodbye.
func TestAWriterServesItsShare(t *testing.T) {
	t.Parallel()
	server, err := embedded.Start(filepath.Join(t.TempDir(), "nats"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	log := slog.New(slog.DiscardHandler)
	conn, err := bus.Connect(bus.Options{Embedded: server, Name: "test", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	road := conn.Road("paris")
	if err := road.Renew(t.Context(), []bridge.ConnectionName{crm}); err != nil {
		t.Fatal(err)
	}
	hub := &dealer{share: 0b101, beats: make(chan bus.Beat, 1000)}
	w := New(Options{Name: "far", Hub: hub, Road: road, Lines: []Line{{Name: crm, Conn: dumb{}}}, Log: log})
	w.Start()
	t.Cleanup(w.Stop)
	serves := func(want bus.Share) {
		t.Helper()
		end := time.After(20 * time.Second)
		for {
			select {
			case b := <-hub.beats:
				if b.Serving[crm] == want {
					return
				}
			case <-end:
				t.Fatalf("serves %x, want %x", w.serving()[crm], want)
			}
		}
	}
	serves(0b101)
	hub.deal(bus.All, false)
	serves(bus.All)
	hub.deal(0, true)
	silent := time.Now()
	serves(0)
	if after := time.Since(silent); after < bus.SilentFor-2*bus.BeatEvery {
		t.Errorf("gave up after %s", after)
	}
	hub.deal(0b11, false)
	serves(0b11)
	name := hub.heard().Writer
	w.Stop()
	if last := hub.heard(); len(last.Serving) != 0 || last.Writer != name {
		t.Errorf("its last words are %+v", last)
	}
}
