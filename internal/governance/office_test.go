package governance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
	"passerelle/internal/store"
	"passerelle/internal/strict"
)

const console = bridge.ConnectionName("phoning.console")

// text is a policy that its directors may change; the title makes another one.
func text(title string) []byte {
	return fmt.Appendf(nil, `version: 1
roles:
  director: {title: %q, grants: [{on: policy, scope: all, actions: [read, propose, write]}]}
  author: {grants: [{on: policy, scope: all, actions: [propose]}]}
  caller: {grants: [{on: prospect, scope: all, read: [class public]}]}
profiles: {phoning.console: {director: director, author: author, caller: caller}}
`, title)
}

func person(id bridge.PersonID, profile bridge.Profile) bridge.Person {
	return bridge.Person{ID: id, Active: true, Phoning: map[bridge.ConnectionName]bridge.Login{console: {Name: string(id), Profile: profile}}}
}

var staff = []bridge.Person{person("dora", "director"), person("denis", "director"), person("anne", "author"), person("alice", "caller")}

func as(id bridge.PersonID) bridge.Actor {
	for _, p := range staff {
		if p.ID == id {
			return bridge.Actor{Person: p, Connection: console}
		}
	}
	return bridge.Actor{Operator: true}
}

type world struct {
	store     *store.Store
	desk      *desk.Desk
	office    *Office
	activated atomic.Int32
}

