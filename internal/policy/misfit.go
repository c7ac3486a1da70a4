package policy

import (
	"regexp"
	"strings"

	"passerelle/internal/bilingual"
)

// misfit is what is wrong with an expression, in runes from its beginning, and
// what to write instead.
type misfit struct {
	at   int
	what phrase
}

func (m *misfit) Error() string { return m.what.String() }

// Said is what is wrong.
func (m *misfit) Said() phrase { return m.what }

// kinds are what the library calls the types that expressions meet.
var kinds = map[string]phrase{
	"bool":      {"yes or no", "oui ou non"},
	"string":    {"a text", "un texte"},
	"int":       {"a number", "un nombre"},
	"float64":   {"a number", "un nombre"},
	"time.Time": {"a date", "une date"},

	"time.Duration": {"a length of time, whose days are counted by days(from, to)", "une durée, dont days(de, à) compte les jours"},

	"nil": {"nothing", "rien"},
}

func kindOf(typ string) phrase {
	if k, ok := kinds[typ]; ok {
		return k
	}
	return phrase{"something else", "autre chose"}
}

// results say what an expression of each type is like.
var results = map[ContextType]phrase{
	ContextBool:   {"yes or no, as in account.revenue > 1000", "oui ou non, comme account.revenue > 1000"},
	ContextNumber: {"a number, as in account.revenue / 12 or days(lead.last_call, today)", "un nombre, comme account.revenue / 12 ou days(lead.last_call, today)"},
	ContextText:   {`a text, as in prospect.city or account.revenue > 1000 ? "big" : "small"`, `un texte, comme prospect.city ou account.revenue > 1000 ? "gros" : "petit"`},
}

// complaint is one kind of error of the library's: what its words are like, with
// the parts that ours take over, and ours.
type complaint struct {
	words *regexp.Regexp
	parts []string // "{name}", a name as it stands, or "{kind}", a type
	what  phrase
}

