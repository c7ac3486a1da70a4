package sheet

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"passerelle/internal/bridge"
)

// fold brings a header to the form it is compared in: no accents, case, byte
// order mark or odd white space.
func fold(s string) string {
	if isPlain(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r) || r == '\ufeff' || r == '\u200b':
		case unicode.IsSpace(r):
			gap = b.Len() > 0
		default:
			if gap {
				b.WriteByte(' ')
				gap = false
			}
			if r == '’' {
				r = '\''
			}
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// trim takes off the white space, no-break spaces and byte order marks that
// surround what people type or paste.
func trim(s string) string {
	if isPlain(s) {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' })
}

// canonical reads a cell. What is not of the field's type is its trimmed text.
func canonical(def bridge.FieldDef, cell string, zone *time.Location) bridge.Value {
	text := unguard(string(plain(bridge.Value(cell))))
	if text == "" {
		return ""
	}
	if v, err := def.Parse(readable(def.Type, text, zone)); err == nil {
		return v
	}
	return bridge.Value(text)
}

// readable brings the forms people use to one that the field's type parses.
func readable(typ bridge.FieldType, text string, zone *time.Location) string {
	switch typ {
	case bridge.Integer:
		if s := digits(text); strings.Trim(afterDot(s), "0") == "" {
			s, _, _ = strings.Cut(s, ".")
			return s
		}
	case bridge.Decimal:
		return digits(text)
	case bridge.Boolean:
		switch strings.ToLower(text) {
		case "x", "o", "y", "✓", "✔":
			return "true"
		case "n":
			return "false"
		}
	case bridge.Date:
		if t, layout := parseMoment(text, dateLayouts, time.UTC); layout != "" {
			return t.Format(time.DateOnly)
		}
	case bridge.DateTime:
		if t, layout := parseMoment(text, timeLayouts, zone); layout != "" {
			return t.Format(time.RFC3339Nano)
		}
	}
	return text
}

// digits takes group marks and a currency sign out of a number and makes its
// decimal mark a dot. Where both a comma and a dot stand, the last one is it.
func digits(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '€' || r == '\'' || r == '’' {
			return -1
		}
		return r
	}, text)
	comma, dot := strings.LastIndexByte(text, ','), strings.LastIndexByte(text, '.')
	switch {
	case comma >= 0 && dot > comma:
		return strings.ReplaceAll(text, ",", "")
	case comma >= 0 && dot >= 0, strings.Count(text, ".") > 1:
		text = strings.ReplaceAll(text, ".", "")
	case strings.Count(text, ",") > 1:
		text = strings.ReplaceAll(text, ",", "")
	}
	return strings.Replace(text, ",", ".", 1)
}

func afterDot(s string) string {
	_, after, _ := strings.Cut(s, ".")
	return after
}

// The forms of dates and times that are read, the commonest first. Days stand
// before months.
var (
	dateLayouts = []string{
		"02/01/2006", time.DateOnly, "2/1/2006", "02-01-2006", "02.01.2006", "2.1.2006", "2-1-2006",
		"2006/01/02", "02/01/06", "02.01.06", "02-01-06", "2006-01-02 15:04:05", "02/01/2006 15:04:05", "02/01/2006 15:04",
	}
	timeLayouts = []string{
		"02/01/2006 15:04", "02/01/2006 15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05",
		"2006-01-02T15:04", "02/01/2006 15h04", "02/01/2006 à 15h04", "02/01/2006 à 15:04", "2/1/2006 15:04",
		"02.01.2006 15:04", "02-01-2006 15:04", "02/01/06 15:04", time.DateOnly, "02/01/2006",
	}
)

// parseMoment reads a date or time and says in which layout it stood, "" for
// none. A time with an offset of its own is read by the field's Parse.
func parseMoment(text string, layouts []string, zone *time.Location) (time.Time, string) {
	if len(text) < 6 || len(text) > 24 || text[0] < '0' || text[0] > '9' {
		return time.Time{}, ""
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, layout
		}
	}
	return time.Time{}, ""
}

var numeric = regexp.MustCompile(`^[+-]?[\d\s.,()/-]*\d[\d\s.,()/-]*$`)

// guard keeps a spreadsheet from taking text for a formula.
func guard(text string) string {
	bare := strings.TrimLeft(text, "'")
	if bare == "" || !strings.ContainsRune("=+-@", rune(bare[0])) || numeric.MatchString(bare) {
		return text
	}
	return "'" + text
}

// unguard takes off what guard put on.
func unguard(text string) string {
	if strings.HasPrefix(text, "'") && guard(text[1:]) == text {
		return text[1:]
	}
	return text
}

// plain is a value as any cell can hold it: what is compared.
func plain(v bridge.Value) bridge.Value {
	s := string(v)
	if isPlain(s) {
		return v
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r < ' ' || r == 0x7f || r == '\ufffe' || r == '\uffff' {
			return ' '
		}
		return r
	}, s)
	return bridge.Value(trim(norm.NFC.String(s)))
}

// same says whether two values are one to a person.
func same(a, b bridge.Value) bool { return a == b || plain(a) == plain(b) }
