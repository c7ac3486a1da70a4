package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// probe is a test whose end is looked at instead of taking place.
type probe struct {
	testing.TB
	ended string
}

func (p *probe) Helper() {}

func (p *probe) Skipf(string, ...any) { p.ended = "skipped" }

func (p *probe) Fatalf(string, ...any) { p.ended = "failed" }

func TestPath(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "data", "there.csv")
	if err := os.MkdirAll(filepath.Dir(there), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, file, ci, want string }{
		{"there", "data/there.csv", "", there},
		{"there, under CI", "data/there.csv", "1", there},
		{"absent", "data/absent.csv", "", "skipped"},
		{"absent, under CI", "data/absent.csv", "1", "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(Env, dir)
			t.Setenv("CI", c.ci)
			p := &probe{TB: t}
			if got := Path(p, c.file) + p.ended; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDefaultIsBesideTheModule(t *testing.T) {
	t.Setenv(Env, "")
	if got, want := folder(t), filepath.Join(filepath.Dir(Root(t)), "shared"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := os.Stat(filepath.Join(Root(t), "go.mod")); err != nil {
		t.Error(err)
	}
}
