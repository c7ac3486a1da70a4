package bench

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"passerelle/connectors/all"
	"passerelle/internal/app"
	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
)

// plateau is a hub with one campaign of made-up prospects, in the test's own
// process.
type plateau struct {
	t   *testing.T
	dir string
	crm *maker
	app *app.App
	ask chan struct{} // of a read that waits to begin
}

const (
	bank     = bridge.CampaignID("bank")
	sam      = bridge.PersonID("sam") // who supervises
	samToken = "sam-token-0123456789"
	callers  = 100
	// ownLeads is how many leads each caller is given; the others are the pool's.
	ownLeads = 500
	pageSize = 1000
)

func caller(i int) bridge.PersonID { return bridge.PersonID(fmt.Sprintf("caller-%03d", i)) }

const plateauConfig = `
hub: bench
data_dir: data
listen: 127.0.0.1:0
http: {rate_per_token: 1000000, burst: 1000000}
connections:
  crm.made:
    type: made
    fields: {%s}
  phoning.console: {type: console}
campaigns:
  bank: {name: Bank, crm: crm.made, team: floor, rules: always}
people:
%s
tokens:
  - {person: sam, connection: phoning.console, token: %s}
policy: policy.yaml
`

const plateauPolicy = `
version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: assigned, read: [class public, class personal], write: [prospect.status]}
      - {on: activity, scope: all, actions: [create]}
  supervisor:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, class commercial, class financial, class structural, class confidential]}
      - {on: campaign, scope: campaign, actions: [read, write]}
profiles:
  phoning.console: {agent: caller, supervisor: supervisor}
`

func newPlateau(t *testing.T) *plateau {
	t.Helper()
	p := &plateau{t: t, dir: *leadDir, crm: newMaker(*leadCount)}
	if p.dir == "" {
		p.dir = t.TempDir()
	}
	var people strings.Builder
	person := func(id bridge.PersonID, profile string) {
		fmt.Fprintf(&people, "  %s: {name: %s, team: floor, phoning: {phoning.console: {login: %s, profile: %s}}}\n", id, id, id, profile)
	}
	person(sam, "supervisor")
	for i := range callers {
		person(caller(i), "agent")
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"passerelle.yaml": fmt.Sprintf(plateauConfig, strings.Join(fortyFields(), ", "), people.String(), samToken),
		"policy.yaml":     plateauPolicy,
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// fortyFields are the standard ones of a prospect and its account, and some of
// the house's own.
func fortyFields() []string {
	var out []string
	for _, name := range bridge.Standard().Names() {
		if o := name.Object(); o == bridge.Account || o == bridge.ProspectObj {
			out = append(out, string(name)+": "+strings.ReplaceAll(string(name), ".", "_"))
		}
	}
	for i := len(out); i < 40; i++ {
		out = append(out, fmt.Sprintf("prospect.x_own_%d: {as: own_%d, class: public}", i, i))
	}
	return out
}

// maker is a CRM of made-up prospects. It begins a read only when it is let.
type maker struct {
	count int
	asks  chan chan struct{} // of each read that would begin; closed when it may

	mu    sync.Mutex
	given *sync.Cond // a page more
	pages int
}

func newMaker(count int) *maker {
	m := &maker{count: count, asks: make(chan chan struct{})}
	m.given = sync.NewCond(&m.mu)
	return m
}

func (m *maker) Check(context.Context) error { return nil }
func (m *maker) Close() error                { return nil }

func (m *maker) Pull(ctx context.Context, req connector.PullRequest) (connector.Page, error) {
	if req.Cursor == "" {
		if err := m.ask(ctx); err != nil {
			return connector.Page{}, err
		}
	}
	at, _ := strconv.Atoi(req.Cursor)
	m.give()
	var page connector.Page
	for now := time.Now(); at < m.count && len(page.Prospects) < req.Limit; at++ {
		page.Prospects = append(page.Prospects, made(at, req.Fields, now))
	}
	if page.More = at < m.count; page.More {
		page.Cursor = strconv.Itoa(at)
	}
	page.Whole = !page.More
	return page, nil
}

func (m *maker) give() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pages++
	m.given.Broadcast()
}

// await waits until it has given so many pages, and answers how many it has.
func (m *maker) await(pages int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.pages < pages {
		m.given.Wait()
	}
	return m.pages
}

func (m *maker) ask(ctx context.Context) error {
	may := make(chan struct{})
	select {
	case m.asks <- may:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-may:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func made(i int, fields []bridge.FieldName, now time.Time) bridge.Prospect {
	p := bridge.Prospect{
		Ref: bridge.Ref{Connection: "crm.made", Object: bridge.ProspectObj, ID: fmt.Sprintf("%08d", i)}, ReadAt: now,
		Fields: make(map[bridge.FieldName]bridge.Value, len(fields)),
	}
	for n, f := range fields {
		switch f {
		case bridge.FieldPhone:
			p.Fields[f] = bridge.Value(fmt.Sprintf("+331%08d", i))
		case bridge.FieldOwner:
			p.Fields[f] = crmUser(i)
		case bridge.FieldMobile, bridge.FieldDoNotCall, "prospect.zone":
			p.Fields[f] = ""
		default:
			p.Fields[f] = bridge.Value(fmt.Sprintf("%s %d-%d", "Société anonyme"[:3+n%8], i%1000, n))
		}
	}
	return p
}

// open starts the hub and answers how long it took to its first answer.
func (p *plateau) open() time.Duration {
	p.t.Helper()
	cfg, err := config.Load(filepath.Join(p.dir, "passerelle.yaml"))
	if err != nil {
		p.t.Fatal(err)
	}
	registry := maps.Clone(all.Registry())
	registry["made"] = connector.Descriptor{
		Name: "made", Kind: connector.CRM,
		Open: func(context.Context, connector.Env) (connector.Conn, error) { return p.crm, nil },
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	began := time.Now()
	p.app, err = app.New(context.Background(), app.Options{Config: cfg, Registry: registry, Log: log, SyncEvery: 10 * time.Millisecond})
	if err == nil {
		err = p.app.Start(context.Background())
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.get("/v1/leads?limit=1")
	return time.Since(began)
}

func (p *plateau) stop() {
	p.app.Stop()
	p.ask = nil
	http.DefaultClient.CloseIdleConnections()
}

// begin lets the sync read the campaign from its beginning.
func (p *plateau) begin() {
	if p.ask == nil {
		p.ask = <-p.crm.asks
	}
	close(p.ask)
}

// end waits until it has: the next read would begin.
func (p *plateau) end() { p.ask = <-p.crm.asks }

// round is the time of one sync.
func (p *plateau) round() time.Duration {
	p.begin()
	began := time.Now()
	p.end()
	return time.Since(began)
}

func (p *plateau) as(id bridge.PersonID) bridge.Actor {
	person, _ := p.app.Desk().Rules().Person(id)
	return bridge.Actor{Person: person, Connection: "phoning.console"}
}

// share gives every caller leads of their own.
func (p *plateau) share() {
	p.t.Helper()
	for i := range callers {
		page := desk.Page{Limit: min(ownLeads, *leadCount/2/callers)}
		found, _, err := p.app.Desk().Leads(p.as(sam), desk.Choice{Campaign: bank, Assignee: desk.Pool}, page)
		if err != nil {
			p.t.Fatal(err)
		}
		ids := make([]bridge.LeadID, len(found))
		for n, v := range found {
			ids[n] = v.Lead.ID
		}
		p.reassign(ids, string(caller(i)))
	}
}
