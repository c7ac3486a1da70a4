package app_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

const configText = `
hub: t
data_dir: data
listen: %s
http: {rate_per_token: 50}
connections:
  crm.sheet:
    type: sheet
    fields: {prospect.name: name, prospect.phone: phone}
    settings: {prospects: prospects.csv}
  phoning.dial:
    type: webhook
    codes: {NA: no_answer}
    settings: {secrets: ["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]}
  phoning.console: {type: console}
campaigns:
  spring: {name: Spring, crm: crm.sheet, team: floor, rules: always}
people:
  alice: {name: Alice, team: floor, phoning: {phoning.console: {login: alice, profile: agent}}}
policy: policy.yaml
`

const policyText = `
version: 1
roles:
  caller: {grants: [{on: prospect, scope: campaign, read: [prospect.name]}]}
profiles:
  phoning.console: {agent: caller}
`

// folder holds an installation.
type folder struct {
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	f.write("passerelle.yaml", fmt.Sprintf(configText, "127.0.0.1:0"))
	f.write("policy.yaml", policyText)
	f.write("prospects.csv", "id,name,phone\n1,Société,01 99 00 00 01\n")
	return f
}

func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f folder) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f folder) config() *config.Config {
	f.t.Helper()
	cfg, err := config.Load(f.path("passerelle.yaml"))
	if err != nil {
		f.t.Fatal(err)
	}
	return cfg
}

func (f folder) start() (*app.App, error) {
	f.t.Helper()
	a, err := app.New(context.Background(), app.Options{Config: f.config(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	f.t.Cleanup(a.Stop)
	return a, a.Start(context.Background())
}

func (f folder) mustStart() *app.App {
	f.t.Helper()
	a, err := f.start()
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func TestOneHubToADataDir(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	first := f.mustStart()
	if info, err := os.Stat(f.path("data/" + app.SocketName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	if _, err := f.start(); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second hub: %v", err)
	}
	if _, err := net.Dial("unix", f.path("data/"+app.SocketName)); err != nil {
		t.Errorf("the second took the first one's socket away: %v", err)
	}
	first.Stop()
	first.Stop()
	f.mustStart()
}

// A start that fails lets go of everything it had.
func TestAFailedStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f := newFolder(t)
	f.write("passerelle.yaml", fmt.Sprintf(configText, taken.Addr()))
	if _, err := f.start(); err == nil {
		t.Fatal("two listen on one port")
	}
	f.write("passerelle.yaml", fmt.Sprintf(configText, "127.0.0.1:0"))
	f.mustStart()
}

// The config's policy seeds an empty store; what stands there later decides
// nothing, right or wrong.
func TestTheConfigsPolicyOnlySeeds(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	first := f.mustStart()
	hash := first.Desk().Rules().Policy.Hash()
	first.Stop()
	f.write("policy.yaml", "version: 1\nroles: {caller: {grants: [{on: prospect, scope: all, read: [prospect.nonsense]}]}}\n")
	if again := f.mustStart(); again.Desk().Rules().Policy.Hash() != hash {
		t.Error("another policy is active")
	}
}

// A hub does not decide by a text that nobody activated, nor by the config's
// where the store has lost which one was.
func TestADamagedPolicyIsNotDecidedBy(t *testing.T) {
	t.Parallel()
	for says, damage := range map[string]func(tx *store.Tx, hash string) error{
		"has been changed in the store": func(tx *store.Tx, hash string) error {
			return store.NewRaw("governance.policies").Put(tx, hash, []byte("version: 1\nroles: {caller: {grants: [{on: prospect, scope: all, read: [class public]}]}}\nprofiles: {phoning.console: {caller: caller}}\n"))
		},
		"its register is gone": func(tx *store.Tx, _ string) error { return store.NewRaw("governance.register").Drop(tx) },
		"lines are missing from one of them": func(tx *store.Tx, hash string) error {
			return ledger.Append(tx, ledger.Line{Kind: ledger.Policy, Who: "dora", Policy: strings.Repeat("a", len(hash))})
		},
	} {
		f := newFolder(t)
		first := f.mustStart()
		hash := first.Desk().Rules().Policy.Hash()
		first.Stop()
		s, err := store.Open(f.path("data/store.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), func(tx *store.Tx) error { return damage(tx, hash) }); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.start(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestAMissingKeyIsNotReplaced(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.mustStart().Stop()
	if err := os.Remove(f.path("data/key")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.start(); err == nil || !strings.Contains(err.Error(), "put the key back") {
		t.Errorf("%v", err)
	}
}

// What a reload cannot change it names, and changes nothing.
func TestReloadRefusesWhatNeedsARestart(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	a := f.mustStart()
	base := fmt.Sprintf(configText, "127.0.0.1:0")
	for what, edit := range map[string][2]string{
		"listen":      {"127.0.0.1:0", "127.0.0.1:1"},
		"connections": {"{NA: no_answer}", "{NA: busy}"},
		"crm.sheet":   {"prospect.phone: phone", "prospect.mobile: phone"},
		"http":        {"rate_per_token: 50", "rate_per_token: 1"},
	} {
		f.write("passerelle.yaml", strings.Replace(base, edit[0], edit[1], 1))
		if err := a.Reload(f.config()); err == nil || !strings.Contains(err.Error(), "restart") {
			t.Errorf("%s: %v", what, err)
		}
	}
	f.write("passerelle.yaml", strings.Replace(base, "name: Spring", "name: Autumn", 1))
	if err := a.Reload(f.config()); err != nil || a.Desk().Rules().Campaigns["spring"].Name != "Autumn" {
		t.Errorf("a campaign's name: %v", err)
	}
}
