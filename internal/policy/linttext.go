package policy

// advices are the words of lint, in the two languages of its readers.
var advices = map[Check]advice{
	TooManyRoles: {
		phrase{"{count} roles are more than people can keep apart ({most} at most)", "{count} rôles, c'est plus que chacun ne peut en distinguer ({most} au plus)"},
		phrase{"merge {role} and {other}, which differ least (rights that differ: {rights})", "réunir {role} et {other}, qui diffèrent le moins (droits qui diffèrent : {rights})"},
	},
	UnusedRole: {
		phrase{"nobody has role {role}", "personne n'a le rôle {role}"},
		phrase{"map somebody's profile to it under profiles, or delete it", "lui faire correspondre le profil de quelqu'un sous profiles, ou le supprimer"},
	},
	OnePerson: {
		phrase{"{name} is made for one person, {person}", "{name} est fait pour une seule personne, {person}"},
		phrase{"give {person} a profile and role by what their work is, as others have them", "donner à {person} un profil et un rôle selon son travail, comme aux autres"},
	},
	CallerExports: {
		phrase{"role {role} makes calls, and grant {name} lets it export {object}", "le rôle {role} passe des appels, et le droit {name} lui permet d'exporter {object}"},
		phrase{"take export out of the grant, and give it to a role that does not call", "retirer export de ce droit, et l'accorder à un rôle qui n'appelle pas"},
	},
	CallerDeletes: {
		phrase{"role {role} makes calls, and grant {name} lets it delete {object}", "le rôle {role} passe des appels, et le droit {name} lui permet de supprimer {object}"},
		phrase{"take delete out of the grant's actions, and give it to a role that does not call", "retirer delete des actions de ce droit, et l'accorder à un rôle qui n'appelle pas"},
	},
	SelfValidation: {
		phrase{"role {role} may propose ({proposed}), and grant {name} lets it validate what is proposed: no one validates their own, but colleagues would each other's", "le rôle {role} peut proposer ({proposed}), et le droit {name} lui permet de valider ce qui est proposé : nul ne valide ce qu'il propose, mais des collègues se valideraient les leurs"},
		phrase{"take write out of the grant's actions, or propose out of the role's", "retirer write des actions de ce droit, ou propose de celles du rôle"},
	},
	EmptyGrant: {
		phrase{"grant {name} gives nothing: no field of {object} is of the classes it names", "le droit {name} ne donne rien : aucun champ de {object} n'est des classes qu'il nomme"},
		phrase{"delete the grant, or name fields", "supprimer ce droit, ou nommer des champs"},
	},
	DeniedGrant: {
		phrase{"grant {name} gives nothing: it is denied by {rules}", "le droit {name} ne donne rien : il est interdit par {rules}"},
		phrase{"delete the grant, or what denies it", "supprimer ce droit, ou ce qui l'interdit"},
	},
	CoveredGrant: {
		phrase{"grant {name} gives nothing that role {role} has not by {rules}", "le droit {name} ne donne rien que le rôle {role} n'ait par {rules}"},
		phrase{"delete the grant", "supprimer ce droit"},
	},
	UnseenOwner: {
		phrase{"{name} hangs on whose a prospect is, and no profile may read prospect.owner: it is never asked of the CRM, so nobody is known to own one", "{name} dépend du propriétaire du prospect, et aucun profil ne peut lire prospect.owner : on ne le demande jamais au CRM, et personne n'est connu pour en avoir un"},
		phrase{"let a role read prospect.owner, say that of supervisors: read: [prospect.owner]", "permettre à un rôle de lire prospect.owner, par exemple celui des responsables : read: [prospect.owner]"},
	},
	UnseenOpposition: {
		phrase{"no profile may read prospect.do_not_call: it is never asked of the CRM, so whoever is marked there as not to be called will be called", "aucun profil ne peut lire prospect.do_not_call : on ne le demande jamais au CRM, et qui y est marqué comme ne devant pas être appelé le sera"},
		phrase{"let a role read prospect.do_not_call, which is of class public", "permettre à un rôle de lire prospect.do_not_call, qui est de la classe public"},
	},
	BareContext: {
		phrase{"context field {context} says {field} ({class}) as it is, and role {role} may not read it", "le champ de contexte {context} dit {field} ({class}) tel quel, et le rôle {role} ne peut pas le lire"},
		phrase{"derive something from it, such as whether it is above a mark, or let the role read the field and take {context} out", "en déduire quelque chose, par exemple s'il dépasse un seuil, ou permettre au rôle de lire ce champ et retirer {context}"},
	},
	LiveException: {
		phrase{"{person} has an exception until {until}, beyond what their role's window lets in", "{person} a une exception jusqu'au {until}, au-delà de ce qu'admet la plage d'accès de son rôle"},
		phrase{"delete it as soon as {person} no longer needs it", "la supprimer dès que {person} n'en a plus besoin"},
	},
	LongException: {
		phrase{"{person} has an exception until {until}, more than {most} days ahead: that is no exception any more but a right of one person's, which no review will question", "{person} a une exception jusqu'au {until}, à plus de {most} jours : ce n'est plus une exception mais le droit d'une seule personne, qu'aucune revue ne remettra en cause"},
		phrase{"write an earlier day and renew it where need be, or widen the window of the role for all who have it", "écrire un jour plus proche et la renouveler au besoin, ou élargir la plage du rôle pour tous ceux qui l'ont"},
	},
	ExpiredException: {
		phrase{"the exception of {person} was over after {until}", "l'exception de {person} a pris fin après le {until}"},
		phrase{"delete it, or write a later day and why", "la supprimer, ou écrire un jour plus tardif et pourquoi"},
	},
	UnknownException: {
		phrase{"the exception is for {person}, who is not among the config's active people", "l'exception est pour {person}, qui n'est pas parmi les personnes actives de la configuration"},
		phrase{"delete it, or write the id of the person it is for", "la supprimer, ou écrire l'identifiant de la personne concernée"},
	},
	IdleException: {
		phrase{"the exception of {person} lets them in no further than the window of their role does", "l'exception de {person} n'admet rien de plus que la plage d'accès de son rôle"},
		phrase{"delete it, or write hours or networks that the window leaves out", "la supprimer, ou écrire des heures ou des réseaux que la plage n'admet pas"},
	},
	ShutOut: {
		phrase{"no two people who may change this policy are let in at the hub's own socket ({address}): should the networks be wrong, only the operator could put another policy in place, alone, by policy adopt", "il n'y a pas deux personnes pouvant changer cette politique qui soient admises par la socket du pont lui-même ({address}) : si les réseaux sont faux, seul l'exploitant pourrait mettre une autre politique en place, sans second regard, par policy adopt"},
		phrase{"add {address}/32 to the networks of role {role}", "ajouter {address}/32 aux réseaux (networks) du rôle {role}"},
	},
	Unchangeable: {
		phrase{"no two people could change this policy: one has to propose, another to activate", "il n'y a pas deux personnes pour changer cette politique : l'une propose, l'autre active"},
		phrase{"give two people's roles {grant}", "donner aux rôles de deux personnes {grant}"},
	},
}
