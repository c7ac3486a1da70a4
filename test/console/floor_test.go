package console

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"passerelle/connectors/all"
	"passerelle/internal/app"
	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/identity"
	"passerelle/internal/obs"
	"passerelle/internal/policy/presets"
	"passerelle/internal/secret"
	"passerelle/test/shared"
)

var eventually = shared.Eventually

// floor is a running bridge with a sheet CRM in dir/crm and a clock of its own.
type floor struct {
	t    testing.TB
	dir  string
	base string // "http://127.0.0.1:34567"
	app  *app.App
	log  *shared.Buffer
	more string // of the config

	mu    sync.Mutex
	ahead time.Duration // of the machine's clock
}

const configText = `
hub: console
data_dir: data
listen: 127.0.0.1:0
connections:
  crm.sheet:
    type: sheet
    fields:
      account.name: company
      account.sector: sector
      account.margin: margin
      account.confidential_note: confidential
      prospect.first_name: first_name
      prospect.last_name: last_name
      prospect.job_title: job
      prospect.phone: phone
      prospect.city: city
      prospect.score: score
      prospect.status: prospect_status
      prospect.lead_status: lead_status
      prospect.next_action: next_action
      prospect.comment: comment
    settings: {prospects: crm/prospects.csv}
  phoning.console: {type: console}
campaigns:
  spring: {name: Printemps, crm: crm.sheet, team: floor, principal: acme, rules: always, script: "Bonjour, je vous appelle au sujet de votre contrat."}
people:
  alice: {name: Alice Martin, team: floor, phoning: {phoning.console: {login: alice, profile: caller}}}
  bruno: {name: Bruno Leroy, team: floor, phoning: {phoning.console: {login: bruno, profile: caller}}}
  sam: {name: Samir Haddad, team: floor, phoning: {phoning.console: {login: sam, profile: supervisor}}}
  vera: {name: Vera Fontaine, team: field, zone: Europe/Paris, crm: {crm.sheet: vera}, phoning: {phoning.console: {login: vera, profile: sales}}}
  denis: {name: Denis Aubry, team: direction, phoning: {phoning.console: {login: denis, profile: direction}}}
  nadia: {name: Nadia Benali, team: direction, phoning: {phoning.console: {login: nadia, profile: dpo}}}
  maud: {name: Maud Perrin, team: marketing, phoning: {phoning.console: {login: maud, profile: marketing}}}
policy: policy.yaml
tokens:
`

// token is somebody's for the API.
func token(who bridge.PersonID) string { return "token-of-" + string(who) + "-0123456789" }

// tokens are everybody's, as the config has them.
func tokens() string {
	var b strings.Builder
	for _, who := range players {
		fmt.Fprintf(&b, "  - {person: %s, connection: phoning.console, token: %s}\n", who, token(who))
	}
	return b.String()
}

const sheetHead = "id,company,sector,margin,confidential,first_name,last_name,job,phone,city,score,lead_status,next_action,comment\n"

// players are those who have an account.
var players = []bridge.PersonID{"alice", "bruno", "sam", "vera", "denis", "nadia", "maud"}

// What nobody on the floor may see: it must be in no byte that a browser is sent.
const (
	marginCanary = "918273645"
	noteCanary   = "CANARY-CONFIDENTIAL"
	scoreCanary  = "77665544" // a caller may not read it, a supervisor may
)

// markup is what a prospect is called who was entered by somebody unkind.
const markup = `<script>window.pwned=1</script><img src=x onerror="window.pwned=1">`

func password(who bridge.PersonID) string {
	return "rivage cartable " + string(who[len(who)-2:]) + " mandoline"
}

// open starts a bridge with so many prospects.
func open(t testing.TB, prospects int) *floor {
	t.Helper()
	f := &floor{t: t, dir: t.TempDir(), log: &shared.Buffer{}}
	var b strings.Builder
	b.WriteString(sheetHead)
	for i := range prospects {
		fmt.Fprintf(&b, "%d,Société %d,Bâtiment,%s,%s,Jeanne,Durand %d,Gérante,01 99 00 %02d %02d,Lyon,%s,Nouveau,,\n",
			i+1, i+1, marginCanary, noteCanary, i+1, i/100, i%100, scoreCanary)
	}
	f.start(b.String())
	return f
}

func (f *floor) start(sheet string) {
	f.t.Helper()
	f.furnish(sheet)
	for name, text := range staffed(f.t) {
		f.write(filepath.Join("data", name), text)
	}
	f.build()
	ctx := context.Background()
	if err := f.app.Start(ctx); err != nil {
		f.t.Fatal(err)
	}
	f.base = "http://" + f.app.Addr().String()
	f.t.Cleanup(func() {
		f.app.Stop()
		if f.t.Failed() {
			f.t.Logf("the hub's log:\n%s", f.log)
		}
	})
	want := strings.Count(sheet, "\n") - 1
	eventually(f.t, "the prospects are known", func() bool {
		found, next, err := f.app.Desk().Leads(f.as("sam"), deskChoice, deskPage)
		return err == nil && (len(found) == want || next != "")
	})
}

// furnish writes what a bridge begins with.
func (f *floor) furnish(sheet string) {
	f.t.Helper()
	rules, ok := presets.Text("plateau-6")
	if !ok {
		f.t.Fatal("there is no preset plateau-6")
	}
	f.write("passerelle.yaml", configText+tokens()+f.more)
	f.write("policy.yaml", string(rules))
	f.write("crm/prospects.csv", sheet)
}

// build makes the bridge of what the floor's folder holds.
func (f *floor) build() {
	f.t.Helper()
	cfg, err := config.Load(filepath.Join(f.dir, "passerelle.yaml"))
	if err != nil {
		f.t.Fatal(err)
	}
	log, err := obs.New(f.log, slog.LevelDebug, obs.FormatText)
	if err != nil {
		f.t.Fatal(err)
	}
	f.app, err = app.New(context.Background(), app.Options{Config: cfg, Registry: all.Registry(), Log: log, Now: f.now})
	if err != nil {
		f.t.Fatal(err)
	}
}

// staff are the files of a bridge whose people have accounts, by name.
var staff struct {
	sync.Once
	files map[string]string
}

// staffed are those files. They are made once: a password's hash costs a core a
// tenth of a second, and every bridge here has seven.
func staffed(t testing.TB) map[string]string {
	t.Helper()
	staff.Do(func() {
		f := &floor{t: t, dir: t.TempDir(), log: &shared.Buffer{}}
		f.furnish(sheetHead)
		f.build()
		for _, who := range players {
			if err := f.app.Accounts().Add(context.Background(), bridge.Actor{Operator: true}, identity.Newcomer{Person: who, Password: secret.New(password(who))}); err != nil {
				t.Fatal(err)
			}
		}
		f.app.Stop()
		staff.files = map[string]string{}
		for _, name := range []string{"store.db", "key"} {
			text, err := os.ReadFile(filepath.Join(f.dir, "data", name))
			if err != nil {
				t.Fatal(err)
			}
			staff.files[name] = string(text)
		}
	})
	return staff.files
}

func (f *floor) write(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *floor) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Add(f.ahead)
}

// pass lets time go by.
func (f *floor) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ahead += d
}

// as is somebody at the desk itself.
func (f *floor) as(id bridge.PersonID) bridge.Actor {
	p, _ := f.app.Desk().Rules().Person(id)
	return bridge.Actor{Person: p, Connection: "phoning.console"}
}

// rows reads a CSV file of the CRM as maps.
func (f *floor) rows(name string) []map[string]string {
	return shared.Rows(filepath.Join(f.dir, "crm", name))
}
