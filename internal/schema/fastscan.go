package schema

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// scan goes over the bytes of one JSON value with a check. All its answers are
// yes or "not sure": what is rare it leaves to the library.
type scan struct {
	in      []byte
	at      int
	text    []byte   // the last string, without its escapes
	escapes bool     // it had some: text stands in plain
	plain   []byte   // room for one
	others  [][]byte // the names met that have no schema of their own
}

var scans = sync.Pool{New: func() any { return new(scan) }}

// fits says whether a body fits for certain.
func (c *check) fits(body []byte) bool {
	if !utf8.Valid(body) {
		return false
	}
	s := scans.Get().(*scan)
	defer scans.Put(s)
	s.in, s.at = body, 0
	yes := s.value(c)
	s.space()
	yes = yes && s.at == len(s.in)
	*s = scan{plain: s.plain[:0], others: s.others[:0]}
	clear(s.others[:cap(s.others)])
	return yes
}

func (s *scan) space() {
	for s.at < len(s.in) {
		switch s.in[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// next is the next byte that is no space, 0 at the end.
func (s *scan) next() byte {
	s.space()
	if s.at == len(s.in) {
		return 0
	}
	return s.in[s.at]
}

// take goes over one byte if it comes next.
func (s *scan) take(b byte) bool {
	if s.next() != b {
		return false
	}
	s.at++
	return true
}

func (s *scan) value(c *check) bool {
	switch b := s.next(); b {
	case '{':
		return c.object != nil && s.object(c.object)
	case '"':
		return c.kinds&aString != 0 && s.string() && c.string(s.text)
	case 't':
		return c.kinds&aBoolean != 0 && s.literal("true")
	case 'f':
		return c.kinds&aBoolean != 0 && s.literal("false")
	case 'n':
		return c.kinds&aNull != 0 && s.literal("null")
	default:
		return (b == '-' || b >= '0' && b <= '9') && s.number(c)
	}
}

func (s *scan) literal(word string) bool {
	if !bytes.HasPrefix(s.in[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

// longestNumber is how many bytes of a number are judged here: what fits is
// exact in every type that it could be read as.
const longestNumber = 15

func (s *scan) number(c *check) bool {
	begin := s.at
	whole := s.digits(true)
	fraction := whole && s.at < len(s.in) && s.in[s.at] == '.'
	if fraction {
		s.at++
		whole = s.digits(false)
	}
	text := s.in[begin:s.at]
	exponent := s.at < len(s.in) && (s.in[s.at] == 'e' || s.in[s.at] == 'E')
	if !whole || exponent || len(text) > longestNumber {
		return false
	}
	if fraction {
		return c.kinds&aFraction != 0 && c.kinds&anInteger != 0 && !c.bounded()
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return err == nil && c.kinds&anInteger != 0 && c.words == nil && n >= c.least && n <= c.most
}

// digits goes over the digits before or behind the point.
func (s *scan) digits(before bool) bool {
	if before && s.in[s.at] == '-' {
		s.at++
	}
	begin := s.at
	for s.at < len(s.in) && s.in[s.at] >= '0' && s.in[s.at] <= '9' {
		s.at++
	}
	n := s.at - begin
	return n == 1 || n > 1 && (!before || s.in[begin] != '0')
}

func (s *scan) object(c *objectCheck) bool {
	s.at++ // {
	var there, raised uint64
	members := 0
	firstOther := len(s.others)
	for more := s.next() != '}'; more; more = s.take(',') {
		members++
		if s.next() != '"' || !s.string() || c.names != nil && !c.names.string(s.text) {
			return false
		}
		known := c.members[string(s.text)]
		if known == nil && !s.other(c, firstOther) || known != nil && there&known.bit != 0 {
			return false
		}
		if !s.take(':') {
			return false
		}
		if known == nil {
			if !s.value(c.others) {
				return false
			}
			continue
		}
		there |= known.bit
		s.text = nil
		if !s.value(known.check) {
			return false
		}
		if known.demand >= 0 && string(s.text) == c.demands[known.demand].value {
			raised |= c.demands[known.demand].required
		}
	}
	s.others = s.others[:firstOther]
	return s.take('}') && members <= c.most && c.complete(there, raised)
}

// mostOthers is how many members without a schema of their own are compared
// with each other here.
const mostOthers = 32

// other notes the name just read, which must be the first of its like.
func (s *scan) other(c *objectCheck, first int) bool {
	twice := slices.ContainsFunc(s.others[first:], func(name []byte) bool { return bytes.Equal(name, s.text) })
	if c.others == nil || twice || len(s.others)-first == mostOthers || s.escapes {
		return false
	}
	s.others = append(s.others, s.text)
	return true
}

func (c *objectCheck) complete(there, raised uint64) bool {
	if all := c.required | raised; there&all != all {
		return false
	}
	for _, sets := range c.oneOf {
		if !slices.ContainsFunc(sets, func(set uint64) bool { return there&set == set }) {
			return false
		}
	}
	return true
}

// bounded says whether numbers are compared with anything.
func (c *check) bounded() bool {
	return c.least != math.MinInt64 || c.most != math.MaxInt64 || c.words != nil
}

// string judges a string without its escapes.
func (c *check) string(text []byte) bool {
	n := len(text)
	if n > c.length || c.shortest > 1 {
		n = utf8.RuneCount(text)
	}
	if n > c.length || n < c.shortest {
		return false
	}
	if c.words != nil && !slices.Contains(c.words, string(text)) {
		return false
	}
	for _, match := range c.match {
		if !match(text) {
			return false
		}
	}
	return true
}
