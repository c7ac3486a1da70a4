package desk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
)

// gated is what the gate made of a set of changed fields.
type gated struct {
	asked    []bridge.FieldName // that the CRM has
	follows  []bridge.FieldName // asked for by nobody: they go along where they may be written
	admitted []bridge.FieldName
	changes  []bridge.FieldChange // of admitted: those that change something
	proposed []bridge.FieldChange
	refused  []bridge.Refusal
	leading  map[bridge.FieldName]bridge.Value // what the CRM holds of changes, or will once our writes are there
}

func (g gated) names() []bridge.FieldName {
	var out []bridge.FieldName
	for _, c := range g.proposed {
		out = append(out, c.Name)
	}
	return out
}

// parse brings the values of an event to their canonical form; what cannot be
// is refused.
func (c *command) parse(fields map[bridge.FieldName]any) (map[bridge.FieldName]bridge.Value, []bridge.Refusal) {
	values := make(map[bridge.FieldName]bridge.Value, len(fields)+1)
	var refused []bridge.Refusal
	for name, raw := range fields {
		def, ok := c.Catalog.Def(name)
		if !ok {
			refused = append(refused, bridge.Refusal{Field: name, Reason: noField.In("en"), French: noField.In("fr"), Remedy: "map it under connections.<crm>.fields"})
			continue
		}
		text, ok := scalar(raw)
		if !ok {
			refused = append(refused, bridge.Refusal{Field: name, Reason: noValue.In("en"), French: noValue.In("fr")})
			continue
		}
		value, err := def.Parse(text)
		if err != nil {
			refused = append(refused, bridge.Refusal{Field: name, Reason: err.Error(), French: bilingual.Of(err).In("fr")})
			continue
		}
		values[name] = value
	}
	slices.SortFunc(refused, func(a, b bridge.Refusal) int { return compare(a.Field, b.Field) })
	return values, refused
}

