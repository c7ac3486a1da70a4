package sheet

import (
	"strings"
	"time"

	"passerelle/internal/bridge"
)

// manner is how a column's cells are written. The zero manner is the canonical
// one.
type manner struct {
	layout  string // of dates and times
	yes, no string
	comma   bool   // a decimal comma
	group   string // what stands between thousands
}

// booleans are the pairs of words people use.
var booleans = [][2]string{
	{"oui", "non"}, {"yes", "no"}, {"vrai", "faux"}, {"true", "false"}, {"1", "0"}, {"o", "n"}, {"y", "n"},
	{"x", ""}, {"✓", ""}, {"✔", ""},
}

// mannerOf reads how a cell is written; false if it tells nothing.
func mannerOf(typ bridge.FieldType, cell string, zone *time.Location) (manner, bool) {
	text := trim(cell)
	switch typ {
	case bridge.Boolean:
		return booleanManner(text)
	case bridge.Date:
		_, layout := parseMoment(text, dateLayouts, time.UTC)
		return manner{layout: layout}, layout != ""
	case bridge.DateTime:
		_, layout := parseMoment(text, timeLayouts, zone)
		return manner{layout: layout}, layout != ""
	case bridge.Integer, bridge.Decimal:
		return numberManner(text)
	}
	return manner{}, false
}

func booleanManner(text string) (manner, bool) {
	for _, pair := range booleans {
		for _, word := range pair {
			if word == "" || !strings.EqualFold(word, text) {
				continue
			}
			like := caseOf(text)
			return manner{yes: like(pair[0]), no: like(pair[1])}, true
		}
	}
	return manner{}, false
}

// caseOf gives the function that writes words as the text is: OUI, Oui or oui.
func caseOf(text string) func(string) string {
	switch {
	case text == strings.ToLower(text):
		return func(s string) string { return s }
	case text == strings.ToUpper(text):
		return strings.ToUpper
	}
	return func(s string) string {
		if s == "" {
			return s
		}
		return strings.ToUpper(s[:1]) + s[1:]
	}
}

func numberManner(text string) (manner, bool) {
	m := manner{comma: strings.Contains(text, ",")}
	body := strings.TrimRight(strings.TrimSuffix(text, "€"), " \u00a0\u202f")
	for _, gap := range []string{"\u202f", "\u00a0", " "} {
		if strings.Contains(body, gap) {
			m.group = gap
		}
	}
	return m, m.comma || m.group != ""
}

// format writes a value in the manner; where that would read back as another
// value, canonically.
func (m manner) format(def bridge.FieldDef, v bridge.Value, zone *time.Location) string {
	text := m.text(def, v, zone)
	if !same(canonical(def, text, zone), v) {
		return guard(string(plain(v)))
	}
	return text
}

func (m manner) text(def bridge.FieldDef, v bridge.Value, zone *time.Location) string {
	switch def.Type {
	case bridge.Boolean:
		switch {
		case v == "true" && m.yes != "":
			return m.yes
		case v == "false" && m.yes != "":
			return m.no
		}
	case bridge.Date:
		if t, err := time.Parse(time.DateOnly, string(v)); err == nil && m.layout != "" {
			return t.Format(m.layout)
		}
	case bridge.DateTime:
		if t, err := time.Parse(time.RFC3339, string(v)); err == nil && m.layout != "" {
			return t.In(zone).Format(m.layout)
		}
	case bridge.Integer, bridge.Decimal:
		return m.number(string(v))
	}
	return guard(string(plain(v)))
}

func (m manner) number(v string) string {
	whole, fraction, dot := strings.Cut(v, ".")
	if m.group != "" {
		whole = grouped(whole, m.group)
	}
	switch {
	case !dot:
		return whole
	case m.comma:
		return whole + "," + fraction
	}
	return whole + "." + fraction
}

func grouped(whole, gap string) string {
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(gap)
		}
		b.WriteByte(whole[i])
	}
	return b.String()
}
