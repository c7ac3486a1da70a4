package appendjson

import "unicode/utf8"

// String appends a text in quotes.
func String(out []byte, s string) []byte {
	out = append(out, '"')
	from := 0 // what is not written yet
	for i := 0; i < len(s); {
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
