package policy

import (
	"strconv"
	"strings"
)

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
	decidedPhrase = phrase{"{n} decisions were decided again; some would have been otherwise, in {same} ways.", "{n} décisions ont été reprises ; certaines auraient été autres, de {same} façons."}
	samePhrase    = phrase{"{n} decisions were decided again: not one would have been otherwise.", "{n} décisions ont été reprises : pas une n'aurait été autre."}
	apartPhrase   = phrase{"{n} more hang on what their records do not keep; they are not in these figures.", "{n} autres dépendent de ce que leurs traces ne gardent pas ; elles ne sont pas comptées ici."}
	unkeptPhrase  = phrase{
		"Not compared here: cards and lists that were looked at or went to platforms, and what was refused, of which no decision is kept; when and from where people may come in, and hourly limits, which policy diff tells.",
		"Ne sont pas comparés ici : les fiches et les listes regardées ou envoyées aux plateformes, et ce qui a été refusé, dont aucune décision n'est gardée ; quand et d'où chacun peut se connecter, et les limites horaires, que policy diff dit.",
	}
	timesPhrase   = phrase{"{n} times", "{n} fois"}
	oncePhrase    = phrase{"once", "une fois"}
	peoplePhrase  = phrase{"{n} people", "{n} personnes"}
	personPhrase  = phrase{"one person", "une personne"}
	nobodyPhrase  = phrase{"platform lists", "listes de plateformes"}
	examplePhrase = phrase{"for example {at}, {person}{what}", "par exemple {at}, {person}{what}"}
	recordPhrase  = phrase{", record {record}", ", fiche {record}"}
	leadPhrase    = phrase{", lead {record}", ", prospect {record}"}
)

// Text says the forecast in words, the riskiest first.
func (f Forecast) Text(lang string) string {
	head := decidedPhrase
	if len(f.Effects) == 0 {
		head = samePhrase
	}
	return head.Fill(lang, "{n}", strconv.Itoa(f.Decisions), "{same}", strconv.Itoa(len(f.Effects))) + "\n" + f.effects(lang) + "\n" + unkeptPhrase.In(lang) + "\n"
}

// effects says what of it would have been otherwise, and what nobody can tell.
func (f Forecast) effects(lang string) string {
	var b strings.Builder
	if f.Apart > 0 {
		b.WriteString(apartPhrase.Fill(lang, "{n}", strconv.Itoa(f.Apart)) + "\n")
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
func times(lang string, n int) string {
	if n == 1 {
		return oncePhrase.In(lang)
	}
	return timesPhrase.Fill(lang, "{n}", strconv.Itoa(n))
}

// people says how many, of whom none is a platform's list.
func people(lang string, n int) string {
	switch n {
	case 0:
		return nobodyPhrase.In(lang)
	case 1:
		return personPhrase.In(lang)
	}
	return peoplePhrase.Fill(lang, "{n}", strconv.Itoa(n))
}
