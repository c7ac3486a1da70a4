package appendjson

import (
	"math/bits"
	"unicode/utf8"
)

// String appends a text in quotes.
func String(out []byte, s string) []byte { return Rest(append(out, '"'), s) }

// Rest appends a text whose first quote is there already.
func Rest(out []byte, s string) []byte {
	i := plainTo(s)
	if i == len(s) {
		return append(append(out, s...), '"')
	}
	from := 0 // what is not written yet
	for i < len(s) {
		b := s[i]
		if b < utf8.RuneSelf {
			if !plain[b] {
				out = escape(append(out, s[from:i]...), b)
				from = i + 1
			}
			i++
			continue
		}
		if b >= 0xc2 && b <= 0xdf && i+1 < len(s) && s[i+1]&0xc0 == 0x80 { // é and the like
			i += 2
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			out = append(append(out, s[from:i]...), `\ufffd`...)
			from = i + size
		case r == '\u2028', r == '\u2029': // line ends to JavaScript
			out = append(append(append(out, s[from:i]...), `\u202`...), digits[r&0xf])
			from = i + size
		}
		i += size
	}
	return append(append(out, s[from:]...), '"')
}

// plainTo is where the first byte stands that does not stand for itself. Eight
// bytes are looked at at once; the last eight may have been looked at before.
func plainTo(s string) int {
	if len(s) < 8 {
		return plainOfFew(s)
	}
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for i := 0; ; i += 8 {
		i = min(i, len(s)-8)
		b := s[i : i+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		slash, quote, angle := x^ones*'\\', (x|ones*4)^ones*'&', (x|ones*2)^ones*'>' // " is & without 4, < is > without 2
		special := (x | (x-ones*' ')&^x | (slash-ones)&^slash | (quote-ones)&^quote | (angle-ones)&^angle) & tops
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
		if i+8 == len(s) {
			return len(s)
		}
	}
}

func plainOfFew(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || !plain[s[i]] {
			return i
		}
	}
	return len(s)
}

const digits = "0123456789abcdef"

// plain are the ASCII characters that stand for themselves.
var plain = func() (t [utf8.RuneSelf]bool) {
	for b := range t {
		t[b] = b >= ' ' && b != '"' && b != '\\' && b != '<' && b != '>' && b != '&'
	}
	return t
}()

func escape(out []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(out, '\\', b)
	case '\b':
		return append(out, `\b`...)
	case '\f':
		return append(out, `\f`...)
	case '\n':
		return append(out, `\n`...)
	case '\r':
		return append(out, `\r`...)
	case '\t':
		return append(out, `\t`...)
	}
	return append(out, '\\', 'u', '0', '0', digits[b>>4], digits[b&0xf])
}
