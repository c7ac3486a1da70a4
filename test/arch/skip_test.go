package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The one place from which a test may be skipped; it refuses under CI=1.
const maySkip = "test/shared"

// A test that is skipped has shown nothing. Those that need the shared data ask
// test/shared for it; nothing else skips, so that under CI=1 nothing does.
func TestNothingSkips(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir() && rel != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || within(rel, maySkip):
			return nil
		case strings.HasSuffix(rel, ".go"):
			return goSkips(t, file, rel)
		case strings.HasSuffix(rel, ".txtar"):
			return scriptSkips(t, file, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func goSkips(t *testing.T, file, rel string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, decl := range parsed.Decls {
		skips(decl, nil, func(at *ast.SelectorExpr) {
			t.Errorf("%s skips a test (%s): ask %s for shared data, or let it fail", rel, at.Sel.Name, maySkip)
		})
	}
	return nil
}

// skips reports the calls of Skip, but not those on a *rapid.T: they discard
// one draw of many. Params are those of the functions around the node.
func skips(node ast.Node, params []*ast.Field, report func(*ast.SelectorExpr)) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				skips(n.Body, append(params[:len(params):len(params)], n.Type.Params.List...), report)
			}
			return false
		case *ast.FuncLit:
			skips(n.Body, append(params[:len(params):len(params)], n.Type.Params.List...), report)
			return false
		case *ast.CallExpr:
			if at, ok := n.Fun.(*ast.SelectorExpr); ok && skipping[at.Sel.Name] && !isRapid(at.X, params) {
				report(at)
			}
		}
		return true
	})
}

var skipping = map[string]bool{"Skip": true, "Skipf": true, "SkipNow": true}

// isRapid says whether an expression is a parameter of type *rapid.T; the
// innermost of a name counts.
func isRapid(x ast.Expr, params []*ast.Field) bool {
	name, ok := x.(*ast.Ident)
	if !ok {
		return false
	}
	for _, field := range slices.Backward(params) {
		for _, param := range field.Names {
			if param.Name == name.Name {
				return types.ExprString(field.Type) == "*rapid.T"
			}
		}
	}
	return false
}

func scriptSkips(t *testing.T, file, rel string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(raw)) {
		words := strings.Fields(line)
		for len(words) > 0 && strings.HasPrefix(words[0], "[") {
			words = words[1:]
		}
		if len(words) > 0 && words[0] == "skip" {
			t.Errorf("%s skips", rel)
		}
	}
	return nil
}
