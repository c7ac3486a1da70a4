package retention

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/app"
	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/desk"
	"passerelle/internal/outbox"
)

const configText = `
hub: retention
data_dir: data
listen: 127.0.0.1:0
connections:
  crm.sheet:
    type: sheet
    fields: {prospect.name: name, prospect.phone: phone, prospect.status: status, prospect.comment: comment}
    settings: {prospects: prospects.csv}
  phoning.console: {type: console}
campaigns:
  spring: {name: Spring, crm: crm.sheet, team: floor, rules: always, ends: 2031-12-31}
people:
  alice: {name: Alice, team: floor, crm: {crm.sheet: alice}, phoning: {phoning.console: {login: alice, profile: agent}}}
policy:
  version: 1
  roles:
    caller:
      grants:
        - {on: prospect, scope: campaign, read: [class public, class personal, prospect.status, prospect.comment], write: [prospect.status, prospect.comment]}
        - {on: activity, scope: all, actions: [create, read]}
  profiles:
    phoning.console: {agent: caller}
`

// hub is a running bridge whose clock the test turns.
type hub struct {
	t     testing.TB
	dir   string
	app   *app.App
	alice bridge.Actor
	ahead atomic.Int64 // days
}

func newHub(t testing.TB, prospects int) *hub {
	t.Helper()
	h := &hub{t: t, dir: t.TempDir()}
	var sheet strings.Builder
	sheet.WriteString("id,name,phone,status,comment\n")
	for i := range prospects {
		fmt.Fprintf(&sheet, "P%06d,Société %d,01 99 %02d %02d %02d,,\n", i, i, i/10000, i/100%100, i%100)
	}
	for name, text := range map[string]string{"passerelle.yaml": configText, "prospects.csv": sheet.String()} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.start()
	t.Cleanup(func() { h.app.Stop() })
	h.eventually("the prospects are known", func() bool {
		return h.record(0, prospects-1) == nil
	})
	return h
}

func (h *hub) start() {
	h.t.Helper()
	cfg, err := config.Load(filepath.Join(h.dir, "passerelle.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.alice = bridge.Actor{Person: cfg.People[0], Connection: "phoning.console"}
	h.app, err = app.New(context.Background(), app.Options{
		Config: cfg, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Now().AddDate(0, 0, int(h.ahead.Load())) },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.app.Start(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// record reports the n-th call, to a prospect.
func (h *hub) record(n, prospect int) error {
	_, err := h.app.Desk().Record(context.Background(), h.alice, desk.Call{Lead: desk.LeadOf("spring", bridge.Ref{
		Connection: "crm.sheet", Object: bridge.ProspectObj, ID: fmt.Sprintf("P%06d", prospect),
	}), Event: bridge.CallEvent{
		EventID: fmt.Sprintf("5f0c3a52-91d4-4f0e-8a37-%012d", n), OccurredAt: time.Now(), Technical: bridge.Answered,
		Disposition: "in_discussion", TalkS: 95, Note: "Intéressé, rappeler après la réunion du comité de direction",
		Fields: map[bridge.FieldName]any{"prospect.comment": fmt.Sprintf("appel %d", n)},
	}})
	return err
}

// drained waits until the CRM has everything.
func (h *hub) drained() {
	h.t.Helper()
	h.eventually("the CRM has everything", func() bool {
		for _, s := range outbox.States() {
			if s.Final() {
				continue
			}
			if open, _, err := h.app.Desk().Writes(bridge.Actor{Operator: true}, outbox.Filter{State: s, Limit: 1}); err != nil || len(open) > 0 {
				return false
			}
		}
		return true
	})
}

func (h *hub) eventually(what string, ok func() bool) {
	h.t.Helper()
	for until := time.Now().Add(60 * time.Second); !ok(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(until) {
			h.t.Fatalf("not within a minute: %s", what)
		}
	}
}

// later turns the clock and prunes.
func (h *hub) later(days int64) {
	h.t.Helper()
	h.ahead.Add(days)
	began := time.Now()
	defer func() { h.t.Logf("%d days later: pruned in %v", days, time.Since(began).Round(time.Millisecond)) }()
	if err := h.app.Prune(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// sizes measures the tables of the store. The hub rests meanwhile: it holds the
// file's lock, and a copy of a file that is being written to is torn.
func (h *hub) sizes() map[string]size {
	h.t.Helper()
	h.app.Stop()
	defer h.start()
	return sizes(h.t, filepath.Join(h.dir, "data/store.db"))
}
