package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth  = 32
	maxNumber = 64 // digits and signs of a number
)

// parse reads one JSON value strictly. Its error names no schema yet.
func parse(body []byte) (any, *Error) {
	if !utf8.Valid(body) {
		return nil, fail("", "not valid UTF-8")
	}
	r := reader{dec: json.NewDecoder(bytes.NewReader(body))}
	r.dec.UseNumber()
	value, err := r.value()
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fail("", "something follows the JSON value: send one value only")
	}
	return value, nil
}

func fail(pointer, format string, args ...any) *Error {
	return &Error{Findings: []Finding{{pointer, fmt.Sprintf(format, args...)}}}
}

type reader struct {
	dec  *json.Decoder
	path []string // of the value being read
}

func (r *reader) fail(format string, args ...any) *Error {
	return fail(pointerTo(r.path...), format, args...)
}

func (r *reader) token() (json.Token, *Error) {
	tok, err := r.dec.Token()
	switch {
	case err == nil:
		return tok, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, r.fail("not valid JSON: it ends too early")
	}
	return nil, r.fail("not valid JSON near byte %d", r.dec.InputOffset())
}

func (r *reader) value() (any, *Error) {
	if len(r.path) > maxDepth {
		return nil, fail("", "nested deeper than %d levels", maxDepth)
	}
	tok, err := r.token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '{' {
			return r.object()
		}
		return r.array()
	case json.Number:
		return tok, r.number(tok)
	}
	return tok, nil
}

// number refuses what would cost time and memory to compute with.
func (r *reader) number(n json.Number) *Error {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || math.IsInf(f, 0) || len(n) > maxNumber {
		return r.fail("a number that is too large or too long")
	}
	if mantissa, _, ok := strings.Cut(strings.ToLower(string(n)), "e"); ok && f == 0 && strings.Trim(mantissa, "-0.") != "" {
		return r.fail("a number that is too small")
	}
	return nil
}

func (r *reader) object() (any, *Error) {
	out := map[string]any{}
	for r.dec.More() {
		tok, err := r.token()
		if err != nil {
			return nil, err
		}
		name := tok.(string) // the decoder takes nothing else here
		r.path = append(r.path, name)
		if _, twice := out[name]; twice {
			return nil, r.fail("this name stands twice in its object")
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		out[name] = value
		r.path = r.path[:len(r.path)-1]
	}
	_, err := r.token() // }
	return out, err
}

func (r *reader) array() (any, *Error) {
	out := []any{}
	for r.dec.More() {
		r.path = append(r.path, strconv.Itoa(len(out)))
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		out = append(out, value)
		r.path = r.path[:len(r.path)-1]
	}
	_, err := r.token() // ]
	return out, err
}

var escapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointerTo is the JSON pointer (RFC 6901) to a path.
func pointerTo(path ...string) string {
	var b strings.Builder
	for _, step := range path {
		b.WriteString("/" + escapes.Replace(shorten(step)))
	}
	return b.String()
}

// shorten keeps names that a sender made up within bounds.
func shorten(name string) string {
	const longest = 60
	if r := []rune(name); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return name
}
