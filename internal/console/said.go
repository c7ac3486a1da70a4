package console

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// sayings are the reasons of the desk, the office and passwords in French, by the English text;
// %s and %d in either stand for what varies.
type sayings map[string]string

func newSayings() (sayings, error) {
	raw, err := wordFiles.ReadFile("words/said.json")
	if err != nil {
		return nil, err
	}
	out := sayings{}
	return out, json.Unmarshal(raw, &out)
}

// varies are the holes of a text once it is quoted for a pattern.
var varies = regexp.MustCompile(`%[sd]`)

// said is a reason as the reader says it; the English text where there is no other.
func (l *look) said(text string) string {
	if l.lang != "fr" {
		return text
	}
	if exact, ok := l.sayings[text]; ok {
		return exact
	}
	for english, french := range l.sayings {
		if !strings.Contains(english, "%") {
			continue
		}
		pattern := regexp.MustCompile("^" + varies.ReplaceAllLiteralString(regexp.QuoteMeta(english), "(.+?)") + "$")
		if found := pattern.FindStringSubmatch(text); found != nil {
			return l.filled(french, found[1:])
		}
	}
	return text
}

// filled puts what varies into a text; a proposal's state has a name of its own.
func (l *look) filled(text string, with []string) string {
	rest := slices.Clone(with)
	return varies.ReplaceAllStringFunc(text, func(string) string {
		if len(rest) == 0 {
			return ""
		}
		word := rest[0]
		rest = rest[1:]
		return cmp.Or(l.words.of("state."+word), word)
	})
}
