package doctor

import "fmt"

// say words a finding in a reader's language. The English and the French text
// take the same values in the same order.
func say(lang, code string, args ...any) string {
	w, ok := words[code]
	if !ok {
		return code
	}
	text := w.en
	if lang == "fr" {
		text = w.fr
	}
	return fmt.Sprintf(text, args...)
}

var words = map[string]struct{ en, fr string }{
	"head":             {"%s (%s)", "%s (%s)"},
	"head.reachable":   {"it answers, and takes our credentials", "il répond et accepte nos identifiants"},
	"head.unreachable": {"it does not answer as it should", "il ne répond pas comme il faut"},
	"head.system":      {"it is %s", "c'est %s"},
	"head.key":         {"its key belongs to %s", "sa clé appartient à %s"},
	"head.zone":        {"its account is in %s", "son compte est en %s"},
	"head.clock":       {"its clock is %v ahead of ours", "son horloge avance de %v sur la nôtre"},
	"head.untold":      {"it does not tell: %s", "il ne dit pas : %s"},
	"head.well":        {"nothing is wrong", "tout va bien"},
	"level.wrong":      {"wrong: ", "faux : "},
	"level.wider":      {"wider than needed: ", "plus large que nécessaire : "},
	"level.note":       {"note: ", "à savoir : "},

	"draft.head":     {"A draft from what %s (%s) told on %s of its users' rights. Not seen there:", "Brouillon tiré de ce que %s (%s) a dit le %s des droits de ses utilisateurs. N'y a pas été vu :"},
	"draft.people":   {"who else works in it: its key may not list people", "qui d'autre y travaille : sa clé ne peut pas lister les personnes"},
	"draft.others":   {"what others than the key's user may do: connect it once more with the key of a user of each kind, and import from each", "ce que peuvent faire d'autres que l'utilisateur de la clé : reliez-le encore avec la clé d'un utilisateur de chaque sorte et importez de chacune"},
	"draft.many":     {"the rights of more than %d users: theirs were not asked for", "les droits de plus de %d utilisateurs : ceux des autres n'ont pas été demandés"},
	"draft.scope":    {"whose records: every grant is for one's own; hierarchy, defaults and sharing are to be written under under, defaults and sharing", "les fiches de qui : chaque droit vaut pour les siennes ; hiérarchie, valeurs par défaut et partages sont à écrire sous under, defaults et sharing"},
	"draft.profiles": {"which profile of which platform has which role: write it under profiles, else nobody gets anything", "quel profil de quelle plateforme a quel rôle : écrivez-le sous profiles, sinon personne n'obtient rien"},
	"draft.rest":     {"deleting, exporting, validating appointments, campaigns, scripts and reports: they are given by name only, by whoever answers for it", "supprimer, exporter, valider les rendez-vous, campagnes, scripts et rapports : cela ne se donne que nommément, par qui en répond"},

	"check":    {"its check fails: %v", "sa vérification échoue : %v"},
	"question": {"it does not answer %s: %v", "il ne répond pas à la question « %s » : %v"},
	"clock":    {"its clock is %v ahead of ours: set one of them right, what was changed last is told by them", "son horloge avance de %v sur la nôtre : remettez l'une des deux à l'heure, elles disent ce qui a changé en dernier"},

	"zone.unknown": {"its time zone %q is none that is known: prove the hour with connector probe", "son fuseau %q n'est pas connu : prouvez l'heure avec connector probe"},
	"zone.differs": {"its account is in %s, the connection in %s: prove the hour with connector probe", "son compte est en %s, la connexion en %s : prouvez l'heure avec connector probe"},

	"field.missing": {"is mapped to %q, which the CRM does not have%s", "renvoie à %q, que le CRM n'a pas%s"},
	"value.missing": {"its value %q is not in the list of %q%s", "sa valeur %q n'est pas dans la liste de %q%s"},
	"type.differs":  {"is %s here, but %q is %s there: what does not fit is refused when it is written", "est de type %s ici, mais %q est de type %s là-bas : ce qui ne convient pas sera refusé à l'écriture"},
	"instead":       {"; there are: %s", " ; il y a : %s"},

	"setting.object":        {"names the kind of record %q, which the CRM does not have", "nomme le type de fiche %q, que le CRM n'a pas"},
	"setting.field":         {"names the field %s.%s, which the CRM does not have", "nomme le champ %s.%s, que le CRM n'a pas"},
	"setting.value":         {"names the value %q, which is not in the list of %q%s", "nomme la valeur %q, qui n'est pas dans la liste de %q%s"},
	"setting.user.missing":  {"names user %q, who is not in the CRM", "nomme l'utilisateur %q, qui n'est pas dans le CRM"},
	"setting.user.inactive": {"names user %q, who is no longer active in the CRM", "nomme l'utilisateur %q, qui n'est plus actif dans le CRM"},

	"person.user.missing":  {"is user %q of the CRM, who is not there", "est l'utilisateur %q du CRM, qui n'y est pas"},
	"person.user.inactive": {"is user %q of the CRM, who is no longer active there", "est l'utilisateur %q du CRM, qui n'y est plus actif"},
	"person.twice":         {"is user %q of the CRM, and so is %s: one of them is wrong", "est l'utilisateur %q du CRM, et %s aussi : l'un des deux est faux"},

	"key.admin":  {"the key is an administrator's: it may do everything", "la clé est celle d'un administrateur : elle peut tout faire"},
	"key.read":   {"somebody may read it, but the key may not read %q: cards will lack it", "quelqu'un a le droit de le lire, mais la clé ne peut pas lire %q : il manquera sur les fiches"},
	"key.write":  {"somebody may write it, but the key may not write %q: those writes will be refused", "quelqu'un a le droit de l'écrire, mais la clé ne peut pas écrire %q : ces écritures seront refusées"},
	"key.create": {"the key may not create these: what the bridge has to write will be refused", "la clé ne peut pas en créer : ce que la passerelle doit écrire sera refusé"},
	"key.delete": {"the key may delete records that the bridge never deletes; of so many kinds: %d, %s", "la clé peut supprimer des fiches que la passerelle ne supprime jamais ; sortes de fiches : %d, %s"},
	"key.object": {"the key may see or change records that the bridge never touches; of so many kinds: %d, %s", "la clé peut voir ou changer des fiches que la passerelle ne touche jamais ; sortes de fiches : %d, %s"},
	"key.reads":  {"the key may read more fields than anybody needs; so many: %d, %s", "la clé peut lire plus de champs que quiconque n'en a besoin ; en nombre : %d, %s"},
	"key.writes": {"the key may write more fields than anybody needs; so many: %d, %s", "la clé peut écrire plus de champs que quiconque n'en a besoin ; en nombre : %d, %s"},

	"probe.note":                {"Passerelle: a trial of the connection, to be deleted at once", "Passerelle : essai de la connexion, à supprimer aussitôt"},
	"probe.cannot":              {"the connector cannot", "le connecteur ne sait pas le faire"},
	"probe.removes":             {"what is made will be taken away again", "ce qui est créé sera retiré"},
	"probe.leaves":              {"what is made stays, as you wished", "ce qui est créé reste, comme vous l'avez voulu"},
	"probe.cannot.remove":       {"the connector cannot take away what is made: nothing was written; --leave goes on all the same", "le connecteur ne sait pas retirer ce qui est créé : rien n'a été écrit ; --leave continue malgré tout"},
	"probe.pulled":              {"%d prospects with %d fields", "%d prospects avec %d champs"},
	"probe.missing":             {"it said yes, but does not show it", "il a dit oui, mais ne le montre pas"},
	"probe.still":               {"it said yes, but shows it still", "il a dit oui, mais le montre encore"},
	"probe.stands":              {"it said yes, but the appointment stands", "il a dit oui, mais le rendez-vous tient toujours"},
	"probe.off":                 {"it was to be at %s, and it is off by %v: the time zone is wrong", "il devait être à %s, et il est décalé de %v : le fuseau horaire est faux"},
	"probe.user":                {"it is user %q's, not %q's", "il est à l'utilisateur %q, pas à %q"},
	"probe.proved":              {"it is at %s there too", "il y est aussi à %s"},
	"probe.unproved":            {"the connector cannot read it back: look at its hour there", "le connecteur ne sait pas le relire : regardez son heure là-bas"},
	"probe.removed.activity":    {"the note", "la note"},
	"probe.removed.appointment": {"the appointment", "le rendez-vous"},
	"probe.unknown":             {"its id in the CRM is not known", "son identifiant dans le CRM n'est pas connu"},
	"probe.operation":           {"of operation", "de l'opération"},
	"probe.left.activity":       {"a call %s on record %s", "un appel %s sur la fiche %s"},
	"probe.left.appointment":    {"an appointment %s with record %s", "un rendez-vous %s avec la fiche %s"},
	"step.check":                {"check", "vérification"},
	"step.pull":                 {"read five prospects", "lecture de cinq prospects"},
	"step.remover":              {"a way back", "retour en arrière"},
	"step.note":                 {"write a note", "écriture d'une note"},
	"step.appointment":          {"make an appointment", "prise d'un rendez-vous"},
	"step.move":                 {"move it", "déplacement"},
	"step.cancel":               {"cancel it", "annulation"},
	"step.remove":               {"take away", "retrait"},
	"outcome.done":              {"done", "fait"},
	"outcome.failed":            {"FAILED", "ÉCHEC"},
	"outcome.skipped":           {"skipped", "sauté"},
	"left":                      {"left in the CRM, delete it by hand: %s", "resté dans le CRM, à supprimer à la main : %s"},

	"what.catalogue": {"which fields it has", "quels champs il a"},
	"what.people":    {"who works there", "qui y travaille"},
	"what.rights":    {"what its key may do", "ce que sa clé peut faire"},
	"what.key":       {"whom its key belongs to", "à qui appartient sa clé"},
	"what.zone":      {"the time zone of the account", "le fuseau horaire du compte"},
	"what.busy":      {"when salespeople are taken", "quand les commerciaux sont pris"},
	"what.calendar":  {"what became of appointments", "ce que sont devenus les rendez-vous"},
}
