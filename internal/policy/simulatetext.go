package policy

import "strings"

var effectPhrases = map[EffectKind]phrase{
	Shown:    {"{role} would have seen {target}: {times}, {people}", "{role} aurait vu {target} : {times}, {people}"},
	Derived:  {"{role} would have seen {target} derived otherwise: {times}, {people}", "{role} aurait vu {target} déduit autrement : {times}, {people}"},
	Allowed:  {"{role} could have {action} {target}, which was refused: {times}, {people}", "{role} aurait pu {action} {target}, ce qui a été refusé : {times}, {people}"},
	Written:  {"{role} would have changed {target} at once: {times}, {people}", "{role} aurait modifié {target} aussitôt : {times}, {people}"},
	Refused:  {"{role} could not have {action} {target}: {times}, {people}", "{role} n'aurait pas pu {action} {target} : {times}, {people}"},
	Lost:     {"{role} could not have {action} {target}: {times}, {people}", "{role} n'aurait pas pu {action} {target} : {times}, {people}"},
	Proposed: {"{role} would have had to propose {target} to a supervisor: {times}, {people}", "{role} aurait dû proposer {target} à un responsable : {times}, {people}"},
	Hidden:   {"{role} would not have seen {target}: {times}, {people}", "{role} n'aurait pas vu {target} : {times}, {people}"},
}

// pasts are the verbs as English says them after «could not have».
var pasts = map[Action]string{Read: "read", Create: "created", Write: "changed", Propose: "proposed", Delete: "deleted", Export: "exported"}

var (
	noDecision = phrase{"No decision was decided again.", "Aucune décision n'a été reprise."}
	samePhrase = counted{
		{"One decision was decided again: it would have been the same.", "Une décision a été reprise : elle n'aurait pas été autre."},
		{"{n} decisions were decided again: not one would have been otherwise.", "{n} décisions ont été reprises : pas une n'aurait été autre."},
	}
	decidedPhrase = counted{
		{"One decision was decided again; it would have been otherwise, in {ways}.", "Une décision a été reprise ; elle aurait été autre, {ways}."},
		{"{n} decisions were decided again; some would have been otherwise, in {ways}.", "{n} décisions ont été reprises ; certaines auraient été autres, {ways}."},
	}
	waysPhrase  = counted{{"one way", "d'une façon"}, {"{n} ways", "de {n} façons"}}
	apartPhrase = counted{
		{"One more hangs on what its record does not keep; it is not in these figures.", "Une autre dépend de ce que sa trace ne garde pas ; elle n'est pas comptée ici."},
		{"{n} more hang on what their records do not keep; they are not in these figures.", "{n} autres dépendent de ce que leurs traces ne gardent pas ; elles ne sont pas comptées ici."},
	}
	unkeptPhrase = phrase{
		"Not compared here: cards and lists that were looked at or went to platforms, and what was refused, of which no decision is kept; when and from where people may come in, and hourly limits, which the difference between the policies tells.",
		"Ne sont pas comparés ici : les fiches et les listes regardées ou envoyées aux plateformes, et ce qui a été refusé, dont aucune décision n'est gardée ; ni quand et d'où chacun peut se connecter, ni les limites horaires, que dit la différence entre les politiques.",
	}
	timesPhrase   = counted{{"once", "une fois"}, {"{n} times", "{n} fois"}}
	peoplePhrase  = counted{{"one person", "une personne"}, {"{n} people", "{n} personnes"}}
	nobodyPhrase  = phrase{"platform lists", "listes de plateformes"}
	examplePhrase = phrase{"for example {at}, {person}{what}", "par exemple {at}, {person}{what}"}
	recordPhrase  = phrase{", record {record}", ", fiche {record}"}
	leadPhrase    = phrase{", lead {record}", ", prospect {record}"}
)

// counted is a text about one thing, and about {n} of them.
type counted [2]phrase

func (c counted) of(n int) phrase {
	if n == 1 {
		return c[0]
	}
	return c[1].With("{n}", n)
}

// headed says how many decisions were taken again, and in how many ways they differ.
func headed(same, differ counted, decisions, ways int) phrase {
	if ways == 0 {
		return same.of(decisions)
	}
	return differ.of(decisions).With("{ways}", waysPhrase.of(ways))
}

// Text says the forecast in words, the riskiest first.
func (f Forecast) Text(lang string) string {
	head := noDecision
	if f.Decisions > 0 {
		head = headed(samePhrase, decidedPhrase, f.Decisions, len(f.Effects))
	}
	return head.In(lang) + "\n" + f.effects(lang) + "\n" + unkeptPhrase.In(lang) + "\n"
}

// effects says what of it would have been otherwise, and what nobody can tell.
func (f Forecast) effects(lang string) string {
	var b strings.Builder
	if f.Apart > 0 {
		b.WriteString(apartPhrase.of(f.Apart).In(lang) + "\n")
	}
	for _, e := range f.Effects {
		b.WriteString("\n" + capital(e.Text(lang)) + ".\n")
		for _, x := range e.Examples {
			b.WriteString("  " + x.text(lang) + "\n")
		}
	}
	return b.String()
}

func (x Example) text(lang string) string {
	person, what := string(x.Person), ""
	if person == "" {
		person = nobodyPhrase.In(lang)
	}
	switch {
	case x.Lead != "":
		what = leadPhrase.Fill(lang, "{record}", string(x.Lead))
	case x.Record != "":
		what = recordPhrase.Fill(lang, "{record}", x.Record)
	}
	return examplePhrase.Fill(lang, "{at}", minute(x.At), "{person}", person, "{what}", what)
}

// Text says the effect as one sentence without a full stop.
func (e Effect) Text(lang string) string {
	action := verbs[e.Action].In(lang)
	if lang != "fr" {
		action = pasts[e.Action]
	}
	return effectPhrases[e.Kind].Fill(lang, "{role}", string(e.Role), "{action}", action, "{target}", strings.Join(e.Targets, ", "),
		"{times}", times(lang, e.Decisions), "{people}", people(lang, e.People))
}

// times says how often.
func times(lang string, n int) string { return timesPhrase.of(n).In(lang) }

// people says how many, of whom none is a platform's list.
func people(lang string, n int) string {
	if n == 0 {
		return nobodyPhrase.In(lang)
	}
	return peoplePhrase.of(n).In(lang)
}
