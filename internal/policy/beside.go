package policy

import "time"

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
	alsoPhrase       = counted{
		{"One decision was taken under both; it differs in {ways}.", "Une décision a été prise selon les deux ; elle diffère {ways}."},
		{"{n} decisions were taken under both; they differ in {ways}.", "{n} décisions ont été prises selon les deux ; elles diffèrent {ways}."},
	}
	alikePhrase = counted{
		{"One decision was taken under both: it does not differ.", "Une décision a été prise selon les deux : elle ne diffère pas."},
		{"{n} decisions were taken under both: not one differs.", "{n} décisions ont été prises selon les deux : pas une ne diffère."},
	}
	skippedPhrase = counted{
		{"One more came too fast to be taken again; it is not in these figures.", "Une autre est venue trop vite pour être reprise ; elle n'est pas comptée ici."},
		{"{n} more came too fast to be taken again; they are not in these figures.", "{n} autres sont venues trop vite pour être reprises ; elles ne sont pas comptées ici."},
	}
	unlikePhrase = phrase{
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
	out += headed(alikePhrase, alsoPhrase, b.Decisions, len(b.Effects)).In(lang) + "\n"
	if b.Skipped > 0 {
		out += skippedPhrase.of(b.Skipped).In(lang) + "\n"
	}
	return out + b.effects(lang) + "\n" + unlikePhrase.In(lang) + "\n"
}
