package cli

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what cmp compares with anew into the scripts")

// binary is the folder that holds the program under test.
var binary string

func TestMain(m *testing.M) {
	testscript.Main(builder{m}, map[string]func(){"api": apiMain, "hook": hookMain, "nats": natsMain, "crm": crmMain})
}

// builder builds the program before the tests, and not again in the processes
// that the scripts start of this test's own binary.
type builder struct{ m *testing.M }

func (b builder) Run() int {
	dir, err := os.MkdirTemp("", "passerelle-cli-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // the system clears what is left
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "passerelle"), "passerelle/cmd/passerelle")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	binary = dir
	return b.m.Run()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "scripts"),
		Setup:              setup,
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "until": until, "capture": capture, "signal": sendSignal, "replace": replace, "freeport": freePort,
		},
	})
}

// setup puts the world's files, a small installation, beside the script's own.
func setup(env *testscript.Env) error {
	env.Setenv("PATH", binary+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("TZ", "Europe/Paris")
	env.Setenv("NL", "\n")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	env.Setenv("ROOT", root)
	world := os.DirFS(filepath.Join("testdata", "world"))
	return fs.WalkDir(world, ".", func(name string, d fs.DirEntry, err error) error {
		to := filepath.Join(env.WorkDir, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		if _, err := os.Stat(to); err == nil {
			return nil // the script has its own
		}
		raw, err := fs.ReadFile(world, name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, raw, 0o600)
	})
}
