package console

import (
	"cmp"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// face is a prospect as the reader's role may see them, with their calls.
type face struct {
	Name    string // who it is
	Sub     string // and where
	Phones  []phone
	Card    []cell
	Context []cell
	History []past
}

type cell struct{ Label, Value string }

type phone struct {
	Label, Text string
	Dial        template.URL
}

type past struct {
	At, By      string
	Disposition bridge.Disposition
	TalkS       int
	Note        string
}

// headFields stand in the head of a card; the others below.
var headFields = []bridge.FieldName{
	bridge.FieldProspectName, "prospect.first_name", "prospect.last_name", "prospect.job_title", "account.name",
}

// headOf is who somebody is, and where they work, as far as the card says.
func headOf(fields map[bridge.FieldName]bridge.Value) (name, sub string) {
	join := func(by string, names ...bridge.FieldName) string {
		var parts []string
		for _, n := range names {
			if value := string(fields[n]); value != "" {
				parts = append(parts, value)
			}
		}
		return strings.Join(parts, by)
	}
	name = cmp.Or(join(" ", "prospect.first_name", "prospect.last_name"), join("", bridge.FieldProspectName))
	sub = join(", ", "prospect.job_title", "account.name")
	if name == "" {
		return sub, ""
	}
	return name, sub
}

func (v *visit) faceOf(w desk.View) (out face) {
	out.Name, out.Sub = headOf(w.Card.Fields)
	for _, name := range v.opts.Desk.Rules().Catalog.Names() {
		value, def := w.Card.Fields[name], v.def(name)
		switch {
		case value == "" || slices.Contains(headFields, name):
		case def.Type == bridge.Phone:
			out.Phones = append(out.Phones, phone{def.Label(v.look.lang), string(value), template.URL(telephone(value))})
		default:
			out.Card = append(out.Card, cell{def.Label(v.look.lang), v.value(def, value)})
		}
	}
	for _, name := range []string{"customer", "last_contact", "attempts"} {
		if text := w.Card.Context[name]; text != "" {
			out.Context = append(out.Context, cell{v.look.words.text("context." + name), v.contextText(text)})
		}
	}
	out.History = v.history(w.Outcomes)
	return out
}

// history is the calls that somebody may read of, the newest first.
func (v *visit) history(calls []bridge.Outcome) (out []past) {
	for _, o := range slices.Backward(calls) {
		out = append(out, past{
			At: v.look.moment(o.At.In(v.zone), v.now.In(v.zone)), By: v.name(o.Author),
			Disposition: o.Disposition, TalkS: o.TalkS, Note: o.Note,
		})
	}
	return out
}

func (v *visit) def(name bridge.FieldName) bridge.FieldDef {
	def, _ := v.opts.Desk.Rules().Catalog.Def(name)
	return def
}

func (v *visit) label(name bridge.FieldName) string { return v.def(name).Label(v.look.lang) }

// value is a field's value as people write it.
func (v *visit) value(def bridge.FieldDef, value bridge.Value) string {
	switch def.Type {
	case bridge.Boolean:
		return cmp.Or(v.look.words.of("boolean."+string(value)), string(value))
	case bridge.Date:
		if t, err := time.Parse(time.DateOnly, string(value)); err == nil {
			return t.Format(v.look.words.text("date.short"))
		}
	case bridge.DateTime:
		if t, err := time.Parse(time.RFC3339, string(value)); err == nil {
			return v.look.moment(t.In(v.zone), v.now.In(v.zone))
		}
	}
	if def.Name == bridge.FieldStatus || def.Name == "prospect.last_disposition" {
		return cmp.Or(v.look.words.of("status."+string(value)), v.look.words.of("disposition."+string(value)), string(value))
	}
	return string(value)
}

var lastContact = regexp.MustCompile(`^(\d+) days ago: ([a-z_]*)$`)

// contextText says what the desk has derived in the reader's words.
func (v *visit) contextText(text string) string {
	if m := lastContact.FindStringSubmatch(text); m != nil {
		days := 0
		for _, digit := range m[1] {
			days = 10*days + int(digit-'0')
		}
		when := v.look.words.text("context.today")
		if days > 0 {
			when = v.look.words.count("context.days", days)
		}
		return v.look.words.text("context.contact", when, v.look.disposition(bridge.Disposition(m[2])))
	}
	return cmp.Or(v.look.words.of("boolean."+text), text)
}

// name is how a person is called.
func (v *visit) name(id bridge.PersonID) string {
	if p, ok := v.opts.Desk.Rules().Person(id); ok {
		return cmp.Or(p.Name, string(id))
	}
	return string(id)
}
