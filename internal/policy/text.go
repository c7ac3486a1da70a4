package policy

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"passerelle/internal/bilingual"
)

// phrase is a sentence in the two languages of the people who read it. Words in
// braces are filled in.
type phrase = bilingual.Text

var reasons = map[Cause]phrase{
	CauseGrant:     {"role {role} may {action} {target}", "le rôle {role} peut {action} {target}"},
	CauseDeny:      {"role {role} is denied to {deed} {target}", "il est interdit au rôle {role} {deed} {target}"},
	CauseScope:     {"role {role} may {action} {target} only of {scope}, and this record is not", "le rôle {role} ne peut {action} {target} que pour {scope}, ce qui n'est pas le cas ici"},
	CauseNoGrant:   {"no grant lets role {role} {deed} {target}", "aucun droit ne permet au rôle {role} {deed} {target}"},
	CauseUnmapped:  {"profile {profile} of {connection} is mapped to no role, so it has no right", "le profil {profile} de {connection} ne correspond à aucun rôle : il n'a donc aucun droit"},
	CauseNoProfile: {"no active login with a profile on {connection}, so no right", "aucun accès actif avec un profil sur {connection}, donc aucun droit"},
	CauseUnknown:   {"not in the catalogue: {target}", "absent du catalogue : {target}"},
	CauseContext:   {"the cards of role {role} hold {target}", "les fiches d'appel du rôle {role} montrent {target}"},
	CauseNoContext: {"the cards of role {role} do not hold {target}", "les fiches d'appel du rôle {role} ne montrent pas {target}"},
	CauseNoField:   {"fields are not deleted, only whole objects", "on ne supprime pas un champ, seulement un objet entier"},
}

var verbs = map[Action]phrase{
	Read:    {"read", "lire"},
	Create:  {"create", "créer"},
	Write:   {"write", "modifier"},
	Propose: {"propose", "proposer"},
	Delete:  {"delete", "supprimer"},
	Export:  {"export", "exporter"},
}

var scopeNames = map[Scope]phrase{
	Own:       {"records that are their own", "les fiches dont on est l'auteur ou le propriétaire"},
	Assigned:  {"records assigned to them", "les fiches attribuées à la personne"},
	Team:      {"records of their team", "les fiches de son équipe"},
	Territory: {"records in their territory", "les fiches de son territoire"},
	Campaign:  {"records of campaigns that their team runs", "les fiches des campagnes de son équipe"},
	Principal: {"records of their principal", "les fiches de son donneur d'ordre"},
	All:       {"all records", "toutes les fiches"},

	Subordinates: {"records that those below them own", "les fiches de leurs subordonnés"},
}

var openedNames = map[OpenedBy]phrase{
	ByDefault:   {"the organisation's default {name}", "l'accès par défaut de l'organisation {name}"},
	ByTeammates: {"what members of a team see of each other's, {name}", "ce que les membres d'une équipe voient les uns des autres, {name}"},
	ByRank:      {"rank: its owner stands below, {name}", "la hiérarchie : son propriétaire se trouve en dessous, {name}"},
	BySharing:   {"the sharing rule {name}", "la règle de partage {name}"},
}

// deed is the action as one is let or forbidden to do it: French elides.
func deed(a Action) phrase {
	verb, of := verbs[a], "de "
	if r, _ := utf8.DecodeRuneInString(verb.In("fr")); strings.ContainsRune("aeéiou", r) {
		of = "d'"
	}
	return phrase{verb.In("en"), of + verb.In("fr")}
}

// reason is why the judgement is what it is, without rule and place.
func (j judgement) reason(lang string, s Subject, action Action, t Target) string {
	words := []string{
		"{action}", verbs[action].In(lang), "{deed}", deed(action).In(lang), "{target}", t.String(),
		"{profile}", strconv.Quote(string(s.Profile)), "{connection}", string(s.Connection),
	}
	if j.role != nil {
		words = append(words, "{role}", string(j.role.name))
	}
	if j.rule != nil {
		words = append(words, "{scope}", scopeNames[j.rule.scope].In(lang))
	}
	if j.cause == CauseCRM {
		return j.beyond(lang, action, t)
	}
	if j.cause == CauseUnknown && verbs[action] == (phrase{}) {
		return phrase{"there is no action " + strconv.Quote(string(action)), "l'action " + strconv.Quote(string(action)) + " n'existe pas"}.In(lang)
	}
	return reasons[j.cause].Fill(lang, words...)
}

