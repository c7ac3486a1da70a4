package desk

import (
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// doing is what commands do, to whatever is named behind it.
var doing = map[policy.Command]phrase{
	policy.CommandReassign:   {"reassign", "réattribuer"},
	policy.CommandClose:      {"close", "clore"},
	policy.CommandCorrect:    {"correct", "corriger"},
	policy.CommandValidate:   {"validate", "valider"},
	policy.CommandReject:     {"reject", "rejeter"},
	policy.CommandReschedule: {"reschedule", "déplacer"},
	policy.CommandCancel:     {"cancel", "annuler"},
	policy.CommandResolve:    {"resolve", "trancher"},
	policy.CommandRetry:      {"retry", "relancer"},
	policy.CommandDiscard:    {"discard", "abandonner"},
	policy.CommandLift:       {"lift", "lever"},
	policy.CommandForget:     {"forget", "oublier"},
	policy.CommandExport:     {"export", "exporter"},
}

// states are where a proposal stands, in words.
var states = map[bridge.ProposalState]phrase{
	bridge.Proposed:    {"proposed", "proposée"},
	bridge.Validated:   {"validated", "validée"},
	bridge.Synced:      {"synced", "inscrite dans le CRM"},
	bridge.Rejected:    {"rejected", "rejetée"},
	bridge.Rescheduled: {"rescheduled", "déplacée"},
	bridge.Cancelled:   {"cancelled", "annulée"},
	bridge.Expired:     {"expired", "expirée"},
}

// isAlready says why a proposal is not decided on any more.
func isAlready(s bridge.ProposalState) phrase {
	return phrase{"this proposal is {state}", "cette proposition est {state}"}.With("{state}", states[s])
}

// What the gate says of values that never come to be decided on.
var (
	noField = phrase{"there is no such field", "il n'y a pas de champ de ce nom"}
	noValue = phrase{"its value is neither text, number, yes/no nor null", "sa valeur n'est ni un texte, ni un nombre, ni oui/non, ni null"}
)
