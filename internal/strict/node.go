package strict

import (
	"fmt"
	"strconv"
	"strings"

	"passerelle/internal/bilingual"
)

// Kind says what a node is.
type Kind int

// The kinds of nodes.
const (
	Absent   Kind = iota // not in the document; the position is that of what it is missing from
	Null                 // there, but empty
	Scalar               // text, a number, true or false
	Mapping              // keys and values
	Sequence             // a list
)

// Node is a part of a document. A struct field of type Node takes its value as
// it stands, for its owner to decode later; if the key is absent, it holds an
// absent node that still knows where it would have stood. A field of type
// *Node is nil then. The zero Node is absent, with no place.
type Node struct {
	doc  *document
	tree *tree
	path string
}

type document struct {
	file, dir string
	line, col int      // of the file before the document begins
	lines     []string // with their ends
}

type mark struct{ line, col int }

func (m mark) before(other mark) bool {
	return m.line < other.line || m.line == other.line && m.col < other.col
}

type tree struct {
	kind    Kind
	mark    mark
	end     mark   // of a mapping or sequence: the first place that is no longer its own
	text    string // of a scalar
	quoted  bool   // the scalar is text, whatever it looks like
	entries []entry
	items   []*tree
}

type entry struct {
	key   string
	mark  mark
	value *tree
}

// Kind says what the node is.
func (n Node) Kind() Kind {
	if n.tree == nil {
		return Absent
	}
	return n.tree.kind
}

// Pos is where the node stands.
func (n Node) Pos() Position {
	if n.doc == nil {
		return Position{}
	}
	return Position{n.doc.file, n.tree.mark.line + n.doc.line, n.tree.mark.col + n.doc.col}
}

// Path is the node's path from the document's root, "" for the root itself.
func (n Node) Path() string { return n.path }

// Scalar is the text of a scalar, without quotes, false if it is none.
func (n Node) Scalar() (string, bool) {
	if n.Kind() != Scalar {
		return "", false
	}
	return n.tree.text, true
}

// Keys lists a mapping's keys in the order of the document.
func (n Node) Keys() []string {
	if n.Kind() != Mapping {
		return nil
	}
	keys := make([]string, len(n.tree.entries))
	for i, e := range n.tree.entries {
		keys[i] = e.key
	}
	return keys
}

// Items lists a sequence's nodes.
func (n Node) Items() []Node {
	if n.Kind() != Sequence {
		return nil
	}
	items := make([]Node, len(n.tree.items))
	for i := range items {
		items[i] = n.item(i)
	}
	return items
}

// Child is the value of a mapping's key, whatever signs the key has in it; an
// absent node in the mapping's place if there is none.
func (n Node) Child(key string) Node {
	if n.Kind() == Mapping {
		for _, e := range n.tree.entries {
			if e.key == key {
				return n.value(e)
			}
		}
	}
	return n.absent(keyText(key))
}

// At is the node at a path like "limits.rate" or "tokens[2].person", seen from
// n. Keys may hold dots: the longest that fits is taken. What does not exist is
// an absent node in the place of what it is missing from.
func (n Node) At(path string) Node {
	for path != "" {
		next, rest, ok := n.step(path)
		if !ok {
			return n.absent(path)
		}
		n, path = next, rest
	}
	return n
}

func (n Node) step(path string) (next Node, rest string, ok bool) {
	switch n.Kind() {
	case Mapping:
		best := -1
		for i, e := range n.tree.entries {
			after, fits := strings.CutPrefix(path, e.key)
			if fits && (after == "" || after[0] == '.' || after[0] == '[') && (best < 0 || len(e.key) > len(n.tree.entries[best].key)) {
				best = i
			}
		}
		if best < 0 {
			return Node{}, "", false
		}
		e := n.tree.entries[best]
		return n.value(e), strings.TrimPrefix(path[len(e.key):], "."), e.key != ""
	case Sequence:
		inner, after, closed := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(inner)
		if !closed || err != nil || i < 0 || i >= len(n.tree.items) {
			return Node{}, "", false
		}
		return n.item(i), strings.TrimPrefix(after, "."), true
	}
	return Node{}, "", false
}

// Find makes a finding for what stands at path, seen from n (see [Node.At]);
// "" is n itself. The text says what is wrong and what to write, and quotes no
// value.
func (n Node) Find(path string, text bilingual.Text) Finding {
	at := n.At(path)
	if at.doc == nil {
		return (&document{}).finding(mark{}, at.path, text)
	}
	return at.doc.finding(at.tree.mark, at.path, text)
}

// Findf is Find for what is said in English only, as fmt has it.
func (n Node) Findf(path, format string, args ...any) Finding {
	return n.Find(path, bilingual.Same(fmt.Sprintf(format, args...)))
}

func (n Node) value(e entry) Node { return Node{n.doc, e.value, join(n.path, keyText(e.key))} }

func (n Node) item(i int) Node {
	return Node{n.doc, n.tree.items[i], fmt.Sprintf("%s[%d]", n.path, i)}
}

func (n Node) absent(path string) Node {
	at := mark{1, 1}
	if n.tree != nil {
		at = n.tree.mark
	}
	return Node{n.doc, &tree{kind: Absent, mark: at}, join(n.path, path)}
}

func join(path, key string) string {
	if path == "" || strings.HasPrefix(key, "[") {
		return path + key
	}
	return path + "." + key
}

// Source is the text of a mapping or a sequence as it stands in the file, with
// its comments, dedented so that it is a document of its own. To parse it with
// the file's positions, give its [Node.Pos] to [Options]. Of other nodes it is
// nil.
func (n Node) Source() []byte {
	if k := n.Kind(); k != Mapping && k != Sequence {
		return nil
	}
	indent := n.tree.mark.col - 1
	var lines []string
	for at := n.tree.mark; at.before(n.tree.end) && at.line <= len(n.doc.lines); at = (mark{at.line + 1, 1}) {
		line := []rune(n.doc.lines[at.line-1])
		if at.line == n.tree.end.line {
			line = line[:min(n.tree.end.col-1, len(line))]
		}
		if at == n.tree.mark {
			line = line[min(indent, len(line)):]
		} else {
			line = line[leading(line, indent):]
		}
		lines = append(lines, string(line))
	}
	return []byte(strings.Join(lines[:n.own(lines)], ""))
}

// own counts the lines up to the last that is neither empty nor a comment that
// belongs to what follows, which is one that stands further left.
func (n Node) own(lines []string) int {
	for i := len(lines) - 1; i > 0; i-- {
		text := strings.TrimSpace(lines[i])
		if text == "" {
			continue
		}
		whole := []rune(n.doc.lines[n.tree.mark.line-1+i])
		if text[0] != '#' || leading(whole, n.tree.mark.col) >= n.tree.mark.col-1 {
			return i + 1
		}
	}
	return min(len(lines), 1)
}

// leading counts the spaces a line begins with, up to most.
func leading(line []rune, most int) int {
	n := 0
	for n < len(line) && n < most && line[n] == ' ' {
		n++
	}
	return n
}