func compare(a, b bridge.FieldName) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func scalar(raw any) (string, bool) {
	switch v := raw.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// admit splits changed fields of a lead's prospect into what may be written,
// what may be proposed and what is refused, and measures each against what the
// author's card showed.
func (c *command) admit(l bridge.Lead, p bridge.Prospect, scope policy.Record, values map[bridge.FieldName]bridge.Value) (gated, error) {
	g := gated{leading: map[bridge.FieldName]bridge.Value{}}
	for name := range values {
		g.asked = append(g.asked, name)
	}
	slices.Sort(g.asked)
	admission := c.Policy.Admit(c.who, scope, g.asked)
	g.asked = slices.DeleteFunc(g.asked, func(name bridge.FieldName) bool { return !c.Mapped[l.Prospect.Connection][name] })
	g.refused = admission.Refused
	card, err := c.cardOf(l, p)
	if err != nil {
		return g, err
	}
	for _, name := range admission.Propose {
		if c.unmapped(l, name, &g) {
			continue
		}
		g.proposed = append(g.proposed, c.change(name, values[name], card))
	}
	if len(admission.Write) == 0 {
		return g, nil
	}
	chain, err := outbox.ChainOf(c.tx, l.Prospect)
	if err != nil {
		return g, err
	}
	for _, name := range admission.Write {
		if c.unmapped(l, name, &g) {
			continue
		}
		g.admitted = append(g.admitted, name)
		change := c.change(name, values[name], card)
		leads, err := chain.Current(c.tx, name, change.Expected, change.CardAt)
		if err != nil {
			return g, err
		}
		if leads != change.Value {
			g.changes = append(g.changes, change)
			g.leading[name] = leads
		}
	}
	return g, nil
}

func (c *command) unmapped(l bridge.Lead, name bridge.FieldName, g *gated) bool {
	if c.Mapped[l.Prospect.Connection][name] {
		return false
	}
	g.refused = append(g.refused, bridge.Refusal{
		Field: name, Reason: fmt.Sprintf("%s has no such field", l.Prospect.Connection),
		Remedy: fmt.Sprintf("map it under connections.%s.fields", l.Prospect.Connection),
	})
	return true
}

func (c *command) change(name bridge.FieldName, value bridge.Value, card Shown) bridge.FieldChange {
	return bridge.FieldChange{
		Name: name, Value: value, Expected: card.Fields[name], CardAt: card.ReadAt,
		Author: c.actor.Person.ID, Policy: c.Policy.Hash(),
	}
}

// cardOf is what the card in front of the actor showed; without one, what we
// last read.
func (c *command) cardOf(l bridge.Lead, p bridge.Prospect) (Shown, error) {
	card, ok, err := shown.Get(c.tx, shownKey(c.actor.Connection, l.ID))
	if err != nil || ok {
		return card, err
	}
	return Shown{ReadAt: p.ReadAt, Fields: p.Fields}, nil
}

// given says whether the lead's last card left for the actor and is still good
// for a call: to the platform they come through, or to themselves, not yet used
// and to nobody else since. Neither a lease that was too short nor a lead that
// was taken off the list meanwhile makes their report a stranger's.
func (c *command) given(l bridge.Lead) (bool, error) {
	s, ok, err := shown.Get(c.tx, shownKey(c.actor.Connection, l.ID))
	if !ok || err != nil || s.To == "" {
		return ok, err
	}
	return s.To == c.actor.Person.ID && !s.Used && c.now.Before(s.At.Add(cardGood)), nil
}

// used notes that the call was made for which a person was given the card: their
// draft has served.
func (c *command) used(l bridge.Lead) error {
	key := shownKey(c.actor.Connection, l.ID)
	s, ok, err := shown.Get(c.tx, key)
	if !ok || err != nil || s.To != c.actor.Person.ID {
		return err
	}
	s.Used = true
	if err := drafts.Delete(c.tx, draftKey(l.ID, c.who.Person)); err != nil {
		return err
	}
	return shown.Put(c.tx, key, s)
}

func shownKey(connection bridge.ConnectionName, id bridge.LeadID) string {
	return string(id) + "\x00" + string(connection)
}

// show remembers what a card showed, and to whom ("": a platform). Only fields
// whose changes may come back are kept.
func (c *command) show(connection bridge.ConnectionName, to bridge.PersonID, l bridge.Lead, p bridge.Prospect, writable []bridge.FieldName) error {
	s := Shown{ReadAt: p.ReadAt, Fields: map[bridge.FieldName]bridge.Value{}, To: to, At: c.now.UTC()}
	for _, name := range writable {
		// A field that the card may not show was still read for others: what
		// we knew then is what a blind change is measured against.
		if v, ok := p.Fields[name]; ok {
			s.Fields[name] = v
		}
	}
	return shown.Put(c.tx, shownKey(connection, l.ID), s)
}

// frame is a write with its operation id and author. The revisions of a store
// that was restored are its own: the CRM may know others from the life before.
func (c *command) frame(ref bridge.Ref, kind bridge.WriteKind, key string, revision int) bridge.Write {
	if revision > 0 {
		revision += c.restored.Epoch << 20
	}
	return bridge.Write{
		Operation: bridge.Operation(ref.Connection, key, kind, revision),
		Kind:      kind,
		Prospect:  ref,
		Author:    c.actor.Person.ID,
		CRMUser:   c.actor.Person.CRM[ref.Connection],
	}
}

// append puts a write in the outbox.
func (c *command) append(w bridge.Write, key string, lead bridge.LeadID, proposal bridge.ProposalID) error {
	_, err := c.send(w, key, lead, proposal)
	return err
}

// send puts a write in the outbox and answers its entry's id.
func (c *command) send(w bridge.Write, key string, lead bridge.LeadID, proposal bridge.ProposalID) (string, error) {
	e, err := outbox.Append(c.tx, outbox.Draft{
		Write: w, Lead: lead, Proposal: proposal, EventKey: key, Policy: c.Policy.Hash(),
		Look: c.restored.Doubted(w, c.happened, c.now),
	}, c.now)
	c.wake(w.Prospect.Connection)
	return e.ID, err
}
