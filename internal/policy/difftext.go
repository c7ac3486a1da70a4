package policy

import (
	"strings"

	"passerelle/internal/bridge"
)

var (
	gainPhrase = phrase{"{role} may {action} {what}, of {scopes}", "{role} peut {action} {what}, pour {scopes}"}
	lossPhrase = phrase{"{role} may no longer {action} {what}, of {scopes}", "{role} ne peut plus {action} {what}, pour {scopes}"}
	keepPhrase = phrase{" (but still of {scopes})", " (mais encore pour {scopes})"}
	movePhrase = phrase{"profile {profile} of {connection}: from role {from} to role {to}", "profil {profile} de {connection} : du rôle {from} au rôle {to}"}
	newPhrase  = phrase{"profile {profile} of {connection} gets role {to}; until now it has no right", "le profil {profile} de {connection} reçoit le rôle {to} ; jusqu'ici il n'a aucun droit"}
	gonePhrase = phrase{"profile {profile} of {connection} loses role {from} and with it every right", "le profil {profile} de {connection} perd le rôle {from} et avec lui tout droit"}
	pathPhrase = phrase{"profile {profile} of {connection}", "le profil {profile} de {connection}"}
	andWord    = phrase{" and ", " et "}
)

// riskNames are the headings of a diff.
var riskNames = map[Risk]phrase{
	RiskHigh:   {"Gains with a high risk", "Droits gagnés, à risque élevé"},
	RiskMedium: {"Gains", "Droits gagnés"},
	RiskLow:    {"Gains with a low risk", "Droits gagnés, à risque faible"},
	RiskNone:   {"Losses", "Droits perdus"},
}

// Text is the risk as a heading.
func (r Risk) Text(lang string) string { return riskNames[r].In(lang) }

// Text says the change as one sentence without a full stop.
func (c Change) Text(lang string) string {
	p := lossPhrase
	if c.Gains {
		p = gainPhrase
	}
	what := string(c.Object)
	if len(c.Fields) > 0 {
		what = list(c.Fields) + " (" + classNames[c.Class].In(lang) + ")"
	}
	who := string(c.Role)
	if c.Path != (Path{}) {
		who = pathPhrase.Fill(lang, "{profile}", string(c.Path.Profile), "{connection}", string(c.Path.Connection))
	}
	text := p.Fill(lang, "{role}", who, "{action}", verbs[c.Action].In(lang), "{what}", what, "{scopes}", scopesText(lang, c.Scopes))
	if len(c.Keeps) > 0 {
		text += keepPhrase.Fill(lang, "{scopes}", scopesText(lang, c.Keeps))
	}
	return text
}

func scopesText(lang string, scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = scopeNames[s].In(lang)
	}
	return strings.Join(words, andWord.In(lang))
}

var classNames = map[bridge.Class]phrase{
	bridge.Public:       {"public", "public"},
	bridge.Personal:     {"personal", "personnel"},
	bridge.Commercial:   {"commercial", "commercial"},
	bridge.Financial:    {"financial", "financier"},
	bridge.Confidential: {"confidential", "confidentiel"},
	bridge.Structural:   {"structural", "structurel"},
}

// Text says the move as one sentence without a full stop.
func (m Move) Text(lang string) string {
	p := movePhrase
	switch {
	case m.From == "":
		p = newPhrase
	case m.To == "":
		p = gonePhrase
	}
	return p.Fill(lang, "{profile}", string(m.Profile), "{connection}", string(m.Connection), "{from}", string(m.From), "{to}", string(m.To))
}

var nothingPhrase = phrase{"Nobody gains or loses a right.", "Personne ne gagne ni ne perd de droit."}

var movesHeading = phrase{"Profiles", "Profils"}

// Text is the whole difference in words: what moves people, opens records and
// lets people in, then the rights and what cards tell, the riskiest first, a
// heading a risk, a line a change.
func (d Delta) Text(lang string) string {
	t := deltaText{lang: lang}
	section(&t, movesHeading, d.Moves)
	section(&t, ranksHeading, d.Ranks)
	section(&t, sharingHeading, d.Sharing)
	if len(d.Territories) > 0 {
		t.heading(territoriesHeading.In(lang))
		t.line(territoryPhrase.Fill(lang, "{names}", strings.Join(d.Territories, ", ")))
	}
	section(&t, windowsHeading, d.Windows)
	section(&t, limitsHeading, d.Limits)
	section(&t, statisticsHeading, d.Statistics)
	section(&t, strengthHeading, d.Strengths)
	section(&t, boundsHeading, d.Bounds)
	for _, risk := range []Risk{RiskHigh, RiskMedium, RiskLow, RiskNone} {
		t.risk(risk, d)
	}
	if t.Len() == 0 {
		return nothingPhrase.In(lang) + "\n"
	}
	return t.String()
}

// risk tells the rights and cards of one risk.
func (t *deltaText) risk(risk Risk, d Delta) {
	var lines []string
	for _, c := range d.Changes {
		if c.Risk == risk {
			lines = append(lines, c.Text(t.lang))
		}
	}
	for _, c := range d.Cards {
		if c.Risk == risk {
			lines = append(lines, c.Text(t.lang))
		}
	}
	for i, line := range lines {
		if i == 0 {
			t.heading(risk.Text(t.lang))
		}
		t.line(line)
	}
}

type deltaText struct {
	strings.Builder
	lang string
}

func (t *deltaText) heading(h string) {
	if t.Len() > 0 {
		t.WriteString("\n")
	}
	t.WriteString(h + "\n")
}

func (t *deltaText) line(text string) { t.WriteString("  " + text + "\n") }

// section is a heading and a line for each, nothing if there are none.
func section[T interface{ Text(lang string) string }](t *deltaText, heading phrase, items []T) {
	for i, item := range items {
		if i == 0 {
			t.heading(heading.In(t.lang))
		}
		t.line(item.Text(t.lang))
	}
}
