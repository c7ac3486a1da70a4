package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

type seeAsPage struct {
	Ways     []way
	As, Lead string
	InHand   bool
	Leads    []known
	Must     bool // a lead must be named
	Seen     *seen
}

// seen is a lead as somebody sees it.
type seen struct {
	Name, Role     string
	Known          bool
	Fields         []seenField
	Context        []seenField
	History        []past
	Silenced       int
	Script         string
	Write, Propose []string
	May            []seenDeed
}

// seenField is a field of a card. Raw is what programs get; a field that the reader
// may not see has its label alone.
type seenField struct {
	Name, Label, Text, Raw string
	Withheld               bool
}

type seenDeed struct {
	desk.Deed
	May bool
}

// seeAs shows a real lead as somebody in another role sees it.
func (c *Console) seeAs(v *visit) error {
	q := v.r.URL.Query()
	page := seeAsPage{Ways: v.ways(), As: q.Get("as"), Lead: strings.TrimSpace(q.Get("lead")), InHand: q.Get("hand") == "yes", Must: true}
	var err error
	if page.Leads, err = v.leadsKnown(); err != nil {
		return err
	}
	if page.As == "" || page.Lead == "" {
		return v.show(http.StatusOK, "see-as", page)
	}
	who, via := through(page.As)
	s, err := c.opts.Desk.SeeAs(v.r.Context(), v.actor, desk.Seeing{As: who, Connection: via, Lead: bridge.LeadID(page.Lead), InHand: page.InHand})
	if err != nil {
		status, text, known := v.wrong(err)
		if !known {
			return err
		}
		return v.showWith(status, "see-as", &notice{"wrong", text}, page)
	}
	page.Seen = v.seen(who, s)
	return v.show(http.StatusOK, "see-as", page)
}

func (v *visit) seen(who bridge.PersonID, s desk.SeenAs) *seen {
	out := &seen{Name: v.name(who), Known: s.Known, Script: s.Script, Silenced: s.Silenced, History: v.history(s.Outcomes)}
	out.Role = v.look.words.text("people.no_role")
	if s.Role != "" {
		out.Role = v.opts.Desk.Rules().Policy.Title(s.Role)
	}
	for _, name := range v.opts.Desk.Rules().Catalog.Names() {
		value, there := s.Card.Fields[name]
		def := v.def(name)
		switch {
		case there:
			out.Fields = append(out.Fields, seenField{string(name), def.Label(v.look.lang), v.value(def, value), string(value), false})
		case slices.Contains(s.Withheld, name):
			out.Fields = append(out.Fields, seenField{Name: string(name), Label: def.Label(v.look.lang), Withheld: true})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Card.Context)) {
		raw := s.Card.Context[name]
		out.Context = append(out.Context, seenField{name, v.contextLabel(name), v.contextText(raw), raw, false})
	}
	for _, name := range s.Unshown {
		out.Context = append(out.Context, seenField{Name: name, Label: v.contextLabel(name), Withheld: true})
	}
	for _, name := range s.Write {
		out.Write = append(out.Write, v.label(name))
	}
	for _, name := range s.Propose {
		out.Propose = append(out.Propose, v.label(name))
	}
	for _, d := range desk.Deeds() {
		out.May = append(out.May, seenDeed{d, slices.Contains(s.May, d)})
	}
	return out
}

// contextLabel is what people call a context field.
func (v *visit) contextLabel(name string) string {
	for _, f := range v.opts.Desk.Rules().Policy.OwnContext() {
		if f.Name == name {
			return f.Label(v.look.lang)
		}
	}
	return cmp.Or(v.look.words.of("context."+name), name)
}
