package policy

import (
	"cmp"
	"slices"
	"strings"

	"passerelle/internal/bridge"
)

// CardChange is a context field that the cards of a role gain or lose, or that
// is derived otherwise.
type CardChange struct {
	Role    bridge.Role        `json:"role"`
	Gains   bool               `json:"gains"`
	Context string             `json:"context"`
	Changed bool               `json:"changed,omitempty"` // they hold it as before, derived otherwise
	From    []bridge.FieldName `json:"from,omitempty"`    // what a field that they hold now is derived from
	Risk    Risk               `json:"risk"`
}

func cardChanges(name bridge.Role, old, new *Policy) []CardChange {
	var out []CardChange
	before, after := old.role(name), new.role(name)
	for _, field := range slices.Compact(slices.Sorted(slices.Values(append(old.contextNames(), new.contextNames()...)))) {
		was, is := before.shows(field), after.shows(field)
		changed := was && is && !old.contextField(field).equal(new.contextField(field))
		if was == is && !changed {
			continue
		}
		c := CardChange{Role: name, Gains: is, Context: field, Changed: changed}
		if is {
			c.From = new.contextInputs(field)
			c.Risk = new.contextRisk(after, c.From)
		}
		out = append(out, c)
	}
	return out
}

func (c CardChange) compare(o CardChange) int {
	return cmp.Or(-cmp.Compare(c.Risk, o.Risk), cmp.Compare(c.Role, o.Role), cmp.Compare(c.Context, o.Context))
}

// equal says whether a context field says the same. Those of every policy, which
// are nil here, do.
func (f *contextField) equal(o *contextField) bool {
	if f == nil || o == nil {
		return f == o
	}
	return f.typ == o.typ && f.text == o.text
}

func (ro *role) shows(context string) bool { return ro != nil && slices.Contains(ro.context, context) }

// contextRisk is that of a card telling something of fields: as high as that of
// the role reading them, unless it may read them all.
func (p *Policy) contextRisk(ro *role, from []bridge.FieldName) Risk {
	out := RiskLow
	for _, name := range from {
		if !ro.ever[Read.index()].has(p.targets.field(name)) {
			out = max(out, riskOf(Read, group{gains: true, class: p.classOf(name)}))
		}
	}
	return out
}

func (p *Policy) classOf(name bridge.FieldName) bridge.Class {
	def, _ := p.targets.catalog.Def(name)
	return def.Class
}

var (
	cardGain    = phrase{"the cards of {role} hold {context}", "les fiches d'appel de {role} montrent {context}"}
	cardLoss    = phrase{"the cards of {role} no longer hold {context}", "les fiches d'appel de {role} ne montrent plus {context}"}
	cardChanged = phrase{"{context}, which the cards of {role} hold, is derived otherwise", "{context}, que montrent les fiches d'appel de {role}, est déduit autrement"}
	cardFrom    = phrase{", derived from {fields}", ", déduit de {fields}"}
)

// Text says the change as one sentence without a full stop.
func (c CardChange) Text(lang string) string {
	p := cardLoss
	switch {
	case c.Changed:
		p = cardChanged
	case c.Gains:
		p = cardGain
	}
	text := p.Fill(lang, "{role}", string(c.Role), "{context}", c.Context)
	if len(c.From) > 0 {
		text += cardFrom.Fill(lang, "{fields}", list(c.From))
	}
	return text
}

// Text says what the field is derived from: "Good customer (good): bool, derived
// from account.revenue".
func (f ContextField) Text(lang string) string {
	text := f.Label(lang) + " (" + f.Name + "): " + string(f.Type)
	if len(f.From) > 0 {
		text += cardFrom.Fill(lang, "{fields}", list(f.From))
	}
	return text + ": " + strings.Join(strings.Fields(f.Expr), " ")
}
