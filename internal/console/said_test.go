package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What the desk and the office refuse with is said in French too.
func TestReasonsAreSaidInFrench(t *testing.T) {
	t.Parallel()
	all, err := newSayings()
	if err != nil {
		t.Fatal(err)
	}
	reasons := 0
	for _, pattern := range []string{"*.go", "../desk/*.go", "../governance/*.go", "../identity/password.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				text := reason(n)
				if text == "" {
					return true
				}
				reasons++
				if all[text] == "" {
					t.Errorf("%s: %q has no French in words/said.json", file, text)
				}
				return true
			})
		}
	}
	if reasons < 50 {
		t.Errorf("only %d reasons are found", reasons)
	}
}

// reason is the text of an error for people that a node of a program makes, ""
// for any other node.
func reason(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CompositeLit:
		if name := last(n.Type); len(n.Elts) > 0 && (name == "Clash" || name == "Invalid" || name == "Denied" || name == "Weak") {
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok && (last(pair.Key) == "Why" || last(pair.Key) == "What") {
					return literal(pair.Value)
				}
			}
			return literal(n.Elts[len(n.Elts)-1])
		}
	case *ast.CallExpr:
		if name := last(n.Fun); name == "need" || name == "denied" || name == "guard" {
			for _, arg := range n.Args {
				if text := literal(arg); text != "" {
					return text
				}
			}
		}
	}
	return ""
}

// last is the name that an expression ends in.
func last(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// literal is a text as it stands in the program, holes and all.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.CallExpr:
		if last(e.Fun) == "Sprintf" {
			return literal(e.Args[0])
		}
	}
	return ""
}

// What varies in a reason stands in its French, too.
func TestAReasonKeepsWhatVaries(t *testing.T) {
	t.Parallel()
	all, err := newSayings()
	if err != nil {
		t.Fatal(err)
	}
	l := &look{lang: "fr", words: wordsOf(t, "fr"), sayings: all}
	for text, want := range map[string]string{
		"this proposal is validated": "cette proposition est déjà décidée (validé, en route)",
		"vera already has an appointment at 2026-11-24T09:00:00 (Europe/Paris): reschedule one of them": "vera a déjà un rendez-vous le 2026-11-24T09:00:00 (Europe/Paris) : déplacez l’un des deux",
		"be handed leads":          "recevoir des fiches à appeler",
		"what nobody has foreseen": "what nobody has foreseen",
	} {
		if got := strings.ReplaceAll(l.said(text), "\u00a0", " "); got != want {
			t.Errorf("%q is said %q", text, got)
		}
	}
	l.lang = "en"
	if got := l.said("be handed leads"); got != "be handed leads" {
		t.Errorf("in English: %q", got)
	}
}
