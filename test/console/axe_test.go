package console

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"passerelle/test/shared"
)

// The axe-core that pages are looked at with, and what its package must be.
const (
	axeVersion   = "4.14.1"
	axeIntegrity = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

// axes holds the script once it was taken out of its package.
var axes struct {
	sync.Once
	script string
	err    error
}

// axe is axe-core's script.
func axe(t testing.TB) string {
	t.Helper()
	shared.Programs(t, "npm")
	path := filepath.Join(shared.Root(t), ".build", "axe-core-"+axeVersion+".tgz")
	axes.Do(func() { axes.script, axes.err = fetchAxe(path) })
	if axes.err != nil {
		shared.Absent(t, fmt.Sprintf("axe-core %s from npm (%v)", axeVersion, axes.err))
	}
	return axes.script
}

// fetchAxe takes the script out of its package, which npm fetches once.
func fetchAxe(path string) (string, error) {
	pack, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		pack, err = packAxe(path)
	}
	if err != nil {
		return "", err
	}
	if sum := sha512.Sum512(pack); base64.StdEncoding.EncodeToString(sum[:]) != axeIntegrity {
		return "", fmt.Errorf("%s is another one: delete it", path)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(pack))
	if err != nil {
		return "", err
	}
	for files := tar.NewReader(unzipped); ; {
		head, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("axe.min.js in %s: %w", path, err)
		}
		if head.Name == "package/axe.min.js" {
			script, err := io.ReadAll(files)
			return string(script), err
		}
	}
}

// packAxe has npm fetch the package, and puts it where it is looked for: the next
// run needs no network.
func packAxe(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), ".gitignore"), []byte("*\n"), 0o644); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "axe")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	pack := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, "axe-core@"+axeVersion)
	pack.Dir = dir
	if out, err := pack.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack: %w: %s", err, out)
	}
	if err := os.Rename(filepath.Join(dir, filepath.Base(path)), path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// violations are what axe-core finds wrong with the page as it is, each with the
// element that it is wrong with. The options are those of axe.run.
func (s *seat) violations(options string) []string {
	s.t.Helper()
	if !ask[bool](s, `"axe" in window`) {
		ask[bool](s, axe(s.t)+`; true`)
	}
	out, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](`(async () => {
		const found = await axe.run(document, { resultTypes: ["violations"], ...`+options+` });
		return found.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html.slice(0, 160) + " " + (n.any[0]?.message ?? n.failureSummary)));
	})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// A page with faults has them found: what finds nothing finds something.
func TestAxeFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	s := f.sit(t, "fr")
	s.to("/sign-in")
	if found := s.violations(`{}`); len(found) > 0 {
		t.Fatalf("%q", found)
	}
	ask[bool](s, `document.querySelectorAll("label").forEach((l) => l.replaceWith(...l.querySelectorAll("input"))) ?? true`)
	if len(s.violations(`{}`)) == 0 {
		t.Error("parts of a form without labels are not found")
	}
}
