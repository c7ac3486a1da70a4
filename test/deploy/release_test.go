package deploy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"passerelle/test/shared"
)

// checkout copies the tree into a repository of its own, with one commit that
// is the same wherever it is made.
func checkout(t *testing.T, dir string) {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "-co", "--exclude-standard")
	list.Dir = path(t, ".")
	raw, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(raw), "\x00"), "\x00") {
		text, err := os.ReadFile(path(t, name))
		if os.IsNotExist(err) {
			continue // removed, and git not told yet
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "all"}} {
		git := exec.Command("git", args...)
		git.Dir = dir
		git.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
			"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.org", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.org")
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
}

// release makes one for this machine and answers its files.
func release(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	checkout(t, dir)
	cmd := exec.Command("go", "run", "./deploy/release", "-out", ".build/release", "-targets", runtime.GOOS+"/"+runtime.GOARCH)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files := map[string][]byte{}
	entries, err := os.ReadDir(filepath.Join(dir, ".build", "release"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, ".build", "release", e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// The same commit makes the same bytes in whatever folder; the sums are those of
// the files; the program says which commit it is; the list names what is in it.
func TestAReleaseIsReproducible(t *testing.T) {
	t.Parallel()
	shared.Programs(t, "git", "tar")
	one := filepath.Join(t.TempDir(), "a")
	first, second := release(t, one), release(t, filepath.Join(t.TempDir(), "somewhere", "else"))
	if len(first) != 3 {
		t.Errorf("made %d files, want an archive, a list of modules and the sums", len(first))
	}
	for name, raw := range first {
		if !bytes.Equal(raw, second[name]) {
			t.Errorf("%s differs", name)
		}
		sum := sha256.Sum256(raw)
		if line := hex.EncodeToString(sum[:]) + "  " + name + "\n"; name != "SHA256SUMS" && !strings.Contains(string(first["SHA256SUMS"]), line) {
			t.Errorf("SHA256SUMS does not have %s", line)
		}
	}
	for name, raw := range first {
		switch {
		case strings.HasSuffix(name, ".tar.gz"):
			checkArchive(t, filepath.Join(one, ".build", "release", name), strings.TrimSuffix(name, ".tar.gz"))
		case strings.HasSuffix(name, ".cdx.json"):
			checkSBOM(t, raw)
		}
	}
}

func checkArchive(t *testing.T, archive, folder string) {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"README.md", "deploy/README.md", "deploy/passerelle.service", "deploy/nats/nats.conf", "deploy/examples/first/passerelle.yaml"} {
		if _, err := os.Stat(filepath.Join(dir, folder, name)); err != nil {
			t.Error(err)
		}
	}
	out, err := exec.Command(filepath.Join(dir, folder, "passerelle"), "version", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Version, Revision, At, Go, Platform string
		Modified                            bool
	}
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	if v.At != "2026-01-02T03:04:05Z" || len(v.Revision) != 40 || v.Modified || v.Go != runtime.Version() || v.Platform != runtime.GOOS+"/"+runtime.GOARCH || !strings.Contains(folder, v.Version) {
		t.Errorf("the program says %s", out)
	}
}

func checkSBOM(t *testing.T, raw []byte) {
	t.Helper()
	var list struct {
		BomFormat, SpecVersion string
		Components             []struct{ Type, Name, Version, Purl string }
		Metadata               struct{ Component struct{ Name string } }
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	if list.BomFormat != "CycloneDX" || list.SpecVersion != "1.6" || list.Metadata.Component.Name != "passerelle" {
		t.Errorf("the list is %s %s of %s", list.BomFormat, list.SpecVersion, list.Metadata.Component.Name)
	}
	for _, want := range []string{"std", "go.etcd.io/bbolt", "github.com/nats-io/nats-server/v2"} {
		if !slices.ContainsFunc(list.Components, func(c struct{ Type, Name, Version, Purl string }) bool {
			return c.Type == "library" && c.Name == want && c.Purl == "pkg:golang/"+want+"@"+c.Version
		}) {
			t.Errorf("the list lacks %s", want)
		}
	}
	for _, c := range list.Components {
		if strings.Contains(c.Name, "rapid") || strings.Contains(c.Name, "testscript") {
			t.Errorf("%s is in the program", c.Name)
		}
	}
}