var (
	mapPhrase    = phrase{"map profile {profile} of {connection} to role {role}", "faire correspondre le profil {profile} de {connection} au rôle {role}"}
	grantPhrase  = phrase{"give role {role} the grant {rule}", "donner au rôle {role} le droit {rule}"}
	listPhrase   = phrase{"add {target} to the {key} list of grant {name} ({pos})", "ajouter {target} à la liste {key} du droit {name} ({pos})"}
	actionPhrase = phrase{"add {key} to the actions of grant {name} ({pos})", "ajouter {key} aux actions du droit {name} ({pos})"}
	liftPhrase   = phrase{"take {key} of {target} out of deny {name} ({pos})", "retirer {key} sur {target} de l'interdiction {name} ({pos})"}
	showPhrase   = phrase{"add {context} to the context of role {role} ({pos})", "ajouter {context} au context du rôle {role} ({pos})"}
	hidePhrase   = phrase{"take {context} out of the context of role {role} ({pos})", "retirer {context} du context du rôle {role} ({pos})"}
	exceptPhrase = phrase{"add the exception {exception} to window", "ajouter à window l'exception {exception}"}
	denyPhrase   = phrase{"give role {role} the deny {rule}", "donner au rôle {role} l'interdiction {rule}"}

	grantedBy   = phrase{"Granted by {name} ({pos}){for}.", "Accordé par {name} ({pos}){for}."}
	forScope    = phrase{", for {scope}", ", pour {scope}"}
	supposed    = phrase{"supposing a record that is theirs in every way: ", "en supposant une fiche qui soit la sienne à tous égards : "}
	deniedBy    = phrase{"Denied by {name} ({pos}): a deny wins over every grant.", "Interdit par {name} ({pos}) : une interdiction l'emporte sur tout droit."}
	notNow      = phrase{"But not now: {why} (window, {pos}).", "Mais pas maintenant : {why} (window, {pos})."}
	outOfReach  = phrase{"Grant {name} ({pos}) covers it in another scope.", "Le droit {name} ({pos}) le prévoit dans un autre périmètre."}
	proposable  = phrase{"It may be proposed to a supervisor.", "Cela peut être proposé à un responsable."}
	openedBy    = phrase{"The record is opened to it by {opened} ({at}).", "La fiche lui est ouverte par {opened} ({at})."}
	toFlip      = phrase{"The smallest change that would decide otherwise: {remedy}.", "Le plus petit changement qui en déciderait autrement : {remedy}."}
	nothingHelp = phrase{"No change of the policy would decide otherwise.", "Aucun changement de la politique n'en déciderait autrement."}
	mapField    = phrase{"map the field in the config, under fields of the CRM's connection", "associer le champ dans la configuration, sous fields de la connexion du CRM"}
	andThen     = phrase{"; and ", " ; et "}
)

