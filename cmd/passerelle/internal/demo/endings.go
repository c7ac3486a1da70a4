package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// ending is a way a call may end.
type ending struct {
	weight      int // how often, against the others
	disposition string
	technical   string
	talk        [2]int // seconds, from and to
	notes       []string
	action      string // what the caller writes as next action, "" for nothing
	again       string // the next step: retry or callback, some minutes later; appointment
}

// endings is a morning on a call floor, in the proportions that floors report:
// of two calls one reaches nobody, of twelve one is an appointment. Who is to be
// called again comes back within minutes, so that a demo does not run dry.
var endings = []ending{
	{28, "no_answer", "no_answer", [2]int{0, 0}, []string{""}, "", "retry"},
	{5, "busy", "busy", [2]int{0, 0}, []string{""}, "", "retry"},
	{9, "voicemail", "machine", [2]int{3, 12}, []string{"Répondeur, pas de message.", ""}, "", "retry"},
	{4, "voicemail_left", "machine", [2]int{15, 35}, []string{"Message laissé avec nos coordonnées."}, "Rappeler après le message", "retry"},
	{9, "gatekeeper", "answered", [2]int{20, 70}, []string{
		"Accueil : en réunion toute la matinée.", "L'assistante demande un courriel avant de passer l'appel.", "Standard, ligne directe non communiquée.",
	}, "Rappeler en fin de matinée", "retry"},
	{11, "callback_requested", "answered", [2]int{25, 90}, []string{
		"Sur la route, préfère un appel au calme.", "Préfère un appel quand le budget sera arrêté.", "Intérêt réel, mais en clôture de mois.",
	}, "Rappeler comme convenu", "callback"},
	{15, "not_interested", "answered", [2]int{30, 120}, []string{
		"Pas de projet cette année.", "Équipe de vente trop petite, sans objet.", "Vient de s'équiper ailleurs.",
	}, "", ""},
	{2, "refused", "answered", [2]int{5, 25}, []string{"Raccroche dès la présentation."}, "", ""},
	{9, "appointment_set", "answered", [2]int{120, 420}, []string{
		"Douze commerciaux, prise de rendez-vous encore sur papier. Très demandeur.", "Veut voir comment se passe la validation par le responsable.",
		"Compare trois offres, décision avant la fin du trimestre.", "Sera avec son responsable informatique.",
	}, "Envoyer la confirmation", "appointment"},
	{3, "info_sent", "answered", [2]int{60, 180}, []string{"Souhaite une plaquette par courriel avant d'en parler."}, "Envoyer la plaquette", "callback"},
	{2, "out_of_target", "answered", [2]int{30, 80}, []string{"Plus d'activité commerciale sur ce site."}, "", ""},
	{2, "already_customer", "answered", [2]int{40, 90}, []string{"Déjà client par une autre agence."}, "", ""},
	{1, "wrong_number", "answered", [2]int{8, 20}, []string{"Numéro d'un particulier."}, "", ""},
	{1, "opt_out", "answered", [2]int{10, 40}, []string{"Ne souhaite plus d'appels."}, "", ""},
}

// tired is how many attempts a simulated caller makes before giving up.
const tired = 5

// draw ends a call in one of the ways.
func draw(rng *rand.Rand) ending {
	total := 0
	for _, e := range endings {
		total += e.weight
	}
	n := rng.IntN(total)
	for _, e := range endings {
		if n -= e.weight; n < 0 {
			return e
		}
	}
	return endings[0]
}

// finish makes the outcome of a call on a lead that is called for the nth time.
func (e ending) finish(rng *rand.Rand, attempts int, now time.Time) outcome {
	if e.again == "retry" && attempts >= tired {
		return outcome{Technical: e.technical, Disposition: "unreachable", Note: fmt.Sprintf("Injoignable après %d appels.", attempts)}
	}
	out := outcome{
		Technical: e.technical, Disposition: e.disposition,
		TalkS: e.talk[0] + rng.IntN(e.talk[1]-e.talk[0]+1), Note: e.notes[rng.IntN(len(e.notes))],
	}
	if e.action != "" {
		out.Fields = map[string]any{"prospect.next_action": e.action}
	}
	switch e.again {
	case "":
	case "appointment":
		out.Fields["prospect.lead_status"] = "Qualifié" // waits with the appointment for the supervisor
		out.Next = appointment(rng, now)
	default:
		in := time.Duration(2+rng.IntN(6)) * time.Minute
		out.Next = &next{Kind: e.again, At: now.Add(in).Format(time.RFC3339)}
	}
	return out
}

// appointment is a slot in somebody's day. It may be taken: then the supervisor
// has to find another.
func appointment(rng *rand.Rand, now time.Time) *next {
	return &next{
		Kind: "appointment", At: slot(rng, now), With: salespeople[rng.IntN(len(salespeople))],
		Minutes: 30, Subject: "Découverte",
	}
}

// slot is a half hour of one of the next three weeks, between 9 and 12 or 14
// and 17.
func slot(rng *rand.Rand, now time.Time) string {
	halves := rng.IntN(12)
	hour := 9 + halves/2
	if hour >= 12 {
		hour += 2
	}
	at := weekday(now, 1+rng.IntN(15)).Add(time.Duration(hour)*time.Hour + time.Duration(halves%2)*30*time.Minute)
	return at.Format(wallTime)
}
