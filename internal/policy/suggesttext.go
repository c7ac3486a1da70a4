package policy

import (
	"strconv"
	"strings"
	"time"
)

var (
	lookedPhrase  = phrase{"Looked at: {n} actions from {from} to {until}.", "Période examinée : {n} actions du {from} au {until}."}
	firstPhrase   = phrase{"The first record of that time is of {first}.", "La première trace de cette période date du {first}."}
	emptyPhrase   = phrase{"Nothing was recorded in that time: there is nothing to go by.", "Rien n'a été enregistré pendant cette période : il n'y a rien à en tirer."}
	activePhrase  = phrase{"Policy {policy} decides since {active}.", "La politique {policy} décide depuis le {active}."}
	draftPhrase   = phrase{"Policy {policy} does not decide; this is what it would have had to allow.", "La politique {policy} ne décide pas ; voici ce qu'elle aurait eu à permettre."}
	offersPhrase  = phrase{"These could go, all of them: not one of those actions would have been refused.", "Tout ceci pourrait disparaître : pas une de ces actions n'aurait été refusée."}
	nonePhrase    = phrase{"Every right that leaves a record when it is used was used.", "Tout droit dont l'usage laisse une trace a servi."}
	sparingPhrase = phrase{"Used least:", "Les moins utilisés :"}
	silentPhrase  = phrase{"Not judged: {n} items that let people read or export, or change the policy. Looking leaves no record.", "Non examinés : {n} éléments qui permettent de lire, d'exporter ou de changer la politique. Consulter ne laisse pas de trace."}

	deletePhrase  = phrase{"delete the grant {rule} ({items})", "supprimer le droit {rule} ({items})"}
	takeOutPhrase = phrase{"take {items} out of {rule}", "retirer {items} de {rule}"}
	usedPhrase    = phrase{"{items} of {rule}: {times}, {people}, last on {last}", "{items} de {rule} : {times}, {people}, la dernière fois le {last}"}
)

// mostSparing is how many of the rights that are used least the text names.
const mostSparing = 5

// Text says the suggestion in words.
func (s Suggestion) Text(lang string) string {
	if s.Done == 0 {
		return s.window(lang) + emptyPhrase.In(lang) + "\n"
	}
	var b strings.Builder
	b.WriteString(s.window(lang))
	if len(s.Offers) == 0 {
		b.WriteString("\n" + nonePhrase.In(lang) + "\n")
	} else {
		b.WriteString("\n" + offersPhrase.In(lang) + "\n")
	}
	for _, o := range s.Offers {
		b.WriteString("  " + o.Pos.String() + ": " + o.Text(lang) + "\n")
	}
	if len(s.Sparing) > 0 {
		b.WriteString("\n" + sparingPhrase.In(lang) + "\n")
	}
	for _, o := range s.Sparing[:min(len(s.Sparing), mostSparing)] {
		b.WriteString("  " + o.Pos.String() + ": " + o.Text(lang) + "\n")
	}
	b.WriteString("\n" + silentPhrase.Fill(lang, "{n}", strconv.Itoa(s.Silent)) + "\n")
	return b.String()
}

// window says what time is looked at, and how much of it there is.
func (s Suggestion) window(lang string) string {
	out := lookedPhrase.Fill(lang, "{n}", strconv.Itoa(s.Done), "{from}", minute(s.Since), "{until}", minute(s.Until)) + "\n"
	if !s.First.IsZero() {
		out += firstPhrase.Fill(lang, "{first}", minute(s.First)) + "\n"
	}
	if s.Active.IsZero() {
		return out + draftPhrase.Fill(lang, "{policy}", s.Policy) + "\n"
	}
	return out + activePhrase.Fill(lang, "{policy}", s.Policy, "{active}", minute(s.Active)) + "\n"
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// Text says what to do about the offer, or how little it is used, without a full
// stop.
func (o Offer) Text(lang string) string {
	say := takeOutPhrase
	switch {
	case o.Refused > 0:
		say = usedPhrase
	case o.Whole:
		say = deletePhrase
	}
	return say.Fill(lang, "{rule}", o.Rule, "{items}", strings.Join(o.Items, ", "),
		"{times}", times(lang, o.Refused), "{people}", people(lang, o.People), "{last}", minute(o.Last))
}