func newWorld(t *testing.T, first []byte) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p, err := policy.Load("policy.yaml", first, bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Seed(t.Context(), s, p.Text(), p.Hash(), time.Now()); err != nil {
		t.Fatal(err)
	}
	key, err := secret.LoadOrCreateKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	d, err := desk.New(t.Context(), desk.Options{
		Store: s, Rules: &desk.Rules{Policy: p.With(policy.StaffOf(staff)), Catalog: bridge.Standard()}, Seal: key, Zone: "Europe/Paris", Now: time.Now, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{store: s, desk: d}
	w.office = New(Options{
		Store: s, Desk: d, Now: time.Now, Log: log, People: func() []bridge.Person { return staff },
		Activated: func() { w.activated.Add(1) },
	})
	return w
}

func (w *world) propose(t *testing.T, who bridge.PersonID, title string) Draft {
	t.Helper()
	d, err := w.office.Propose(t.Context(), as(who), text(title), "because")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTwoPeopleStandBehindAPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, text("first"))
	before := w.desk.Rules().Policy.Hash()
	d := w.propose(t, "dora", "second")
	for who, says := range map[bridge.PersonID]string{"dora": "somebody else", "anne": "may not", "alice": "may not", "": "may not"} {
		if _, err := w.office.Activate(t.Context(), as(who), d.Policy); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q activates: %v", who, err)
		}
	}
	if w.desk.Rules().Policy.Hash() != before || w.activated.Load() != 0 {
		t.Fatal("a refused activation has changed something")
	}
	line, err := w.office.Activate(t.Context(), as("denis"), d.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if line.N != 2 || line.Author != "dora" || line.Approver != "denis" || line.Motive != "because" || line.Policy != d.Policy {
		t.Errorf("the register says %+v", line)
	}
	if got := w.desk.Rules().Policy; got.Hash() != d.Policy || got.Title("director") != "second" || w.activated.Load() != 1 {
		t.Errorf("%s decides, told %d times", got.Hash(), w.activated.Load())
	} else if len(got.Staff()) != len(staff) {
		t.Errorf("the new policy knows the roles of %d people, not of %d", len(got.Staff()), len(staff))
	}
	err = w.store.View(func(tx *store.Tx) error {
		active, kept, err := Active(tx)
		left, err2 := Drafts(tx)
		if active != line || string(kept) != string(text("second")) || len(left) != 0 {
			t.Errorf("the store: %+v, %d drafts", active, len(left))
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestProposalsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, text("first"))
	w.propose(t, "anne", "taken")
	for _, c := range []struct {
		name, who, motive string
		text              []byte
		wrong             any
	}{
		{"by a caller", "alice", "because", text("x"), new(*desk.Denied)},
		{"by the operator", "", "because", text("x"), new(*desk.Denied)},
		{"without a motive", "dora", " ", text("x"), new(*desk.Invalid)},
		{"broken", "dora", "because", []byte("version: 1"), new(strict.Findings)},
		{"untrue", "dora", "because", append(text("x"), "tests: [{as: caller, can: [delete account]}]\n"...), new(strict.Findings)},
		{"active", "dora", "because", text("first"), new(*desk.Clash)},
		{"another's", "dora", "because", text("taken"), new(*desk.Clash)},
	} {
		if _, err := w.office.Propose(t.Context(), as(bridge.PersonID(c.who)), c.text, c.motive); err == nil || !errors.As(err, c.wrong) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if d := w.propose(t, "anne", "taken"); d.Author != "anne" {
		t.Errorf("one's own, again: %+v", d)
	}
}

// Of drafts made against the same policy one becomes active, whoever runs.
func TestOneOfManyActivationsWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, text("first"))
	var hashes []string
	for i := range 8 {
		hashes = append(hashes, w.propose(t, "dora", fmt.Sprint("version ", i)).Policy)
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for _, hash := range hashes {
		wg.Go(func() {
			_, err := w.office.Activate(context.Background(), as("denis"), hash)
			if err == nil {
				won.Add(1)
			} else if !strings.Contains(err.Error(), "another policy has become active") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var register []Line
	err := w.store.View(func(tx *store.Tx) (err error) { register, err = Register(tx); return err })
	if err != nil || len(register) != 2 || won.Load() != 1 {
		t.Fatalf("%d won, the register has %d lines: %v", won.Load(), len(register), err)
	}
	if last := register[len(register)-1].Policy; w.desk.Rules().Policy.Hash() != last {
		t.Errorf("the register ends with %s, and %s decides", last, w.desk.Rules().Policy.Hash())
	}
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	locked := []byte("version: 1\nroles: {caller: {grants: [{on: prospect, scope: all, read: [class public]}]}}\nprofiles: {phoning.console: {caller: caller}}\n")
	w := newWorld(t, locked)
	for name, try := range map[string]struct {
		actor  bridge.Actor
		text   []byte
		motive string
	}{
		"a person":          {as("dora"), text("open"), "because"},
		"no motive":         {as(""), text("open"), ""},
		"locked again":      {as(""), append([]byte("# another\n"), locked...), "because"},
		"not even a policy": {as(""), []byte("roles"), "because"},
	} {
		if _, err := w.office.Adopt(t.Context(), try.actor, try.text, try.motive); err == nil {
			t.Errorf("%s adopts", name)
		}
	}
	line, err := w.office.Adopt(t.Context(), as(""), text("open"), "nobody could change it")
	if err != nil || line.N != 2 || line.Author != Bootstrap || line.Approver != "" {
		t.Fatalf("%+v, %v", line, err)
	}
	if _, err := w.office.Adopt(t.Context(), as(""), text("again"), "because"); !errors.As(err, new(*desk.Clash)) {
		t.Errorf("adopted over a policy that people may change: %v", err)
	}
	// A policy that one person alone could change needs two all the same.
	only := strings.Replace(string(text("one")), "director: director, ", "", 1)
	d, err := w.office.Propose(t.Context(), as("dora"), []byte(only), "because")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.office.Activate(t.Context(), as("denis"), d.Policy); err != nil {
		t.Fatal(err)
	}
	if _, err := w.office.Adopt(t.Context(), as(""), text("back"), "nobody may activate"); err != nil {
		t.Errorf("no way out: %v", err)
	}
}

// Networks that nobody comes from lock everybody out: the operator is the way
// back, by day and night.
func TestAdoptWhereWindowsShutOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, append(text("first"), "window: {networks: [10.0.0.0/8]}\n"...))
	if _, err := w.office.Adopt(t.Context(), as(""), text("open"), "wrong networks"); err != nil {
		t.Errorf("no way out: %v", err)
	}
	w = newWorld(t, append(text("first"), "window: {zone: Europe/Paris, hours: {mon: [\"03:00-03:01\"]}, networks: [127.0.0.1/32]}\n"...))
	if _, err := w.office.Adopt(t.Context(), as(""), text("open"), "it is night"); !errors.As(err, new(*desk.Clash)) {
		t.Errorf("adopted over a policy that people may change when their hours come: %v", err)
	}
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	w := newWorld(t, text("first"))
	mine, other := w.propose(t, "anne", "mine"), w.propose(t, "dora", "other")
	if err := w.office.Withdraw(t.Context(), as("anne"), other.Policy); !errors.As(err, new(*desk.Denied)) {
		t.Errorf("another's draft: %v", err)
	}
	if err := w.office.Withdraw(t.Context(), as("anne"), mine.Policy); err != nil {
		t.Error(err)
	}
	if err := w.office.Withdraw(t.Context(), as("denis"), other.Policy); err != nil {
		t.Error(err)
	}
	if err := w.office.Withdraw(t.Context(), as("anne"), mine.Policy); !errors.As(err, new(*desk.NotFound)) {
		t.Errorf("twice: %v", err)
	}
}
