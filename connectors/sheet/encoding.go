package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decodeText is the content as UTF-8.
func decodeText(name string, data []byte, latin bool) (string, error) {
	if latin {
		if bytes.HasPrefix(data, []byte(bom)) {
			return "", fmt.Errorf("%s is UTF-8: take `encoding: windows-1252` out of the settings", name)
		}
		return decodeLatin(data), nil
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", fmt.Errorf("%s is UTF-16: save it as «CSV UTF-8»", name)
	}
	if !utf8.Valid(data) {
		return "", fmt.Errorf("%s, line %d: not UTF-8: write `encoding: windows-1252` in the settings or save the file as UTF-8", name, badLine(data))
	}
	return string(data), nil
}

// badLine is the first line that is not UTF-8.
func badLine(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return line
}

// decodeLatin reads windows-1252. The five bytes that stand for nothing there
// become control characters, and those the same bytes again.
func decodeLatin(data []byte) string {
	var b strings.Builder
	b.Grow(len(data) + len(data)/8)
	for _, c := range data {
		r := charmap.Windows1252.DecodeByte(c)
		if r == utf8.RuneError {
			r = rune(c)
		}
		b.WriteRune(r)
	}
	return b.String()
}

var errLatin = errors.New("the file's encoding, windows-1252, lacks one of the characters: save the file as UTF-8")

func encodeLatin(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		c, ok := latinByte(r)
		if !ok {
			return nil, errLatin
		}
		out = append(out, c)
	}
	return out, nil
}

func latinHolds(text string) bool {
	for _, r := range text {
		if _, ok := latinByte(r); !ok {
			return false
		}
	}
	return true
}

func latinByte(r rune) (byte, bool) {
	if c, ok := charmap.Windows1252.EncodeRune(r); ok {
		return c, true
	}
	switch r {
	case 0x81, 0x8d, 0x8f, 0x90, 0x9d:
		return byte(r), true
	}
	return 0, false
}
