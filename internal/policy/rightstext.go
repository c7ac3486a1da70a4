package policy

var (
	boundPhrase   = phrase{"{connection}: nothing goes beyond the CRM's own rights ({bound})", "{connection} : rien ne dépasse les droits du CRM lui-même ({bound})"}
	unboundPhrase = phrase{"{connection}: the CRM's own rights bind no more", "{connection} : les droits du CRM lui-même ne limitent plus rien"}
	bounds        = map[Bound]phrase{
		BoundKey:    {"those of the connection's key", "ceux de la clé de la connexion"},
		BoundPerson: {"those of the key and of the person's own user", "ceux de la clé et du compte de chacun"},
	}
	withheldPhrase = phrase{"role {role} may {action} {target}, but the CRM behind {connection} does not let {whom}", "le rôle {role} peut {action} {target}, mais le CRM derrière {connection} ne le permet pas à {whom}"}
	neverPhrase    = phrase{"role {role} may {action} {target} within the rights of the CRM behind {connection}, which were never read", "le rôle {role} peut {action} {target} dans les limites des droits du CRM derrière {connection}, qui n'ont jamais été lus"}
	theKey         = phrase{"the connection's key", "la clé de la connexion"}
	theirUser      = phrase{"their own user there", "leur propre compte"}
	giveThere      = phrase{"give that right in the CRM", "accorder ce droit dans le CRM"}
	boundsHeading  = phrase{"The CRMs' own rights", "Les droits des CRM eux-mêmes"}
	neverRead      = phrase{"let the bridge read the rights: passerelle policy rights says what is in the way", "laisser le pont lire les droits : passerelle policy rights dit ce qui l'empêche"}
)

// Text says the change without a full stop.
func (c BoundChange) Text(lang string) string {
	if c.New == "" {
		return unboundPhrase.Fill(lang, "{connection}", string(c.Connection))
	}
	return boundPhrase.Fill(lang, "{connection}", string(c.Connection), "{bound}", bounds[c.New].In(lang))
}

// beyond words a right that the CRM withholds.
func (j judgement) beyond(lang string, action Action, t Target) string {
	say, whom := withheldPhrase, theKey
	if j.crm.never {
		say = neverPhrase
	}
	if j.crm.person {
		whom = theirUser
	}
	return say.Fill(lang, "{role}", string(j.role.name), "{action}", verbs[action].In(lang), "{target}", t.String(),
		"{connection}", string(j.crm.connection), "{whom}", whom.In(lang))
}

// help is what to do about it.
func (o overhead) help(lang string) string {
	if o.never {
		return neverRead.In(lang)
	}
	return giveThere.In(lang)
}
