package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/connector"
	"passerelle/internal/strict"
	"passerelle/test/golden"
)

// goodFile is a copy of testdata/good whose secret files may be read.
func goodFile(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/good")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "passerelle.yaml")
}

func good(t testing.TB) *config.Config {
	t.Helper()
	cfg, err := config.Load(goodFile(t))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestGood(t *testing.T) {
	t.Parallel()
	cfg := good(t)
	if cfg.Hub != "paris" || cfg.DataDir != filepath.Join(cfg.Dir, "data") || cfg.KeyPath() != filepath.Join(cfg.Dir, "data", "key") ||
		cfg.Listen != "127.0.0.1:8080" || cfg.Zone.String() != "Europe/Paris" || cfg.NATS != (config.NATS{}) || cfg.Key.ID() == "" {
		t.Errorf("%+v", cfg)
	}
	if want := (config.HTTP{BodyLimit: 512 << 10, RatePerToken: 20, Burst: 40, ReadTimeout: 5 * time.Second, WriteTimeout: 20 * time.Second, Proxies: 1}); cfg.HTTP != want {
		t.Errorf("http: %+v", cfg.HTTP)
	}
	if string(cfg.PolicyText) != "version: 1   # the policy\nroles: {}\n" || cfg.PolicyFile != filepath.Join(cfg.Dir, "policy.yaml") || cfg.PolicyLine != 1 {
		t.Errorf("policy at %s:%d: %q", cfg.PolicyFile, cfg.PolicyLine, cfg.PolicyText)
	}
	if len(cfg.Tokens) != 1 || cfg.Tokens[0].Person != "alice" || cfg.Tokens[0].Connection != "phoning.console" || cfg.Tokens[0].Token.Reveal() != "t0ken-of-alice-2026" {
		t.Errorf("tokens: %+v", cfg.Tokens)
	}
}

func TestGoodConnections(t *testing.T) {
	t.Parallel()
	cfg := good(t)
	var names []bridge.ConnectionName
	for _, c := range cfg.Connections {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]bridge.ConnectionName{"crm.main", "crm.second", "phoning.dialler", "phoning.console"}, names); diff != "" {
		t.Error(diff)
	}
	main, ok := cfg.Connection("crm.main")
	if !ok || main.Kind != connector.CRM || main.Type != "sheet" || main.Zone.String() != "Indian/Reunion" || *main.Limits != (config.Limits{Rate: 5, Burst: 10}) || main.AllowPrivate {
		t.Errorf("crm.main: %+v", main)
	}
	if diff := cmp.Diff(connector.FieldMap{"prospect.phone": "Téléphone", "prospect.x_origin": "Provenance", "prospect.x_balance": "balance", "account.revenue": "CA"}, main.Fields); diff != "" {
		t.Error(diff)
	}
	second, _ := cfg.Connection("crm.second")
	if second.Zone.String() != "Europe/Paris" || *second.Limits != (config.Limits{Rate: 2.5, Burst: 3}) || second.Fields["prospect.x_balance"] != "solde" {
		t.Errorf("crm.second: %+v", second)
	}
	dialler, _ := cfg.Connection("phoning.dialler")
	if diff := cmp.Diff(map[string]bridge.CampaignID{"list-7": "bank"}, dialler.Campaigns); diff != "" || !dialler.AllowPrivate || dialler.Limits != nil {
		t.Error(diff, dialler)
	}
	var settings struct {
		Folder   string `yaml:"folder"`
		Password string `yaml:"password"`
	}
	if err := main.Settings.Decode(&settings); err != nil || settings.Folder != "./crm" {
		t.Errorf("settings: %v, %v", settings, err)
	}
	if console, _ := cfg.Connection("phoning.console"); console.Settings.Kind() != strict.Absent {
		t.Errorf("the console's settings: %v", console.Settings.Kind())
	}
	if _, ok := cfg.Connection("crm.none"); ok {
		t.Error("found a connection that is not there")
	}
	defs := map[bridge.FieldName]bridge.FieldDef{
		"prospect.x_balance": {Name: "prospect.x_balance", Type: bridge.Integer, Class: bridge.Financial, EN: "Balance", FR: "Solde"},
		"prospect.x_origin":  {Name: "prospect.x_origin", Type: bridge.Text, Class: bridge.Confidential},
		"account.revenue":    {Name: "account.revenue", Type: bridge.Decimal, Class: bridge.Confidential, EN: "Revenue", FR: "Chiffre d'affaires"},
	}
	for name, want := range defs {
		got, _ := cfg.Catalog.Def(name)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestGoodPeopleAndCampaigns(t *testing.T) {
	t.Parallel()
	cfg := good(t)
	paris := cfg.Zone
	wantCampaigns := []bridge.Campaign{
		{ID: "bank", Name: "Bank", CRM: "crm.main", Feeds: []bridge.PlatformList{{Connection: "phoning.dialler", List: "L1", Profile: "caller"}},
			Team: "plateau-1", Principal: "acme", Rules: "always", Script: "Bonjour", Ends: time.Date(2027, 2, 1, 0, 0, 0, 0, paris)},
		{ID: "plain", Name: "plain", CRM: "crm.second", Rules: "always", Ends: time.Date(2027, 1, 31, 18, 0, 0, 0, paris)},
	}
	if diff := cmp.Diff(wantCampaigns, cfg.Campaigns); diff != "" {
		t.Error(diff)
	}
	wantPeople := []bridge.Person{
		{ID: "alice", Name: "Alice Martin", Team: "plateau-1", Territory: "59", Principal: "acme", Active: true, Zone: "Europe/Paris",
			CRM: map[bridge.ConnectionName]string{"crm.main": "alice"},
			Phoning: map[bridge.ConnectionName]bridge.Login{
				"phoning.dialler": {Name: "alice", Profile: "caller"}, "phoning.console": {Name: "alice", Profile: "caller"}}},
		{ID: "bruno", CRM: map[bridge.ConnectionName]string{}, Phoning: map[bridge.ConnectionName]bridge.Login{}},
	}
	if diff := cmp.Diff(wantPeople, cfg.People); diff != "" {
		t.Error(diff)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse("somewhere/p.yaml", []byte("hub: h\nconnections: {phoning.console: {type: console}}\npeople: {a: {}}\nnats: {url: \"nats://a:4222, tls://b\", credentials: c.creds}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.DataDir != "somewhere/data" || cfg.Listen != "127.0.0.1:8080" || cfg.Zone.String() != "Europe/Paris" || !cfg.Key.IsZero() ||
		cfg.HTTP != (config.HTTP{BodyLimit: 1 << 20, RatePerToken: 50, Burst: 100, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}) {
		t.Errorf("%+v", cfg)
	}
	if !cfg.People[0].Active || cfg.PolicyText != nil || cfg.NATS.Credentials != "somewhere/c.creds" {
		t.Errorf("%+v", cfg)
	}
}

func TestPolicyInline(t *testing.T) {
	t.Parallel()
	text := "hub: h\nconnections: {phoning.console: {type: console}}\npolicy:\n  # least privilege\n  version: 1\n\n  roles:\n    caller: {}\n# about people\npeople: {}\n"
	cfg, err := config.Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := "version: 1\n\nroles:\n  caller: {}\n"; string(cfg.PolicyText) != want || cfg.PolicyFile != "p.yaml" || cfg.PolicyLine != 5 {
		t.Errorf("at %s:%d: %q", cfg.PolicyFile, cfg.PolicyLine, cfg.PolicyText)
	}
}

// TestFindings compares what is found in testdata/bad/*.yaml with the .txt
// beside each.
func TestFindings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(file)
			if _, ok := errors.AsType[strict.Findings](err); !ok {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(strings.ReplaceAll(err.Error(), file, ""), "canary") {
				t.Errorf("a value is quoted:\n%v", err)
			}
			golden.File(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

func TestLoadWithoutAFile(t *testing.T) {
	t.Parallel()
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

var registry = connector.Registry{
	"sheet":   {Name: "sheet", Kind: connector.CRM, Settings: []connector.Setting{{Key: "folder"}, {Key: "password", Secret: true}, {Key: "auth.header"}, {Key: "auth.value", Secret: true}}},
	"webhook": {Name: "webhook", Kind: connector.Phoning, Settings: []connector.Setting{{Key: "url"}}},
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if err := good(t).Check(registry); err != nil {
		t.Errorf("the good config: %v", err)
	}
	cfg, err := config.Parse("p.yaml", []byte(`hub: h
connections:
  crm.a: {type: shet}
  crm.b: {type: webhook}
  crm.c:
    type: sheet
    settings:
      foldr: canary
      folder: ${env:CANARY}
      password: ${env:CANARY}
      auth: {header: "${env:CANARY}", value: "${env:CANARY}", valeu: canary}
  phoning.console: {type: console}
`))
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.Check(registry)
	want := `p.yaml:3:17 connections.crm.a.type: there is no such connector: write one of sheet, webhook
p.yaml:4:17 connections.crm.b.type: is a phoning connector: name the connection phoning.something, or take another
p.yaml:8:14 connections.crm.c.settings.foldr: unknown setting of sheet: its settings are folder, password, auth.header, auth.value
p.yaml:9:15 connections.crm.c.settings.folder: references are resolved in secret settings only: write the value itself
p.yaml:11:22 connections.crm.c.settings.auth.header: references are resolved in secret settings only: write the value itself
p.yaml:11:70 connections.crm.c.settings.auth.valeu: unknown setting of sheet: its settings are folder, password, auth.header, auth.value`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestCheckProfiles(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse("p.yaml", []byte(`hub: h
connections:
  crm.a: {type: sheet}
  phoning.dial: {type: webhook}
  phoning.console: {type: console}
campaigns:
  c:
    crm: crm.a
    rules: always
    feeds:
      - {connection: phoning.dial, list: a, profile: agent}
      - {connection: phoning.dial, list: b, profile: canary}
people:
  alice: {phoning: {phoning.dial: {login: a, profile: agent}, phoning.console: {login: a, profile: canary}}}
  bruno: {active: false, phoning: {phoning.console: {login: b, profile: canary}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.CheckProfiles(func(_ bridge.ConnectionName, p bridge.Profile) bool { return p == "agent" })
	want := `p.yaml:12:54 campaigns.c.feeds[1].profile: the policy gives this profile no role on phoning.dial, so no right at all: write it under profiles there, or another one here
p.yaml:14:100 people.alice.phoning.phoning.console.profile: the policy gives this profile no role on phoning.console, so no right at all: write it under profiles there, or another one here`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestCheckClasses(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse("p.yaml", []byte(`hub: h
connections:
  crm.a:
    type: sheet
    fields:
      account.name: Société
      account.x_hat: Chapeau
      account.x_shoe: {as: Chaussure, type: integer}
      account.x_glove: {as: Gant, class: public}
      account.x_belt: Ceinture
  crm.b:
    type: sheet
    fields:
      account.x_belt: {as: Gürtel, class: commercial}
`))
	if err != nil {
		t.Fatal(err)
	}
	const classes = "has no class, so it is confidential: write class: one of public, personal, commercial, financial, confidential, structural"
	want := "p.yaml:7:22 connections.crm.a.fields.account.x_hat: " + classes + "\n" +
		"p.yaml:8:23 connections.crm.a.fields.account.x_shoe: " + classes
	if err := cfg.CheckClasses(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestCheckTerritories(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse("p.yaml", []byte(`hub: h
connections: {phoning.console: {type: console}}
people:
  alice: {territory: north}
  bruno: {territory: nort}
  carla: {}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.CheckTerritories(nil); err != nil {
		t.Errorf("a policy without a table: %v", err)
	}
	want := "p.yaml:5:22 people.bruno.territory: the policy defines no such territory; there are south, north"
	if err := cfg.CheckTerritories([]string{"south", "north"}); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := config.Parse("testdata/good/p.yaml", data)
		errs := []error{err}
		if cfg != nil { // what is wrong in the one place must not hide the other
			errs = append(errs, cfg.Check(registry), cfg.CheckClasses(), cfg.CheckProfiles(func(bridge.ConnectionName, bridge.Profile) bool { return false }))
		}
		for _, err := range errs {
			if _, ok := errors.AsType[strict.Findings](err); err != nil && !ok {
				t.Fatalf("not findings: %v", err)
			}
		}
	})
}
