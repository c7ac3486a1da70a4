package strict

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"passerelle/internal/bilingual"
)

// Position is a place in a source file; line and column count from 1, the
// column in characters.
type Position struct {
	File      string
	Line, Col int
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col) }

// Finding is one thing that is wrong in a document. Text says what, and what
// to write; it never quotes a value.
type Finding struct {
	File      string
	Line, Col int
	Path      string // "limits.rate", "tokens[2].person"; "" is the document
	Text      string
	French    string // Text in French; what only English words are known for stands in them
}

// In is the finding with its Text in French if lang is "fr".
func (f Finding) In(lang string) Finding {
	if lang == bilingual.French && f.French != "" {
		f.Text = f.French
	}
	return f
}

func (f Finding) String() string {
	at := Position{f.File, f.Line, f.Col}.String()
	if f.Path != "" {
		at += " " + f.Path
	}
	return at + ": " + f.Text
}

// Findings is an error: everything that is wrong, a line each.
type Findings []Finding

// In is the findings with their texts in French if lang is "fr".
func (fs Findings) In(lang string) Findings {
	out := make(Findings, len(fs))
	for i, f := range fs {
		out[i] = f.In(lang)
	}
	return out
}

func (fs Findings) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Err is the findings in the order of the source, or nil if there are none.
func (fs Findings) Err() error {
	if len(fs) == 0 {
		return nil
	}
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return fs
}

// Add takes over the findings of err, which [Node.Decode] or [Parse] returned.
// Any other error becomes a finding without a place; nil is nothing.
func (fs *Findings) Add(err error) {
	if err == nil {
		return
	}
	if more, ok := errors.AsType[Findings](err); ok {
		*fs = append(*fs, more...)
		return
	}
	*fs = append(*fs, Finding{Text: err.Error()})
}

// keyText makes a key fit to print: keys are not values, but may be anything.
func keyText(key string) string {
	const longest = 60
	if r := []rune(key); len(r) > longest {
		key = string(r[:longest]) + "…"
	}
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(key)
	}
	return key
}
