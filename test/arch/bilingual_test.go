package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

var hole = regexp.MustCompile(`\{[a-z][a-z ]*\}`)

// What is said to people is said in English and in French, and what is filled
// into the one is filled into the other.
func TestTextsAreInBothLanguages(t *testing.T) {
	t.Parallel()
	found := 0
	for p, info := range packages(t) {
		if !slices.Contains(append(info.Imports, p), module+"/internal/bilingual") {
			continue
		}
		for _, name := range info.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join("..", "..", p, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for at, texts := range texts(file) {
				found++
				if problem := uneven(texts); problem != "" {
					t.Errorf("%s: %s: %q", fset.Position(at), problem, texts)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("%d texts: they are looked for in the wrong way", found)
	}
}

// texts are the literals of a file that are texts in two languages, by place;
// what is not written out in them is "?".
func texts(file *ast.File) map[token.Pos][]string {
	out := map[token.Pos][]string{}
	elided := map[ast.Expr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if element := elementOf(lit.Type); element != nil && isText(element) {
			for _, e := range lit.Elts {
				if kv, keyed := e.(*ast.KeyValueExpr); keyed {
					e = kv.Value
				}
				elided[e] = true
			}
		}
		if (isText(lit.Type) || elided[lit]) && len(lit.Elts) > 0 {
			for _, e := range lit.Elts {
				out[lit.Pos()] = append(out[lit.Pos()], written(e))
			}
		}
		return true
	})
	return out
}

// elementOf is the type of a map's or a list's elements.
func elementOf(typ ast.Expr) ast.Expr {
	switch t := typ.(type) {
	case *ast.MapType:
		return t.Value
	case *ast.ArrayType:
		return t.Elt
	}
	return nil
}

func isText(typ ast.Expr) bool {
	switch t := typ.(type) {
	case *ast.Ident:
		return t.Name == "phrase"
	case *ast.SelectorExpr:
		x, ok := t.X.(*ast.Ident)
		return ok && x.Name == "bilingual" && t.Sel.Name == "Text"
	}
	return false
}

func written(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return "?"
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return "?"
	}
	return text
}

// uneven is what is wrong with a text, "" if nothing is.
func uneven(texts []string) string {
	switch {
	case len(texts) != 2:
		return "it is not in two languages"
	case texts[0] == "" || texts[1] == "":
		return "one language is missing"
	case slices.Contains(texts, "?"):
		return ""
	case !maps.Equal(holes(texts[0]), holes(texts[1])):
		return "the holes differ"
	}
	return ""
}

func holes(text string) map[string]bool {
	out := map[string]bool{}
	for _, h := range hole.FindAllString(text, -1) {
		out[h] = true
	}
	return out
}
