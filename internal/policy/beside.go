package policy

import (
	"strconv"
	"time"
)

// Beside is what a draft decides otherwise that runs beside the policy in force.
type Beside struct {
	Forecast
	Policy  string    `json:"policy"` // hash of the one in force
	Draft   string    `json:"draft"`  // hash
	Since   time.Time `json:"since"`
	Skipped int       `json:"skipped"` // decisions that it could not keep up with
}

var (
	besidePhrase     = phrase{"Draft {draft} runs beside policy {policy} since {since}.", "Le projet {draft} tourne à côté de la politique {policy} depuis le {since}."}
	besideNonePhrase = phrase{"Draft {draft} runs beside the policy in force; nothing was decided yet.", "Le projet {draft} tourne à côté de la politique en vigueur ; rien n'a encore été décidé."}
	sameDraftPhrase  = phrase{"It is the policy in force: there is nothing to compare.", "C'est la politique en vigueur : il n'y a rien à comparer."}
	alsoPhrase       = phrase{"{n} decisions were taken under both; they differ in {same} ways.", "{n} décisions ont été prises selon les deux ; elles diffèrent de {same} façons."}
	alikePhrase      = phrase{"{n} decisions were taken under both: not one differs.", "{n} décisions ont été prises selon les deux : pas une ne diffère."}
	skippedPhrase    = phrase{"{n} more came too fast to be taken again; they are not in these figures.", "{n} autres sont venues trop vite pour être reprises ; elles ne sont pas comptées ici."}
	unlikePhrase     = phrase{
		"Not compared here, policy diff tells them: when and from where people may come in, hourly limits, and the leads that lists would hold more.",
		"Ne sont pas comparés ici, policy diff les dit : quand et d'où chacun peut se connecter, les limites horaires, et les fiches que les listes auraient en plus.",
	}
)

// Text says it in words, the riskiest first.
func (b Beside) Text(lang string) string {
	if b.Since.IsZero() {
		return besideNonePhrase.Fill(lang, "{draft}", b.Draft) + "\n"
	}
	out := besidePhrase.Fill(lang, "{draft}", b.Draft, "{policy}", b.Policy, "{since}", minute(b.Since)) + "\n"
	if b.Draft == b.Policy {
		return out + sameDraftPhrase.In(lang) + "\n"
	}
	head := alsoPhrase
	if len(b.Effects) == 0 {
		head = alikePhrase
	}
	out += head.Fill(lang, "{n}", strconv.Itoa(b.Decisions), "{same}", strconv.Itoa(len(b.Effects))) + "\n"
	if b.Skipped > 0 {
		out += skippedPhrase.Fill(lang, "{n}", strconv.Itoa(b.Skipped)) + "\n"
	}
	return out + b.effects(lang) + "\n" + unlikePhrase.In(lang) + "\n"
}
