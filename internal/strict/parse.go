package strict

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"passerelle/internal/bilingual"
)

const (
	maxSize   = 4 << 20 // bytes
	maxDepth  = 64
	maxTokens = 100_000 // the parser's time grows with the square of a mapping's length
)

// Options say where a document comes from. The zero Options are those of a
// whole file.
type Options struct {
	Dir       string // relative paths of the document start here; "" is the file's folder
	Line, Col int    // where in the file the text begins; 0 is 1
}

// Parse reads one YAML document. Its error is [Findings]. An empty document is
// a null node.
func Parse(file string, data []byte) (*Node, error) { return Options{}.Parse(file, data) }

// Parse reads one YAML document; see the function [Parse].
func (o Options) Parse(file string, data []byte) (*Node, error) {
	if o.Dir == "" {
		o.Dir = filepath.Dir(file)
	}
	p := &reader{doc: &document{
		file: file, dir: o.Dir,
		line: max(o.Line, 1) - 1, col: max(o.Col, 1) - 1,
	}}
	root := p.read(data)
	if err := p.findings.Err(); err != nil {
		return nil, err
	}
	return &Node{doc: p.doc, tree: root}, nil
}

// reader turns the library's syntax tree into ours and collects what we do not
// allow on the way.
type reader struct {
	doc      *document
	findings Findings
}

func (p *reader) fault(at mark, text bilingual.Text) {
	p.findings = append(p.findings, p.doc.finding(at, "", text))
}

func (p *reader) read(data []byte) *tree {
	null := &tree{kind: Null, mark: mark{1, 1}}
	if len(data) > maxSize {
		p.fault(null.mark, bilingual.Text{"larger than {n} MiB", "plus grand que {n} Mio"}.With("{n}", maxSize>>20))
		return null
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	p.doc.lines = strings.SplitAfter(string(data), "\n")
	if at, ok := firstInvalid(data); !ok {
		p.fault(at, bilingual.Text{"not UTF-8: save the file as UTF-8", "ce n'est pas de l'UTF-8 : enregistrez le fichier en UTF-8"})
		return null
	}
	tokens := lexer.Tokenize(string(data))
	if !p.bounded(tokens) {
		return null
	}
	file, err := parseTokens(tokens)
	if err != nil {
		p.syntax(err)
		return null
	}
	return p.root(file, null)
}

func firstInvalid(data []byte) (mark, bool) {
	line, col := 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			return mark{line, col}, false
		case r == '\n':
			line, col = line+1, 1
		default:
			col++
		}
		data = data[size:]
	}
	return mark{}, true
}

// bounded refuses what would make the parser recurse too deep or run too long.
// Nesting is counted coarsely here, exactly in [reader.node].
func (p *reader) bounded(tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		p.fault(mark{1, 1}, bilingual.Text{"more than {n} words and signs: split the file", "plus de {n} mots et signes : partagez le fichier"}.With("{n}", maxTokens))
		return false
	}
	flow, columns := 0, []int{}
	for _, tk := range tokens {
		at := markOf(tk)
		switch {
		case tk.Type == token.MappingStartType || tk.Type == token.SequenceStartType:
			flow++
		case tk.Type == token.MappingEndType || tk.Type == token.SequenceEndType:
			flow = max(flow-1, 0)
		case flow == 0 && tk.Type != token.CommentType:
			for len(columns) > 0 && columns[len(columns)-1] >= at.col {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, at.col)
		}
		if flow > maxDepth || len(columns) > 4*maxDepth {
			p.fault(at, tooDeep)
			return false
		}
	}
	return true
}

// parseTokens calls the library. It panics on some malformed documents; to the
// reader of our errors that is a syntax error like others.
func parseTokens(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("not valid YAML")
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

var (
	tooDeep = bilingual.Text{"nested deeper than {n} levels", "plus de {n} niveaux imbriqués"}.With("{n}", maxDepth)
	badYAML = bilingual.Text{
		"not valid YAML: check the indentation, the quotes and the colons around here",
		"ce n'est pas du YAML valide : vérifiez ici les retraits, les guillemets et les deux-points",
	}
	quotedYAML     = bilingual.Text{"not valid YAML: {words}", badYAML.In(bilingual.French) + " ({words})"}
	quoteReference = bilingual.Text{
		"; between { } or [ ] a reference needs quotes: \"${env:NAME}\"",
		" ; entre { } ou [ ] une référence s'écrit entre guillemets : \"${env:NAME}\"",
	}
)

// syntax reports the library's message, without the excerpt of the source that
// its Error method shows, and not at all if it quotes something.
func (p *reader) syntax(err error) {
	at, text := mark{1, 1}, badYAML
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		if tk := syntax.GetToken(); tk != nil {
			at = markOf(tk)
		}
		if msg := syntax.GetMessage(); !strings.ContainsAny(msg, "\"`") {
			text = quotedYAML.With("{words}", strings.ReplaceAll(msg, "'\t'", "tab"))
		}
	}
	if at.line <= len(p.doc.lines) && strings.Contains(p.doc.lines[at.line-1], "${") {
		text = text.And(quoteReference)
	}
	p.fault(at, text)
}

