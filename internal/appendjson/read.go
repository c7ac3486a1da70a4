package appendjson

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Reader reads back what an [Object] wrote, without reflection. It knows no
// other JSON: what it does not expect ends the reading, and package
// encoding/json has the word.
type Reader struct {
	text string // what is read out are parts of it
	at   int
	bad  bool
}

// Readable is what can read itself.
type Readable interface {
	ReadJSON(*Reader)
}

// Read reads a row; false means that v may be half read, and must be read by
// package encoding/json.
func Read(raw []byte, v Readable) bool {
	r := Reader{text: string(raw)}
	v.ReadJSON(&r)
	return !r.bad && r.at == len(r.text)
}

// Unknown ends the reading: here is something that the type does not know.
func (r *Reader) Unknown() { r.bad = true }

func (r *Reader) peek() byte {
	if r.bad || r.at >= len(r.text) {
		r.bad = true
		return 0
	}
	return r.text[r.at]
}

// is says whether c comes next, and goes behind it.
func (r *Reader) is(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

func (r *Reader) must(c byte) {
	if !r.is(c) {
		r.bad = true
	}
}

// Object reads an object; member reads the value of each of its members.
func (r *Reader) Object(member func(name string)) {
	r.must('{')
	if r.is('}') {
		return
	}
	for !r.bad {
		name := r.String()
		r.must(':')
		if r.bad {
			return
		}
		member(name)
		if r.is('}') {
			return
		}
		r.must(',')
	}
}

// List reads a list, which is never empty; item reads each of its values.
func (r *Reader) List(item func()) {
	r.must('[')
	for !r.bad {
		item()
		if r.is(']') {
			return
		}
		r.must(',')
	}
}

// String reads a text.
func (r *Reader) String() string {
	r.must('"')
	if r.bad {
		return ""
	}
	end := strings.IndexByte(r.text[r.at:], '"')
	if end < 0 {
		r.bad = true
		return ""
	}
	text := r.text[r.at : r.at+end]
	if strings.IndexByte(text, '\\') >= 0 {
		return r.escaped()
	}
	for i := range len(text) {
		if text[i] < ' ' {
			r.bad = true
		}
	}
	if !utf8.ValidString(text) {
		r.bad = true
	}
	r.at += end + 1
	return text
}

// escaped reads a text that has escapes, from behind its first quote.
func (r *Reader) escaped() (out string) {
	begin := r.at - 1
	for r.peek() != '"' && !r.bad {
		if r.text[r.at] == '\\' {
			r.at++
		}
		r.at++
	}
	r.must('"')
	if r.bad || json.Unmarshal([]byte(r.text[begin:r.at]), &out) != nil {
		r.bad = true
	}
	return out
}

// Int reads a whole number.
func (r *Reader) Int() int {
	text := r.digits()
	n, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(n) != text {
		r.bad = true
	}
	return n
}

// Uint reads a whole number that is not negative.
func (r *Reader) Uint() uint64 {
	text := r.digits()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != text {
		r.bad = true
	}
	return n
}

func (r *Reader) digits() string {
	begin := r.at
	for r.at < len(r.text) && (r.text[r.at] == '-' || r.text[r.at] >= '0' && r.text[r.at] <= '9') {
		r.at++
	}
	return r.text[begin:r.at]
}

// Bool reads a truth, of which only the true ones are written.
func (r *Reader) Bool() bool {
	if !strings.HasPrefix(r.text[r.at:], "true") {
		r.bad = true
		return false
	}
	r.at += len("true")
	return true
}

// Time reads a moment.
func (r *Reader) Time() (at time.Time) {
	text := r.String()
	if r.bad || at.UnmarshalText([]byte(text)) != nil {
		r.bad = true
	}
	return at
}
