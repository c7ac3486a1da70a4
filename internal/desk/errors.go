package desk

import (
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// phrase is what is said to people, in both of their languages.
type phrase = bilingual.Text

// Denied is a command that the policy does not allow.
type Denied struct {
	What phrase // "record a call", "enregistrer un appel"
	Why  phrase // zero where there is no more to say
}

// What several commands say.
var (
	seeThisLead = phrase{"see this lead", "voir cette fiche"}
	recordACall = phrase{"record a call", "enregistrer un appel"}
	noProspect  = phrase{"prospect", "de prospect"}
	sayWhy      = phrase{"say why", "dites pourquoi"}
	noPhone     = phrase{"not a phone number: write it like 01 23 45 67 89 or +33 1 23 45 67 89", "ce n'est pas un numéro de téléphone : écrivez-le comme 01 23 45 67 89 ou +33 1 23 45 67 89"}
	notADay     = phrase{"a day like 2026-11-23", "un jour comme 2026-11-23"}
)

var (
	mayNot  = phrase{"you may not {what}", "vous ne pouvez pas {what}"}
	because = phrase{": {why}", " : {why}"}
)

func (e *Denied) Error() string { return e.Said().String() }

// Said is the refusal in both languages.
func (e *Denied) Said() phrase {
	if e.Why == (phrase{}) {
		return mayNot.With("{what}", e.What)
	}
	return mayNot.And(because).With("{what}", e.What, "{why}", e.Why)
}

// NotFound is a command on something that is not there, or not for this person
// to know of.
type NotFound struct {
	What phrase // "lead", "de fiche"
	ID   string
}

var thereIsNo = phrase{"there is no {what} {id}", "il n'y a pas {what} {id}"}

func (e *NotFound) Error() string { return e.Said().String() }

// Said is the refusal in both languages.
func (e *NotFound) Said() phrase { return thereIsNo.With("{what}", e.What, "{id}", e.ID) }

// Forgotten is a report on a prospect whom the bridge was told to forget: there
// is nothing to keep of it.
type Forgotten struct{}

func (e *Forgotten) Error() string { return e.Said().String() }

// Said is the refusal in both languages.
func (e *Forgotten) Said() phrase {
	return phrase{"the prospect was forgotten: nothing is kept of it", "le prospect a été oublié : rien n'en est conservé"}
}

// Clash is a command that the state of things does not allow now.
type Clash struct{ Why phrase }

func (e *Clash) Error() string { return e.Why.String() }

// Said is the refusal in both languages.
func (e *Clash) Said() phrase { return e.Why }

// Invalid is a command with a part that makes no sense.
type Invalid struct {
	Part string // of the request: "next.at"
	Why  phrase
}

func (e *Invalid) Error() string { return e.Said().String() }

// Said is the refusal in both languages.
func (e *Invalid) Said() phrase {
	return phrase{"{part}: {why}", "{part} : {why}"}.With("{part}", e.Part, "{why}", e.Why)
}

// Closed says that nothing may be called now, and when it may.
type Closed struct {
	Next   time.Time // the next lawful moment; zero: none is known
	Rule   string
	Reason phrase
}

func (e *Closed) Error() string { return e.Reason.String() }

// Said is the refusal in both languages.
func (e *Closed) Said() phrase { return e.Reason }

func denied(p *policy.Policy, s policy.Subject, a policy.Action, o bridge.Object, r policy.Record, what phrase) error {
	return &Denied{What: what, Why: p.Can(s, a, o, r).Why}
}