func (p *reader) root(file *ast.File, null *tree) *tree {
	root, seen := null, false
	for _, doc := range file.Docs {
		end := mark{len(p.doc.lines) + 1, 1}
		if doc.End != nil {
			end = markOf(doc.End)
		}
		switch body := doc.Body.(type) {
		case nil:
		case *ast.DirectiveNode:
			p.fault(markOf(body.Start), bilingual.Text{"a % directive: remove the line", "une directive % : supprimez la ligne"})
		default:
			t := p.node(body, end, 1)
			if seen {
				p.fault(t.mark, bilingual.Text{
					"a second document: a file holds one, remove the --- line",
					"un second document : un fichier n'en contient qu'un, supprimez la ligne ---",
				})
				return root
			}
			root, seen = t, true
		}
	}
	return root
}

// node converts n, which ends before end at the latest. It never returns nil.
func (p *reader) node(n ast.Node, end mark, depth int) *tree {
	if depth > maxDepth {
		at := markOf(n.GetToken())
		p.fault(at, tooDeep)
		return &tree{kind: Null, mark: at}
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return p.mapping(n, end, depth)
	case *ast.MappingValueNode:
		t := &tree{kind: Mapping, end: end}
		p.entry(t, n, end, depth)
		t.mark = t.entries[0].mark
		return t
	case *ast.SequenceNode:
		return p.sequence(n, end, depth)
	case *ast.LiteralNode:
		return &tree{kind: Scalar, mark: markOf(n.Start), text: n.Value.Value, quoted: true}
	case *ast.StringNode:
		quoted := n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
		return &tree{kind: Scalar, mark: markOf(n.Token), text: n.Value, quoted: quoted}
	case *ast.NullNode:
		return &tree{kind: Null, mark: markOf(n.Token)}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		tk := n.GetToken()
		return &tree{kind: Scalar, mark: markOf(tk), text: tk.Value}
	}
	return p.refused(n)
}

func (p *reader) refused(n ast.Node) *tree {
	t := &tree{kind: Null, mark: mark{1, 1}}
	if n == nil {
		return t
	}
	t.mark = markOf(n.GetToken())
	what := bilingual.Text{"this kind of YAML", "ce genre de YAML"}
	switch n.(type) {
	case *ast.AnchorNode:
		what = bilingual.Text{"an anchor (&)", "une ancre (&)"}
	case *ast.AliasNode:
		what = bilingual.Text{"an alias (*)", "un alias (*)"}
	case *ast.TagNode:
		what = bilingual.Text{"a tag (!)", "une étiquette (!)"}
	}
	p.fault(t.mark, bilingual.Text{
		"{what} is not allowed: write the value itself, in quotes if it begins with this sign",
		"{what} n'est pas permis : écrivez la valeur elle-même, entre guillemets si elle commence par ce signe",
	}.With("{what}", what))
	return t
}

func (p *reader) mapping(n *ast.MappingNode, end mark, depth int) *tree {
	t := &tree{kind: Mapping, mark: markOf(n.Start), end: end}
	last := end
	if n.IsFlowStyle && n.End != nil {
		last = markOf(n.End)
		t.end = mark{last.line, last.col + 1}
	}
	for i, value := range n.Values {
		stop := last
		if i+1 < len(n.Values) {
			stop = markOf(n.Values[i+1].Key.GetToken())
		}
		p.entry(t, value, stop, depth)
	}
	if !n.IsFlowStyle && len(t.entries) > 0 {
		t.mark = t.entries[0].mark
	}
	return t
}

func (p *reader) entry(t *tree, n *ast.MappingValueNode, end mark, depth int) {
	e := entry{mark: markOf(n.Key.GetToken())}
	switch key := n.Key.(type) {
	case *ast.StringNode:
		e.key = key.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		e.key = key.GetToken().Value
	case *ast.MergeKeyNode:
		p.fault(e.mark, bilingual.Text{"a merge key (<<) is not allowed: write the keys themselves", "une fusion de clés (<<) n'est pas permise : écrivez les clés elles-mêmes"})
	default:
		p.fault(e.mark, bilingual.Text{"not a plain key: write name: value", "ce n'est pas une simple clé : écrivez nom: valeur"})
	}
	e.value = p.node(n.Value, end, depth+1)
	t.entries = append(t.entries, e)
}

func (p *reader) sequence(n *ast.SequenceNode, end mark, depth int) *tree {
	t := &tree{kind: Sequence, mark: markOf(n.Start), end: end}
	last := end
	if n.IsFlowStyle && n.End != nil {
		last = markOf(n.End)
		t.end = mark{last.line, last.col + 1}
	}
	for i, value := range n.Values {
		stop := last
		if i+1 < len(n.Entries) && n.Entries[i+1].Start != nil {
			stop = markOf(n.Entries[i+1].Start)
		}
		t.items = append(t.items, p.node(value, stop, depth+1))
	}
	return t
}

func markOf(tk *token.Token) mark {
	if tk == nil || tk.Position == nil {
		return mark{1, 1}
	}
	return mark{max(tk.Position.Line, 1), max(tk.Position.Column, 1)}
}

// finding places a finding in the file, wherever in it the document begins.
func (d *document) finding(at mark, path string, text bilingual.Text) Finding {
	return Finding{File: d.file, Line: at.line + d.line, Col: at.col + d.col, Path: path, Text: text.In(bilingual.English), French: text.In(bilingual.French)}
}
