package doctor

import (
	"slices"
	"strings"
	"unicode"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// mappings compares what the config maps with what the CRM has.
func (w *ward) mappings(c connector.Catalogue) {
	for _, name := range w.Fields.Names() {
		vendor := w.Fields[name]
		_, f, there := c.Field(vendor)
		if !there {
			w.find(Wrong, "field.missing", string(name), vendor, w.instead(like(vendor, names(c))))
			continue
		}
		def, _ := w.Catalog.Def(name)
		for _, value := range def.Values {
			if f.Closed && !choice(f, value) {
				w.find(Wrong, "value.missing", string(name), value, vendor, w.instead(offered(f)))
			}
		}
		if def.Type != "" && f.Type != "" && !fits(def.Type, f.Type) {
			w.find(Note, "type.differs", string(name), def.Type, vendor, f.Type)
		}
	}
}

// fits says whether values of our type can stand in a field of the CRM's.
func fits(ours, theirs bridge.FieldType) bool {
	texts := []bridge.FieldType{bridge.Text, bridge.Enum, bridge.Phone, bridge.Email}
	switch {
	case ours == theirs, slices.Contains(texts, theirs):
		return true
	case slices.Contains(texts, ours):
		return theirs != bridge.Boolean && theirs != bridge.Date && theirs != bridge.DateTime
	case ours == bridge.Integer:
		return theirs == bridge.Decimal || theirs == bridge.Boolean
	}
	return ours == bridge.Boolean && theirs == bridge.Integer
}

func choice(f connector.VendorField, value string) bool {
	return slices.ContainsFunc(f.Choices, func(c connector.Choice) bool { return c.Value == value })
}

func offered(f connector.VendorField) []string {
	var out []string
	for _, c := range f.Choices {
		out = append(out, c.Value)
	}
	return out
}

func names(c connector.Catalogue) (out []string) {
	for _, o := range c.Objects {
		for _, f := range o.Fields {
			out = append(out, f.Name)
		}
	}
	return out
}

// like lists the names that somebody may have meant: the same letters, or the
// one within the other.
func like(name string, all []string) (out []string) {
	bare := letters(name)
	for _, other := range all {
		o := letters(other)
		near := o == bare || len(bare) >= 4 && strings.Contains(o, bare) || len(o) >= 4 && strings.Contains(bare, o)
		if near && !slices.Contains(out, other) {
			out = append(out, other)
		}
	}
	return out
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// instead words what there is in the place of something missing.
func (w *ward) instead(there []string) string {
	const most = 8
	if len(there) == 0 {
		return ""
	}
	more := ""
	if len(there) > most {
		there, more = there[:most], ", …"
	}
	return say(w.Lang, "instead", strings.Join(there, ", ")+more)
}

// named compares what the settings name.
func (w *ward) named(all []connector.Named, c connector.Catalogue, known bool, people connector.People, listed bool) {
	for _, n := range all {
		switch {
		case n.User != "" && listed:
			w.user("setting", n.Setting, n.User, people)
		case n.Field != "" && known:
			w.thing(n, c)
		}
	}
}

func (w *ward) thing(n connector.Named, c connector.Catalogue) {
	at := slices.IndexFunc(c.Objects, func(o connector.VendorObject) bool { return o.Name == n.Object })
	if at < 0 {
		w.find(Wrong, "setting.object", n.Setting, n.Object)
		return
	}
	fields := c.Objects[at].Fields
	i := slices.IndexFunc(fields, func(f connector.VendorField) bool { return f.Name == n.Field })
	switch {
	case i < 0:
		w.find(Wrong, "setting.field", n.Setting, n.Object, n.Field)
	case n.Value != "" && len(fields[i].Choices) > 0 && !choice(fields[i], n.Value): // without a list any text will do
		w.find(Wrong, "setting.value", n.Setting, n.Value, n.Field, w.instead(offered(fields[i])))
	}
}

// user looks whether somebody is there and active.
func (w *ward) user(code, about, id string, people connector.People) {
	at := slices.IndexFunc(people.Users, func(u connector.User) bool { return u.ID == id })
	switch {
	case at < 0:
		w.find(Wrong, code+".user.missing", about, id)
	case !people.Users[at].Active:
		w.find(Wrong, code+".user.inactive", about, id)
	}
}

// staff looks for the people of the config among those of the CRM.
func (w *ward) staff(people connector.People) {
	owner := map[string]bridge.PersonID{}
	for _, p := range w.People {
		id := p.CRM[w.Name]
		if id == "" || !p.Active {
			continue
		}
		w.user("person", string(p.ID), id, people)
		if first, taken := owner[id]; taken {
			w.find(Wrong, "person.twice", string(p.ID), id, first)
		}
		owner[id] = p.ID
	}
}
