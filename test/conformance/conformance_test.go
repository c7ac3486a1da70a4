package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"passerelle/connectors/all"
)

const suite = "passerelle/internal/connector/contract"

func TestEveryConnectorRunsTheSuite(t *testing.T) {
	t.Parallel()
	for _, name := range all.Registry().Names() {
		files, err := filepath.Glob(filepath.Join("..", "..", "connectors", name, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		runs := false
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			runs = runs || runsSuite(file)
		}
		if !runs {
			t.Errorf("connectors/%s: no test of it calls contract.Run", name)
		}
	}
}

// runsSuite says whether one of a file's tests calls contract.Run.
func runsSuite(file *ast.File) bool {
	local := suiteName(file)
	if local == "" {
		return false
	}
	found := false
	for _, d := range file.Decls {
		test, ok := d.(*ast.FuncDecl)
		if !ok || test.Recv != nil || !strings.HasPrefix(test.Name.Name, "Test") || test.Body == nil {
			continue
		}
		ast.Inspect(test.Body, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if fun, ok := call.Fun.(*ast.SelectorExpr); ok && fun.Sel.Name == "Run" {
					pkg, ok := fun.X.(*ast.Ident)
					found = found || ok && pkg.Name == local
				}
			}
			return !found
		})
	}
	return found
}

// suiteName is what a file calls the suite, "" if it does not import it.
func suiteName(file *ast.File) string {
	for _, i := range file.Imports {
		if path, err := strconv.Unquote(i.Path.Value); err != nil || path != suite {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return "contract"
	}
	return ""
}

func TestRunsSuite(t *testing.T) {
	t.Parallel()
	const imported = "package x\nimport \"" + suite + "\"\n"
	for _, tc := range []struct {
		name, source string
		want         bool
	}{
		{"calls it", imported + "func TestX(t *T) { contract.Run(t, h) }", true},
		{"under another name", "package x\nimport c \"" + suite + "\"\nfunc TestX(t *T) { c.Run(t, h) }", true},
		{"in a subtest", imported + "func TestX(t *T) { t.Run(\"a\", func(t *T) { contract.Run(t, h) }) }", true},
		{"not in a test", imported + "func run(t *T) { contract.Run(t, h) }", false},
		{"only in a comment", imported + "func TestX(t *T) { /* contract.Run(t, h) */ }", false},
		{"another package's Run", "package x\nimport \"elsewhere/contract\"\nfunc TestX(t *T) { contract.Run(t, h) }", false},
		{"another call", imported + "func TestX(t *T) { contract.Walk(t, h) }", false},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x_test.go", tc.source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := runsSuite(file); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
