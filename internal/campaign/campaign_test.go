package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

const (
	crm     = bridge.ConnectionName("crm.main")
	dialler = bridge.ConnectionName("phoning.dialler")
	spring  = bridge.CampaignID("spring")
)

// ends is a CRM of prospects in order of their ids, and a platform's list.
type ends struct {
	mu       sync.Mutex
	people   map[string]string // id: phone
	asked    map[bridge.FieldName]bool
	pulls    int
	failAt   int // the pull that fails, 0 for none
	list     map[string]map[bridge.FieldName]bridge.Value
	pushed   int
	unwanted string        // the id of a prospect whose card the platform refuses
	changed  chan struct{} // told of each push, if somebody waits
}

func (e *ends) Pull(ctx context.Context, req connector.PullRequest) (connector.Page, error) {
	if ctx.Err() != nil {
		return connector.Page{}, ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pulls++
	if e.pulls == e.failAt {
		return connector.Page{}, errors.New("the CRM fell over")
	}
	for _, f := range req.Fields {
		e.asked[f] = true
	}
	ids := slices.Sorted(maps.Keys(e.people))
	from := 0
	if req.Cursor != "" {
		from, _ = strconv.Atoi(req.Cursor)
	}
	page := connector.Page{}
	for _, id := range ids[min(from, len(ids)):min(from+req.Limit, len(ids))] {
		page.Prospects = append(page.Prospects, bridge.Prospect{
			Ref: bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id}, ReadAt: time.Now(),
			Fields: map[bridge.FieldName]bridge.Value{"prospect.phone": bridge.Value(e.people[id]), "prospect.name": bridge.Value("Société " + id)},
		})
	}
	if page.More = from+len(page.Prospects) < len(ids); page.More {
		page.Cursor = strconv.Itoa(from + len(page.Prospects))
	}
	page.Whole = !page.More
	return page, nil
}

func (e *ends) Push(_ context.Context, items []connector.PushItem) []error {
	e.mu.Lock()
	defer func() {
		e.mu.Unlock()
		select {
		case e.changed <- struct{}{}:
		default:
		}
	}()
	out := make([]error, len(items))
	for i, item := range items {
		id := item.Card.Prospect.ID
		switch {
		case id == e.unwanted:
			out[i] = errors.New("no such list")
		case item.Withdraw:
			delete(e.list, id)
			e.pushed++
		default:
			e.list[id] = item.Card.Fields
			e.pushed++
		}
	}
	return out
}

func (e *ends) add(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for range n {
		i := len(e.people)
		e.people[fmt.Sprintf("%03d", i)] = fmt.Sprintf("01 99 00 00 %02d", i)
	}
}

const rights = `
version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: assigned, read: [class public, class personal]}
      - {on: activity, scope: own, actions: [create]}
  other:
    grants:
      - {on: account, scope: all, read: [account.margin]}
profiles:
  phoning.dialler: {agent: caller}
  phoning.elsewhere: {agent: other}
`

type world struct {
	*ends
	t     *testing.T
	path  string // of the store
	store *store.Store
	sync  *Sync
	desk  *desk.Desk
	rules *desk.Rules

	commits  atomic.Int64
	onCommit atomic.Pointer[func(n int64)] // on the committer's goroutine
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldAt(t, filepath.Join(t.TempDir(), "store.db"))
}