// Text puts the explanation into sentences: in French if lang is "fr", else in
// English.
func (e Explanation) Text(lang string) string {
	sentences := []string{capital(e.supposition(lang)+e.judged.reason(lang, e.Subject, e.Action, e.Target)) + "."}
	if e.Shut != nil {
		sentences = append(sentences, notNow.Fill(lang, "{why}", e.Shut.Text(lang), "{pos}", e.Shut.Pos.String()))
	}
	if len(e.From) > 0 {
		sentences = append(sentences, capital(strings.TrimPrefix(cardFrom.Fill(lang, "{fields}", list(e.From)), ", "))+".")
	}
	rule := []string{"{name}", e.Rule, "{pos}", e.Pos.String(), "{for}", e.forScope(lang)}
	switch e.Cause {
	case CauseGrant:
		sentences = append(sentences, grantedBy.Fill(lang, rule...))
		if e.Opened.By != "" {
			sentences = append(sentences, openedBy.Fill(lang, "{opened}", openedNames[e.Opened.By].Fill(lang, "{name}", e.Opened.Rule), "{at}", e.Opened.Pos.String()))
		}
	case CauseDeny:
		sentences = append(sentences, deniedBy.Fill(lang, rule...))
	case CauseScope:
		sentences = append(sentences, outOfReach.Fill(lang, rule...))
	case CauseCRM:
		sentences = append(sentences, grantedBy.Fill(lang, rule...))
	}
	if e.Proposable {
		sentences = append(sentences, proposable.In(lang))
	}
	if len(e.Remedy) == 0 {
		sentences = append(sentences, nothingHelp.In(lang))
		if e.Cause == CauseUnknown && e.Target.Field != "" && verbs[e.Action] != (phrase{}) {
			sentences = append(sentences, capital(mapField.In(lang))+".")
		}
		if e.Cause == CauseCRM {
			sentences = append(sentences, capital(e.judged.crm.help(lang))+".")
		}
		return strings.Join(sentences, " ")
	}
	return strings.Join(append(sentences, toFlip.Fill(lang, "{remedy}", e.Remedy.Text(lang))), " ")
}

// supposition says that the record is a supposed one, where that matters.
func (e Explanation) supposition(lang string) string {
	if scope := e.judged.scope(); !e.Supposed || scope == "" || scope == All || e.judged.cause == CauseDeny {
		return ""
	}
	return supposed.In(lang)
}

// forScope says of which records the rule is, unless they are opened beyond that.
func (e Explanation) forScope(lang string) string {
	scope := e.judged.scope()
	if scope == "" || e.Opened.By != "" {
		return ""
	}
	return forScope.Fill(lang, "{scope}", scopeNames[scope].In(lang))
}

// Text says what to change, as one sentence without a full stop.
func (r Remedy) Text(lang string) string {
	parts := make([]string, len(r))
	for i, e := range r {
		parts[i] = e.Text(lang)
	}
	return strings.Join(parts, andThen.In(lang))
}

// Text says what to change.
func (e Edit) Text(lang string) string {
	words := []string{
		"{role}", string(e.Role), "{rule}", e.snippet(), "{name}", e.Rule, "{pos}", e.Pos.String(),
		"{key}", string(e.Action), "{action}", verbs[e.Action].In(lang), "{target}", e.Target.String(),
		"{profile}", strconv.Quote(string(e.Path.Profile)), "{connection}", string(e.Path.Connection), "{exception}", e.Exception.snippet(), "{context}", e.Target.Field.Base(),
	}
	return e.phrase().Fill(lang, words...)
}

func (e Edit) phrase() phrase {
	switch e.Kind {
	case MapProfile:
		return mapPhrase
	case LiftDeny:
		return liftPhrase
	case AddDeny:
		return denyPhrase
	case AddException:
		return exceptPhrase
	case ShowContext:
		return showPhrase
	case HideContext:
		return hidePhrase
	}
	switch {
	case e.Rule == "":
		return grantPhrase
	case e.Target.Field == "":
		return actionPhrase
	}
	return listPhrase
}

// snippet is the rule to add as one writes it.
func (e Edit) snippet() string {
	out := "{on: " + string(e.Target.Object)
	switch {
	case e.Kind == AddGrant && e.Target.Field == "":
		out += ", scope: " + string(e.Scope) + ", actions: [" + string(e.Action) + "]"
	case e.Kind == AddGrant:
		out += ", scope: " + string(e.Scope) + ", " + string(e.Action) + ": [" + e.Target.String() + "]"
	case e.Target.Field == "":
		out += ", actions: [" + string(e.Action) + "]"
	default:
		out += ", fields: [" + e.Target.String() + "], actions: [" + string(e.Action) + "]"
	}
	return out + "}"
}

// capital begins a sentence.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
