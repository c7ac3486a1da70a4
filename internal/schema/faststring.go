package schema

import (
	"bytes"
	"unicode/utf8"
)

// string goes over a string and sets text to what it says. Halves of surrogate
// pairs, and pairs, are left to the library.
func (s *scan) string() bool {
	s.at++ // the quote
	s.escapes = false
	begin := s.at
	for s.at < len(s.in) {
		switch b := s.in[s.at]; {
		case b == '"':
			s.text = s.in[begin:s.at]
			s.at++
			return true
		case b == '\\':
			return s.escaped(begin)
		case b < ' ':
			return false
		}
		s.at++
	}
	return false
}

// escaped goes on where the first escape of a string stands.
func (s *scan) escaped(begin int) bool {
	s.escapes = true
	s.plain = append(s.plain[:0], s.in[begin:s.at]...)
	for s.at < len(s.in) {
		b := s.in[s.at]
		s.at++
		switch {
		case b == '"':
			s.text = s.plain
			return true
		case b < ' ':
			return false
		case b != '\\':
			s.plain = append(s.plain, b)
		case !s.escape():
			return false
		}
	}
	return false
}

const (
	escapeLetters = `"\/bfnrt`
	escapeMeaning = "\"\\/\b\f\n\r\t"
)

// escape takes in what stands behind a backslash.
func (s *scan) escape() bool {
	if s.at == len(s.in) {
		return false
	}
	b := s.in[s.at]
	s.at++
	if b == 'u' {
		return s.unicode()
	}
	i := bytes.IndexByte([]byte(escapeLetters), b)
	if i < 0 {
		return false
	}
	s.plain = append(s.plain, escapeMeaning[i])
	return true
}

func (s *scan) unicode() bool {
	if len(s.in)-s.at < 4 {
		return false
	}
	var r rune
	for _, b := range s.in[s.at : s.at+4] {
		switch {
		case b >= '0' && b <= '9':
			b -= '0'
		case b >= 'a' && b <= 'f':
			b -= 'a' - 10
		case b >= 'A' && b <= 'F':
			b -= 'A' - 10
		default:
			return false
		}
		r = r<<4 | rune(b)
	}
	s.at += 4
	if r >= 0xd800 && r <= 0xdfff {
		return false
	}
	s.plain = utf8.AppendRune(s.plain, r)
	return true
}
