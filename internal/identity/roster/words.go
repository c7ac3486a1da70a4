package roster

import (
	"fmt"
	"strings"
)

// phrase is a text for people, in English and in French.
type phrase [2]string

func (p phrase) in(lang string, args ...any) string {
	text := p[0]
	if lang == "fr" {
		text = p[1]
	}
	return fmt.Sprintf(text, args...)
}

// Finding is something wrong with a list. It holds no value of it beside ids.
type Finding struct {
	Line   int    // from 1; 0 is the whole list
	Column string // "" is the whole line
	what   phrase
	args   []any
}

// In is the finding in a language, English unless it is fr.
func (f Finding) In(lang string) string {
	var at []string
	if f.Line > 0 {
		at = append(at, phrase{"line %d", "ligne %d"}.in(lang, f.Line))
	}
	if f.Column != "" {
		at = append(at, phrase{"column %s", "colonne %s"}.in(lang, f.Column))
	}
	text := f.what.in(lang, f.args...)
	if len(at) == 0 {
		return text
	}
	return phrase{"%s: %s", "%s : %s"}.in(lang, strings.Join(at, ", "), text)
}

// Findings are all that is wrong with a list.
type Findings []Finding

func (f Findings) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.In("en")
	}
	return strings.Join(lines, "\n")
}

var (
	notUTF8       = phrase{"the list is not UTF-8: save it as CSV UTF-8", "la liste n'est pas en UTF-8 : enregistrez-la en CSV UTF-8"}
	notCSV        = phrase{"this is no CSV: look for a quotation mark that is not closed, or a line with more or fewer cells than the first", "ce n'est pas du CSV : cherchez un guillemet non fermé, ou une ligne qui a plus ou moins de cellules que la première"}
	noHead        = phrase{"the first line names no column person: write person, name, team, profile, and what else you keep", "la première ligne ne nomme pas de colonne person : écrivez person, name, team, profile, et ce que vous tenez d'autre"}
	unknownColumn = phrase{"there is no such column: write one of %s", "cette colonne n'existe pas : écrivez une de %s"}
	columnTwice   = phrase{"the column stands twice", "la colonne figure deux fois"}
	badID         = phrase{"an id is letters, digits, dots, hyphens and underscores, 63 at most, and not operator", "un identifiant se compose de lettres, chiffres, points, tirets et soulignés, 63 au plus, et n'est pas operator"}
	twice         = phrase{"%s stands on line %d already", "%s figure déjà à la ligne %d"}
	ofConfig      = phrase{"%s stands in the config, whose people are read-only here: take this line out, or take them out of the config", "%s figure dans la configuration, dont les personnes ne se changent pas ici : retirez cette ligne, ou retirez la personne de la configuration"}
	loginTaken    = phrase{"the login is that of %s, who stands in the config: name this one otherwise", "cet identifiant de connexion est celui de %s, qui figure dans la configuration : nommez cette personne autrement"}
	noDoor        = phrase{"write what they come through: one of %s", "écrivez par où la personne arrive : une de %s"}
	noProfile     = phrase{"write their profile on %s: it gives them a role", "écrivez son profil sur %s : il lui donne un rôle"}
	unmapped      = phrase{"the policy gives this profile no role on %s: map it there first, or write another", "la politique ne donne pas de rôle à ce profil sur %s : déclarez-l'y d'abord, ou écrivez-en un autre"}
	badZone       = phrase{"there is no such time zone: write one like Europe/Paris", "ce fuseau horaire n'existe pas : écrivez par exemple Europe/Paris"}
	badDay        = phrase{"write the first day on which they are gone, like 2027-01-31", "écrivez le premier jour de l'absence, comme 2027-01-31"}
	badHandover   = phrase{"write pool, later, or somebody who stays", "écrivez pool, later, ou une personne qui reste"}
	badText       = phrase{"too long, or with a line break or another control character in it", "trop long, ou avec un saut de ligne ou un autre caractère de contrôle"}
	stillExcepted = phrase{"%s comes back, and the policy in force has an exception for them until %s: propose a policy without it first, or give them another id", "%s revient, et la politique en vigueur a une exception pour cette personne jusqu'au %s : proposez d'abord une politique sans elle, ou donnez un autre identifiant"}
	tooMany       = phrase{"%d of %d people would leave by this list, more than %d%%: is it complete? If they are to leave, say so with --leavers-at-most %d", "%d personnes sur %d partiraient d'après cette liste, plus de %d %% : est-elle complète ? Si leur départ est voulu, dites-le avec --leavers-at-most %d"}
	lastAdmin     = phrase{"nobody could change the policy any more: give somebody else a profile whose role may, in this list or before it", "plus personne ne pourrait changer la politique : donnez d'abord à quelqu'un d'autre, dans cette liste ou avant elle, un profil dont le rôle le peut"}
)

var kinds = map[Kind]phrase{
	Joins: {"joins", "arrive"}, Moves: {"changes", "change"}, Leaves: {"leaves", "part"}, Returns: {"returns", "revient"},
}

// Text is the kind in a language.
func (k Kind) Text(lang string) string { return kinds[k].in(lang) }
