package bilingual

import (
	"fmt"
	"strings"
)

// The languages.
const (
	English = "en"
	French  = "fr"
)

// Languages lists them; the first is for who asks for neither.
func Languages() []string { return []string{English, French} }

// Text is one text in English and in French. Names in braces are holes.
type Text [2]string

// Same is a text that is the same in both languages: a name, a number, or words
// that others have written.
func Same(text string) Text { return Text{text, text} }

// In is the text in French if lang is "fr", else in English.
func (t Text) In(lang string) string {
	if lang == French {
		return t[1]
	}
	return t[0]
}

// String is the text in English, as errors and logs have it.
func (t Text) String() string { return t[0] }

// With fills holes: names, in braces, each followed by what to put there. A Text
// is put in each language in its own, anything else as fmt prints it. What is put
// in is not looked through for holes.
func (t Text) With(words ...any) Text {
	var pairs [2][]string
	for i := 0; i+1 < len(words); i += 2 {
		value, ok := words[i+1].(Text)
		if !ok {
			value = Same(fmt.Sprint(words[i+1]))
		}
		for lang := range pairs {
			pairs[lang] = append(pairs[lang], fmt.Sprint(words[i]), value[lang])
		}
	}
	return Text{strings.NewReplacer(pairs[0]...).Replace(t[0]), strings.NewReplacer(pairs[1]...).Replace(t[1])}
}

// Fill is the text in one language with its holes filled, as With has it.
func (t Text) Fill(lang string, words ...string) string {
	return strings.NewReplacer(words...).Replace(t.In(lang))
}

// And is the text with another behind it.
func (t Text) And(more Text) Text { return Text{t[0] + more[0], t[1] + more[1]} }

// Asked is the language of an Accept-Language header: the first of the two that
// it names, "" if it names neither. Weights do not count: browsers write what
// they prefer first.
func Asked(header string) string {
	for part := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if base == English || base == French {
			return base
		}
	}
	return ""
}

// Each is what say says in each language.
func Each(say func(lang string) string) Text { return Text{say(English), say(French)} }