func newWorldAt(t *testing.T, path string) *world {
	t.Helper()
	p, err := policy.Load("policy.yaml", []byte(rights), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	feed := bridge.PlatformList{Connection: dialler, List: "L", Profile: "agent"}
	w := &world{t: t, ends: &ends{people: map[string]string{}, asked: map[bridge.FieldName]bool{}, list: map[string]map[bridge.FieldName]bridge.Value{}, changed: make(chan struct{}, 1)}}
	w.rules = &desk.Rules{
		Policy: p, Catalog: bridge.Standard(),
		Campaigns: map[bridge.CampaignID]bridge.Campaign{
			spring: {ID: spring, CRM: crm, Rules: "always", Feeds: []bridge.PlatformList{feed}},
			"autumn": {ID: "autumn", CRM: crm, Rules: "always", Ends: time.Now().Add(-time.Hour),
				Feeds: []bridge.PlatformList{{Connection: "phoning.elsewhere", List: "L", Profile: "agent"}}},
		},
		Mapped: map[bridge.ConnectionName]map[bridge.FieldName]bool{crm: {"prospect.phone": true, "prospect.name": true, "account.margin": true}},
		Person: func(bridge.PersonID) (bridge.Person, bool) { return bridge.Person{}, false },
	}
	w.open(path)
	t.Cleanup(func() { w.store.Close() })
	return w
}

// open starts on the store at path.
func (w *world) open(path string) {
	w.t.Helper()
	var err error
	w.path = path
	w.store, err = store.Open(path, store.Options{Observe: func(int, time.Duration) {
		n := w.commits.Add(1)
		if f := w.onCommit.Load(); f != nil {
			(*f)(n)
		}
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := secret.ParseKey(secret.New(strings.Repeat("0a", 32)))
	if err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w.desk, err = desk.New(context.Background(), desk.Options{Store: w.store, Seal: key, Now: time.Now, Log: log, Rules: w.rules, CallBack: func(c bridge.CampaignID, l bridge.LeadID) { w.sync.CallBack(c, l) }})
	if err != nil {
		w.t.Fatal(err)
	}
	w.sync = New(Options{
		Store: w.store, Desk: w.desk, PageSize: 7, Now: time.Now, Log: log,
		Pullers: map[bridge.ConnectionName]connector.Puller{crm: w.ends},
		Pushers: map[bridge.ConnectionName]connector.Pusher{dialler: w.ends, "phoning.elsewhere": w.ends},
	})
}

func (w *world) round() {
	w.t.Helper()
	if err := w.sync.Round(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func TestAListFollowsItsSelection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(20)
	w.round()
	if len(w.list) != 20 || w.list["003"]["prospect.phone"] != "01 99 00 00 03" {
		t.Fatalf("the list: %v", w.list)
	}
	before := w.pushed
	w.round()
	if w.pushed != before {
		t.Errorf("%d cards pushed again although nothing changed", w.pushed-before)
	}
	w.mu.Lock()
	w.people["003"] = "01 99 00 00 99"
	delete(w.people, "004")
	w.mu.Unlock()
	w.add(1)
	w.round()
	if _, there := w.list["004"]; there || w.list["003"]["prospect.phone"] != "01 99 00 00 99" || w.pushed != before+2 {
		t.Errorf("after a change and a departure: %d pushes, %v", w.pushed-before, w.list)
	}
	w.mu.Lock()
	w.people["004"] = "01 99 00 00 04"
	w.mu.Unlock()
	w.round()
	if _, there := w.list["004"]; !there {
		t.Error("who came back is not on the list")
	}
}

// What nobody on the campaign's way may read is not asked of the CRM.
func TestOnlyReadableFieldsAreAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(3)
	w.round()
	if got := slices.Sorted(maps.Keys(w.asked)); !slices.Equal(got, []bridge.FieldName{"prospect.name", "prospect.phone"}) {
		t.Errorf("asked for %v", got)
	}
}

func TestAPullGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(20)
	w.failAt = 3
	if err := w.sync.Round(context.Background()); err == nil || !strings.Contains(err.Error(), "spring") {
		t.Fatalf("a failing pull: %v", err)
	}
	w.round()
	// Three pages of seven, of which the third was asked for twice.
	if w.pulls != 4 || len(w.list) != 20 {
		t.Errorf("%d pulls, %d on the list", w.pulls, len(w.list))
	}
}

func TestARefusedCardIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(3)
	w.unwanted = "001"
	if err := w.sync.Round(context.Background()); err == nil || !strings.Contains(err.Error(), "1 of 3") {
		t.Fatalf("a refused card: %v", err)
	}
	if len(w.list) != 2 {
		t.Errorf("the others: %v", w.list)
	}
	w.unwanted = ""
	w.round()
	if len(w.list) != 3 {
		t.Errorf("once the platform takes it: %v", w.list)
	}
}

func TestAnEndedCampaignIsWithdrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(3)
	w.round()
	over := *w.rules
	over.Campaigns = map[bridge.CampaignID]bridge.Campaign{}
	for id, c := range w.rules.Campaigns {
		c.Ends = time.Now().Add(-time.Minute)
		over.Campaigns[id] = c
	}
	w.desk.Swap(w.desk.Rules(), &over)
	w.round()
	if len(w.list) != 0 {
		t.Errorf("still on the list: %v", w.list)
	}
}
