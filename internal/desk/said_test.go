package desk

import (
	"errors"
	"testing"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Every refusal there is says what it has to say in both languages.
func TestRefusalsSpeakBothLanguages(t *testing.T) {
	t.Parallel()
	limit := policy.Limit{Role: "supervisor", Command: policy.CommandReassign, PerHour: 1, Pos: policy.Pos{File: "policy.yaml", Line: 3, Col: 5}}
	tests := []struct {
		err    bilingual.Saying
		en, fr string
	}{
		{&Denied{What: recordACall}, "you may not record a call", "vous ne pouvez pas enregistrer un appel"},
		{&Denied{What: recordACall, Why: phrase{"because", "parce que"}}, "you may not record a call: because", "vous ne pouvez pas enregistrer un appel : parce que"},
		{&NotFound{What: noProspect, ID: "9"}, "there is no prospect 9", "il n'y a pas de prospect 9"},
		{&Forgotten{}, "the prospect was forgotten: nothing is kept of it", "le prospect a été oublié : rien n'en est conservé"},
		{&Clash{isAlready(bridge.Rejected)}, "this proposal is rejected", "cette proposition est rejetée"},
		{&Invalid{"motive", sayWhy}, "motive: say why", "motive : dites pourquoi"},
		{&Closed{Reason: phrase{"not yet", "pas encore"}}, "not yet", "pas encore"},
		{&Spent{Limit: limit, Wanted: 2}, "role supervisor may reassign leads at most once an hour (policy.yaml:3:5), and this is 2: do it in parts",
			"le rôle supervisor peut réattribuer des fiches une fois par heure au plus (policy.yaml:3:5), et il s'agit de 2 : faites-le en plusieurs fois"},
		{&Spent{Limit: limit, Wanted: 1, Free: time.Unix(60, 0)}, "role supervisor may reassign leads at most once an hour (policy.yaml:3:5): you have 0 left, and this is 1",
			"le rôle supervisor peut réattribuer des fiches une fois par heure au plus (policy.yaml:3:5) : il vous en reste 0, et il s'agit de 1"},
	}
	for _, tt := range tests {
		if en, fr := tt.err.Said().In("en"), tt.err.Said().In("fr"); en != tt.en || fr != tt.fr || tt.err.Error() != tt.en {
			t.Errorf("%q, %q; want %q, %q", en, fr, tt.en, tt.fr)
		}
	}
	for _, command := range policy.Commands() {
		if words := doing[command]; words.In("en") == "" || words.In("fr") == "" {
			t.Errorf("there are no words for %s", command)
		}
	}
}

// What the desk refuses in earnest is said in both, with the policy's reason.
func TestARefusalGivesItsReasonInFrench(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	_, err := f.desk.Close(t.Context(), as("alice"), Choice{Campaign: "spring"}, "")
	if got := bilingual.Of(err).In("fr"); got != "motive : dites pourquoi" {
		t.Errorf("%q", got)
	}
	err = f.desk.Lift(t.Context(), as("alice"), Objection{Number: "0123456789", Motive: "x"})
	no, ok := errors.AsType[*Denied](err)
	if !ok || no.Said().In("fr") != "vous ne pouvez pas lever une opposition : aucun droit ne permet au rôle caller de supprimer activity" {
		t.Errorf("%v", bilingual.Of(err))
	}
}
