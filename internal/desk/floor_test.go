package desk

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

const (
	crm     = bridge.ConnectionName("crm.main")
	console = bridge.ConnectionName("phoning.console")
	dialler = bridge.ConnectionName("phoning.dialler")
	spring  = bridge.CampaignID("spring")
)

const plateau = `
version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: assigned, read: [class public, class personal, prospect.status, prospect.comment], write: [prospect.status, prospect.comment], propose: [prospect.lead_status]}
      - {on: activity, scope: all, actions: [create, read]}
      - {on: appointment, scope: own, actions: [propose, read]}
    context: [attempts, last_contact]
  supervisor:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, class commercial], write: [prospect.status, prospect.lead_status]}
      - {on: activity, scope: campaign, actions: [create, read, write, delete]}
      - {on: activity, scope: all, actions: [delete]}
      - {on: appointment, scope: campaign, actions: [propose, read, write]}
      - {on: campaign, scope: campaign, actions: [read, write]}
profiles:
  phoning.console: {agent: caller, supervisor: supervisor}
  phoning.dialler: {agent: caller}
`

// floor is a desk with a campaign, two callers, two supervisors and a clock.
type floor struct {
	t     testing.TB
	desk  *Desk
	store *store.Store
	mu    sync.Mutex
	now   time.Time
	// commits counts the store's.
	commits atomic.Int64
}

func person(id bridge.PersonID, profile bridge.Profile) bridge.Person {
	return bridge.Person{
		ID: id, Team: "floor", Territory: "north", Principal: "acme", Active: true, CRM: map[bridge.ConnectionName]string{crm: "u-" + string(id)},
		Phoning: map[bridge.ConnectionName]bridge.Login{console: {Name: string(id), Profile: profile}, dialler: {Name: string(id), Profile: profile}},
	}
}

var people = map[bridge.PersonID]bridge.Person{
	"alice": person("alice", "agent"), "bob": person("bob", "agent"),
	"sam": person("sam", "supervisor"), "sue": person("sue", "supervisor"),
	"vera": {ID: "vera", Active: true, Zone: "Europe/Paris", CRM: map[bridge.ConnectionName]string{crm: "u-vera"}},
}

func as(id bridge.PersonID) bridge.Actor {
	return bridge.Actor{Person: people[id], Connection: console}
}

func newFloor(t testing.TB) *floor {
	t.Helper()
	return floorAt(t, filepath.Join(t.TempDir(), "store.db"))
}

func floorAt(t testing.TB, path string) *floor {
	t.Helper()
	f := &floor{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	var err error
	if f.store, err = store.Open(path, store.Options{Observe: func(int, time.Duration) { f.commits.Add(1) }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.store.Close() })
	p, err := policy.Load("policy.yaml", []byte(plateau), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	key, err := secret.ParseKey(secret.New(strings.Repeat("0a", 32)))
	if err != nil {
		t.Fatal(err)
	}
	mapped := map[bridge.FieldName]bool{}
	for _, n := range bridge.Standard().Names() {
		mapped[n] = n != "prospect.next_action"
	}
	log := slog.New(slog.DiscardHandler)
	shadow, err := NewShadow(f.store, f.clock, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shadow.Stop)
	f.desk, err = New(context.Background(), Options{
		Shadow: shadow, Store: f.store, Seal: key, Log: log, Now: f.clock,
		Rules: &Rules{
			Policy: p, Catalog: bridge.Standard(),
			Campaigns: map[bridge.CampaignID]bridge.Campaign{spring: {
				ID: spring, CRM: crm, Team: "floor", Rules: "always", Script: "Bonjour",
				Feeds: []bridge.PlatformList{{Connection: dialler, List: "L", Profile: "agent"}},
			}},
			Mapped: map[bridge.ConnectionName]map[bridge.FieldName]bool{crm: mapped},
			Person: func(id bridge.PersonID) (bridge.Person, bool) { p, ok := people[id]; return p, ok },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *floor) clock() time.Time { f.mu.Lock(); defer f.mu.Unlock(); return f.now }

func (f *floor) pass(d time.Duration) { f.mu.Lock(); defer f.mu.Unlock(); f.now = f.now.Add(d) }

func ref(id string) bridge.Ref {
	return bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id}
}

func leadID(id string) bridge.LeadID { return LeadOf(spring, ref(id)) }

// only is a whole read that met these prospects of the campaign.
func only(ids ...string) func(bridge.LeadID) bool {
	return func(l bridge.LeadID) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return leadID(id) == l })
	}
}

// pull takes prospects in as a CRM shows them: id → phone.
func (f *floor) pull(phones map[string]string, more ...map[bridge.FieldName]bridge.Value) {
	f.t.Helper()
	var page connector.Page
	for id, phone := range phones {
		fields := map[bridge.FieldName]bridge.Value{
			"prospect.name": bridge.Value("Société " + id), "prospect.phone": bridge.Value(phone),
			"prospect.status": "", "account.margin": "secret-margin", "prospect.comment": "old",
		}
		for _, m := range more {
			for k, v := range m {
				fields[k] = v
			}
		}
		page.Prospects = append(page.Prospects, bridge.Prospect{Ref: ref(id), Fields: fields, ReadAt: f.clock()})
	}
	if err := f.desk.TakeIn(context.Background(), spring, page, bridge.Standard().Names()); err != nil {
		f.t.Fatal(err)
	}
}

// commitsOf counts the store's commits while fn runs. The store tells of a commit
// after it has answered: who counts asks on the committer's own turn.
func (f *floor) commitsOf(fn func()) int64 {
	f.t.Helper()
	count := func() (n int64) {
		f.t.Helper()
		err := f.store.Commit(context.Background(), func(*store.Tx) error {
			n = f.commits.Load()
			return nil
		})
		if err != nil {
			f.t.Fatal(err)
		}
		return n
	}
	before := count()
	fn()
	return count() - before - 1
}

func (f *floor) next(id bridge.PersonID) (*Handout, error) {
	return f.desk.Next(context.Background(), as(id), spring)
}

func (f *floor) mustNext(id bridge.PersonID) *Handout {
	f.t.Helper()
	h, err := f.next(id)
	if err != nil || h == nil {
		f.t.Fatalf("next for %s: %v, %v", id, h, err)
	}
	return h
}

func (f *floor) record(who bridge.PersonID, e bridge.CallEvent, lead bridge.LeadID) (Receipt, error) {
	if e.OccurredAt.IsZero() {
		e.OccurredAt = f.clock()
	}
	if e.Technical == "" {
		e.Technical = bridge.Answered
	}
	return f.desk.Record(context.Background(), as(who), Call{Event: e, Lead: lead})
}

func (f *floor) mustRecord(who bridge.PersonID, e bridge.CallEvent, lead bridge.LeadID) Receipt {
	f.t.Helper()
	r, err := f.record(who, e, lead)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *floor) lead(id bridge.LeadID) bridge.Lead {
	f.t.Helper()
	var l bridge.Lead
	if err := f.store.View(func(tx *store.Tx) (err error) { l, _, err = leads.Get(tx, string(id)); return err }); err != nil {
		f.t.Fatal(err)
	}
	return l
}

func (f *floor) entries() []outbox.Entry {
	f.t.Helper()
	var out []outbox.Entry
	err := f.store.View(func(tx *store.Tx) (err error) {
		out, _, err = outbox.List(tx, outbox.Filter{Limit: 1000})
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func kinds(entries []outbox.Entry) (out []bridge.WriteKind) {
	for _, e := range entries {
		out = append(out, e.Write.Kind)
	}
	return out
}
