package replay

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passerelle/internal/config"
	"passerelle/internal/policy"
)

const bankExample = "../../../../deploy/examples/bank/replay.yaml"

// The example must load, be fit to be played, and keep what is financial from
// callers.
func TestTheExampleLoads(t *testing.T) {
	t.Parallel()
	cfg := loadExample(t)
	c, err := castOf(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.callers) != 20 || c.supervisor != "solene" || len(c.sales) != 1 {
		t.Errorf("the cast: %+v", c)
	}
	p, err := policy.Load(cfg.PolicyFile, cfg.PolicyText, cfg.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	needed := map[string]bool{}
	for _, name := range p.NeededOf(p.Paths()...) {
		needed[string(name)] = true
	}
	for _, name := range p.NeededOf(policy.Path{Connection: "phoning.bank", Profile: "agent"}) {
		if def, _ := cfg.Catalog.Def(name); def.Class == "financial" {
			t.Errorf("callers may read %s", name)
		}
	}
	// Else it would not be the gate that keeps it from them.
	if !needed["prospect.x_balance"] {
		t.Error("nobody reads prospect.x_balance: the bridge would not even ask for it")
	}
}

func loadExample(t *testing.T) *config.Config {
	t.Helper()
	e, err := readExample(bankExample)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := openFolder(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.writeSecrets(); err != nil {
		t.Fatal(err)
	}
	cfg, err := dir.copyConfig(e, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 12345})
	if err != nil {
		t.Fatal(err)
	}
	conn, _ := cfg.Connection("phoning.bank")
	if got, _ := conn.Settings.Child("push_url").Scalar(); got != "http://127.0.0.1:12345/cards" {
		t.Errorf("cards go to %s", got)
	}
	return cfg
}

func TestOpenFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := openFolder(filepath.Join(dir, "new", "deeper")); err != nil {
		t.Errorf("a new one: %v", err)
	}
	used := filepath.Join(dir, "used")
	if err := os.MkdirAll(filepath.Join(used, "crm"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(used); !misused(err) || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("one in use: %v", err)
	}
}

func misused(err error) bool {
	_, ok := errors.AsType[Misuse](err)
	return ok
}

func TestReadExampleRefuses(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(bankExample)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"policy elsewhere", "policy: policy.yaml", "policy: ../policy.yaml", "policy"},
		{"policy inline", "policy: policy.yaml", "policy: {version: 1}", "policy"},
		{"cards to another machine", "http://127.0.0.1:0/cards", "https://dialler.example/cards", "push_url"},
		{"cards without a port", "http://127.0.0.1:0/cards", "http://127.0.0.1/cards", "push_url"},
		{"no cards", "      push_url: http://127.0.0.1:0/cards", "      #", "connections"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "replay.yaml")
			changed := strings.Replace(string(text), c.old, c.new, 1)
			if changed == string(text) {
				t.Fatal("nothing changed")
			}
			if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readExample(path); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to name %s", err, c.want)
			}
		})
	}
}

func TestCastRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*config.Config)
	}{
		{"no campaign", func(cfg *config.Config) { cfg.Campaigns = nil }},
		{"two campaigns", func(cfg *config.Config) { cfg.Campaigns = append(cfg.Campaigns, cfg.Campaigns[0]) }},
		{"no feed", func(cfg *config.Config) { cfg.Campaigns[0].Feeds = nil }},
		{"no token", func(cfg *config.Config) { cfg.Tokens = nil }},
		{"a caller validates", func(cfg *config.Config) { cfg.Tokens[0].Person = "agathe" }},
		{"nobody calls", func(cfg *config.Config) { cfg.Campaigns[0].Feeds[0].Profile = "robot" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := loadExample(t)
			c.change(cfg)
			if _, err := castOf(cfg); err == nil {
				t.Error("taken")
			}
		})
	}
}
