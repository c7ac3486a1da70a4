package sheet

import (
	"fmt"
	"strings"
)

// scanner cuts CSV text into records without copying it.
type scanner struct {
	name  string // of the file, for messages
	data  string
	pos   int
	line  int
	comma byte
}

func (s *scanner) more() bool { return s.pos < len(s.data) }

// preamble takes Excel's "sep=;" line off the front.
func (s *scanner) preamble() (string, byte) {
	if len(s.data) < 6 || !strings.EqualFold(s.data[:4], "sep=") {
		return "", 0
	}
	end := strings.IndexByte(s.data, '\n') + 1
	if line := strings.TrimRight(s.data[:end], "\r\n"); end == 0 || len(line) != 5 {
		return "", 0
	}
	s.pos, s.line = end, 2
	return s.data[:end], s.data[4]
}

// record reads the next record; its cells go into the given slice. A blank line
// is a record without cells.
func (s *scanner) record(cells []string) (csvRecord, error) {
	start, line := s.pos, s.line
	if eol := s.lineEnd(); eol != "" {
		return csvRecord{line: line, eol: eol}, nil
	}
	for {
		cell, err := s.cell()
		if err != nil {
			return csvRecord{}, err
		}
		cells = append(cells, cell)
		end := s.pos
		if s.more() && s.data[s.pos] == s.comma {
			s.pos++
			continue
		}
		return csvRecord{line: line, raw: s.data[start:end], cells: cells, eol: s.lineEnd()}, nil
	}
}

// lineEnd takes a line end if one is here.
func (s *scanner) lineEnd() string {
	rest := s.data[s.pos:]
	switch {
	case strings.HasPrefix(rest, "\n"):
		s.pos++
		s.line++
		return "\n"
	case strings.HasPrefix(rest, "\r\n"):
		s.pos += 2
		s.line++
		return "\r\n"
	}
	return ""
}

// cell takes the text up to the next delimiter or line end.
func (s *scanner) cell() (string, error) {
	if s.more() && s.data[s.pos] == '"' {
		return s.quoted()
	}
	start := s.pos
	for ; s.pos < len(s.data); s.pos++ {
		c := s.data[s.pos]
		if c == s.comma || c == '\n' || (c == '\r' && strings.HasPrefix(s.data[s.pos:], "\r\n")) {
			break
		}
	}
	return s.data[start:s.pos], nil
}

func (s *scanner) quoted() (string, error) {
	start, line := s.pos, s.line
	s.pos++
	for {
		i := strings.IndexByte(s.data[s.pos:], '"')
		if i < 0 {
			return "", &csvError{s.name, line, start, unclosed}
		}
		s.line += strings.Count(s.data[s.pos:s.pos+i], "\n")
		s.pos += i + 1
		if s.more() && s.data[s.pos] == '"' {
			s.pos++
			continue
		}
		break
	}
	if rest := s.data[s.pos:]; rest == "" || rest[0] == s.comma || rest[0] == '\n' || strings.HasPrefix(rest, "\r\n") {
		return s.data[start:s.pos], nil
	}
	return "", &csvError{s.name, s.line, start, "text follows a closing quote: double the quotes inside a cell"}
}

// unclosed is what is wrong with a record that runs to the end of the file.
const unclosed = "a quote is opened and never closed"

// csvError is a record that cannot be read.
type csvError struct {
	file string
	line int
	pos  int // of the cell
	what string
}

func (e *csvError) Error() string { return fmt.Sprintf("%s, line %d: %s", e.file, e.line, e.what) }