// complaints are tried one after the other; the last is for all others.
var complaints = []complaint{
	{regexp.MustCompile(`^expected \S+, but got (.*)$`), []string{"{kind}"}, phrase{
		"it gives {kind}, where its type asks for {want}; or write another type",
		"elle donne {kind}, alors que son type veut {want} ; ou écrivez un autre type",
	}},
	{regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (.*) and (.*)\)`), []string{"{name}", "{kind}", "{other kind}"}, phrase{
		`{name} does not go between {kind} and {other kind}: compare like with like, a number with a number like 1000, a text with one in quotes, two dates by days(one, other)`,
		`{name} ne va pas entre {kind} et {other kind} : comparez ce qui se ressemble, un nombre à un nombre comme 1000, un texte à un texte entre guillemets, deux dates par days(une, autre)`,
	}},
	{regexp.MustCompile(`^invalid operation: (\S+) \(mismatched type (.*)\)`), []string{"{name}", "{kind}"}, phrase{
		"{name} does not go before {kind}: ! stands before yes or no, as in !(account.revenue > 1000), and - before a number",
		"{name} ne va pas devant {kind} : ! se met devant oui ou non, comme !(account.revenue > 1000), et - devant un nombre",
	}},
	{regexp.MustCompile(`^non-bool expression \(type (.*)\) used as condition`), []string{"{kind}"}, phrase{
		"before ? stands yes or no, and this is {kind}: compare it, as in account.revenue > 1000 ? 1 : 0",
		"devant ? se met oui ou non, et ceci est {kind} : comparez-le, comme account.revenue > 1000 ? 1 : 0",
	}},
	{regexp.MustCompile(`error parsing regexp: (.*)$`), []string{"{name}"}, phrase{
		`the text after matches is no regular expression ({name}): close each ( and [, as in prospect.city matches "^(Lille|Lens)$"`,
		`le texte après matches n'est pas une expression régulière ({name}) : fermez chaque ( et [, comme prospect.city matches "^(Lille|Lens)$"`,
	}},
	{regexp.MustCompile(`^unknown name (\S+)`), []string{"{name}"}, phrase{
		`there is no {name} here: write a field like account.revenue, a part of lead like lead.attempts, or today; a text stands in quotes`,
		`il n'y a pas de {name} ici : écrivez un champ comme account.revenue, une partie de lead comme lead.attempts, ou today ; un texte se met entre guillemets`,
	}},
	{regexp.MustCompile(`(?:unknown field|has no field) (\S+)`), []string{"{name}"}, phrase{
		"lead has no {name}; it has {lead}",
		"lead n'a pas de {name} ; il a {lead}",
	}},
	{regexp.MustCompile(`exceeds maximum allowed nodes`), nil, phrase{
		"longer than {n} names, numbers and signs: write it shorter, or make two context fields of it",
		"plus de {n} noms, nombres et signes : écrivez-la plus court, ou faites-en deux champs de contexte",
	}},
	{regexp.MustCompile(`arguments`), nil, phrase{
		"the function takes another number of arguments: days(from, to) takes two, min and max several, trim one or two, the others one",
		"la fonction prend un autre nombre d'arguments : days(de, à) en prend deux, min et max plusieurs, trim un ou deux, les autres un",
	}},
	{regexp.MustCompile(`^invalid argument for (\w+) \(type (.*)\)|cannot use (.*) as argument .*to call (\w+)`), []string{"{name}", "{kind}", "{other kind}", "{other name}"}, phrase{
		"{name}{other name} does not take this: days takes two dates, len, lower, upper and trim a text, the others numbers",
		"{name}{other name} ne prend pas cela : days prend deux dates, len, lower, upper et trim un texte, les autres des nombres",
	}},
	{regexp.MustCompile(`coalesce expressions`), nil, phrase{
		"put brackets around what ?? stands for, as in (account.revenue ?? 0) > 1000",
		"mettez entre parenthèses ce que ?? remplace, comme (account.revenue ?? 0) > 1000",
	}},
	{regexp.MustCompile(`^literal not terminated`), nil, phrase{
		`a text is not closed: put a quote behind it, as in "Lille"`,
		`un texte n'est pas fermé : mettez un guillemet à la fin, comme "Lille"`,
	}},
	{regexp.MustCompile(`Operator\("="\)`), nil, phrase{"a single = compares nothing: write ==", "un seul = ne compare rien : écrivez =="}},
	{regexp.MustCompile(`literal: |literal is too large`), nil, phrase{
		"this is no number, or too large a one: write it like 1000 or 0.5",
		"ce n'est pas un nombre, ou il est trop grand : écrivez-le comme 1000 ou 0.5",
	}},
	{regexp.MustCompile(`(?s)(.*)`), []string{"{name}"}, phrase{
		"it cannot be read from here on: look for a sign, a bracket or a quote that is missing or too much; it looks like account.revenue > 1000 (the reader says: {name})",
		"elle ne se lit plus à partir d'ici : cherchez un signe, une parenthèse ou un guillemet en trop ou manquant ; elle ressemble à account.revenue > 1000 (le lecteur dit : {name})",
	}},
}

// complain puts the library's words for what is wrong into ours.
func (f *contextField) complain(words string) phrase {
	words, _, _ = strings.Cut(words, "\n")
	for _, c := range complaints {
		found := c.words.FindStringSubmatch(words)
		if found == nil {
			continue
		}
		fill := []any{"{want}", results[f.typ], "{n}", contextNodes, "{lead}", strings.Join(leadPartNames(), ", ")}
		for i, part := range c.parts {
			if strings.Contains(part, "kind") {
				fill = append(fill, part, kindOf(found[i+1]))
			} else {
				fill = append(fill, part, bilingual.Same(found[i+1]))
			}
		}
		return c.what.With(fill...)
	}
	return phrase{} // the last takes all
}
