package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "passerelle"

// pkg is what `go list` says of a package, without its tests.
type pkg struct {
	ImportPath string
	Name, Doc  string
	Imports    []string
	Deps       []string
	GoFiles    []string
}

// list is all packages of the module, by their paths in it.
var list = sync.OnceValues(func() (map[string]pkg, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Imports,Deps,GoFiles", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(stderr.String()))
	}
	out := map[string]pkg{}
	for dec := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out[ours(p.ImportPath)] = p
	}
})

func packages(t *testing.T) map[string]pkg {
	t.Helper()
	all, err := list()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ours cuts the module's name off its packages' paths; others stay as they are.
func ours(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }

func isOurs(importPath string) bool { return strings.HasPrefix(importPath, module+"/") }

// within says whether a package is the other or lies below it.
func within(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// room is the folder of the table that a package lies in, and its level.
func room(p string) (string, int, bool) {
	for at := p; at != "."; at = path.Dir(at) {
		if level, ok := levels[at]; ok {
			return at, level, true
		}
	}
	return "", 0, false
}

// free says which packages the table does not bind.
func free(p string) bool { return within(p, "test") || within(p, "connectors") || within(p, "deploy") }

func TestEveryPackageIsInTheTable(t *testing.T) {
	t.Parallel()
	for p := range packages(t) {
		if _, _, ok := room(p); !ok && !free(p) {
			t.Errorf("%s has no level: the design's table and this one say which", p)
		}
	}
}

func TestImportsPointDownwards(t *testing.T) {
	t.Parallel()
	for p, info := range packages(t) {
		from, level, ok := room(p)
		if !ok {
			continue
		}
		for _, imported := range info.Imports {
			q := ours(imported)
			to, below, ok := room(q)
			if !isOurs(imported) || !ok || from == to {
				continue
			}
			if below >= level {
				t.Errorf("%s (level %d) imports %s (level %d): only lower levels may be imported", p, level, q, below)
			}
		}
	}
}

func TestNothingImportsTests(t *testing.T) {
	t.Parallel()
	for p, info := range packages(t) {
		for _, imported := range info.Imports {
			q := ours(imported)
			if isOurs(imported) && within(q, "test") && !within(p, "test") {
				t.Errorf("%s imports %s: what the tests have is theirs", p, q)
			}
			if isOurs(imported) && path.Base(q) == "fake" && !within(p, "test") {
				t.Errorf("%s imports %s: fakes are for tests", p, q)
			}
		}
	}
}

func TestConnectorsKeepToThemselves(t *testing.T) {
	t.Parallel()
	for p, info := range packages(t) {
		for _, imported := range info.Imports {
			q := ours(imported)
			if !isOurs(imported) {
				continue
			}
			if isConnector(p) && !slices.Contains(connectorMay, q) && !within(q, connectorOf(p)) {
				t.Errorf("%s imports %s: of ours a connector may import %s", p, q, strings.Join(connectorMay, ", "))
			}
			if isConnector(q) && p != "connectors/all" && !within(p, "test") && !within(p, connectorOf(q)) {
				t.Errorf("%s imports %s: only connectors/all imports connectors", p, q)
			}
		}
	}
}

func isConnector(p string) bool {
	return within(p, "connectors") && !within(p, "connectors/all")
}

// connectorOf is the folder of the connector that p belongs to.
func connectorOf(p string) string {
	parts := strings.SplitN(p, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

func TestLibrariesHaveOneUser(t *testing.T) {
	t.Parallel()
	for p, info := range packages(t) {
		if within(p, "test") {
			continue
		}
		for _, imported := range info.Imports {
			for what, users := range alone {
				if within(ours(imported), what) && !within(p, what) && !slices.ContainsFunc(users, func(u string) bool { return within(p, u) }) {
					t.Errorf("%s imports %s: only %v may", p, imported, users)
				}
			}
		}
	}
}

func TestTheBottomStandsAlone(t *testing.T) {
	t.Parallel()
	for p, info := range packages(t) {
		root, level, ok := room(p)
		if !ok || level > 0 {
			continue
		}
		for _, imported := range info.Imports {
			library := oneLibrary[root]
			if foreign(imported) && (library == "" || !within(imported, library)) {
				t.Errorf("%s imports %s: the packages of level 0 have the standard library and their one library", p, imported)
			}
		}
	}
}

// foreign says whether a package is another module's.
func foreign(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return strings.Contains(first, ".")
}

func TestTheBinaryLinksWhatItNeeds(t *testing.T) {
	t.Parallel()
	all := packages(t)
	binary, ok := all["cmd/passerelle"]
	if !ok {
		t.Fatal("cmd/passerelle is not there")
	}
	for _, dep := range binary.Deps {
		p := ours(dep)
		if dep == "testing" || strings.HasPrefix(dep, "testing/") && dep != "testing/fstest" {
			t.Errorf("the binary links %s", dep)
		}
		if isOurs(dep) && (path.Base(p) == "fake" || within(p, "test") || within(p, "internal/connector/contract")) {
			t.Errorf("the binary links %s", p)
		}
	}
	if got := all["internal/faultpoint"].GoFiles; slices.Contains(got, "on.go") {
		t.Errorf("the binary links fault points: %v", got)
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for p, info := range packages(t) {
		if info.Doc == "" && len(info.GoFiles) > 0 {
			t.Errorf("%s has no package comment: write a doc.go", p)
		}
	}
}
