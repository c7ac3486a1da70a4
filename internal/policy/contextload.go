package policy

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"passerelle/internal/bilingual"
	"passerelle/internal/strict"
)

type contextSource struct {
	Type string `yaml:"type,required"`
	EN   string `yaml:"en,required"`
	FR   string `yaml:"fr,required"`
	Expr string `yaml:"expr,required"`
}

var contextPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// ownContext reads the context fields that the policy defines.
func (l *loader) ownContext(p *Policy, nodes map[string]strict.Node) {
	for name, n := range nodes {
		var text contextSource
		if !l.decode(n, &text) {
			continue
		}
		f := &contextField{name: name, pos: Pos(n.Pos()), typ: ContextType(text.Type), label: phrase{text.EN, text.FR}, text: text.Expr}
		switch {
		case slices.Contains(ContextFields(), name):
			l.find(n, "", phrase{"the bridge itself has a context field of this name: choose another", "la passerelle a elle-même un champ de contexte de ce nom : choisissez-en un autre"})
		case !contextPattern.MatchString(name):
			l.find(n, "", phrase{
				"a name begins with a letter and has lower case letters, digits and _, 63 at most",
				"un nom commence par une lettre et se compose de minuscules sans accent, de chiffres et de _, 63 au plus",
			})
		case !slices.Contains(contextTypes(), f.typ):
			l.find(n, "type", phrase{"no such type; there are {names}", "pas de type de ce nom ; il y a {names}"}.With("{names}", list(contextTypes())))
		default:
			l.expression(p, n.Child("expr"), f)
			p.context = append(p.context, f)
		}
	}
	slices.SortFunc(p.context, func(a, b *contextField) int { return cmp.Compare(a.name, b.name) })
}

// expression compiles a context field's, and puts what is wrong where it stands.
func (l *loader) expression(p *Policy, n strict.Node, f *contextField) {
	err := f.compile(l.targets.catalog)
	if err == nil {
		return
	}
	finding := n.Find("", bilingual.Of(err))
	if wrong, ok := errors.AsType[*misfit](err); ok {
		finding.Col += inside(p.text, n, f.text, wrong.at)
	}
	l.findings = append(l.findings, finding)
}

// inside is how far behind the beginning of a scalar a place in its text stands;
// 0 where the text is not written as it is.
func inside(source []byte, n strict.Node, text string, at int) int {
	lines := strings.Split(string(source), "\n")
	pos := n.Pos()
	if pos.Line > len(lines) {
		return 0
	}
	line := []rune(lines[pos.Line-1])
	if pos.Col-1 > len(line) {
		return 0
	}
	rest := string(line[pos.Col-1:])
	for quotes, before := range []string{"", `"`, "'"} {
		if strings.HasPrefix(rest, before+text) {
			return at + min(quotes, 1)
		}
	}
	return 0
}
