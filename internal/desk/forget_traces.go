package desk

import (
	"encoding/json"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// traces is what no index leads to from a prospect, as a snapshot shows it.
type traces struct {
	ref     bridge.Ref
	entries []string // of the outbox
}

// tracesOf reads a whole table: it must not be in a command's transaction.
func (d *Desk) tracesOf(ref bridge.Ref) (traces, error) {
	t := traces{ref: ref}
	err := d.opts.Store.View(func(tx *store.Tx) (err error) {
		t.entries, err = outbox.Of(tx, ref)
		return err
	})
	return t, err
}

// counts says how much there is of a prospect, by kind.
func (c *command) counts(ref bridge.Ref) map[string]int {
	key, out := ref.Key()+"\x00", map[string]int{}
	if prospects.Has(c.tx, ref.Key()) {
		out["prospects"] = 1
	}
	for _, id := range suffixes(c.tx, byProspect, key) {
		calls, _ := byLead.Count(c.tx, id+"\x00")
		cards, _ := shown.Count(c.tx, id+"\x00")
		out["leads"]++
		out["calls"] += calls
		out["cards"] += cards
	}
	out["proposals"], _ = proposalsOf.Count(c.tx, key)
	out["decisions"], _ = decisions.Count(c.tx, key)
	return out
}

// hushObjections leaves of what was said about a person and their numbers that
// it was said, when, and who took it down: nobody's own words.
func (c *command) hushObjections(ref bridge.Ref) error {
	keys := []string{c.personKey(ref)}
	for _, id := range suffixes(c.tx, byProspect, ref.Key()+"\x00") {
		l, err := c.lead(bridge.LeadID(id))
		if err != nil {
			return err
		}
		for _, n := range l.Numbers {
			keys = append(keys, c.numberKey(n))
		}
	}
	for _, key := range keys {
		known, ok, err := objected.Get(c.tx, key)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := objected.Put(c.tx, key, hushed(known)); err != nil {
			return err
		}
	}
	return nil
}

func hushed(known calling.Oppositions) calling.Oppositions {
	out := slices.Clone(known)
	for i := range out {
		if _, code := bridge.Disposition(out[i].Motive).Info(); !code {
			out[i].Motive = ""
		}
		if out[i].Lift != nil {
			lift := *out[i].Lift
			lift.Motive = "lifted"
			out[i].Lift = &lift
		}
	}
	return out
}

// Clues are what a text that nobody has understood may name a prospect by.
type Clues struct {
	Ref     bridge.Ref `json:"ref"`
	Leads   []string   `json:"leads,omitempty"`
	Numbers []string   `json:"numbers,omitempty"` // in E.164
	Mails   []string   `json:"mails,omitempty"`
	Names   []string   `json:"names,omitempty"` // in full
}

// clues gathers them, while the prospect is still known.
func (c *command) clues(ref bridge.Ref) (Clues, error) {
	out := Clues{Ref: ref}
	p, _, err := prospects.Get(c.tx, ref.Key())
	if err != nil {
		return out, err
	}
	for _, id := range suffixes(c.tx, byProspect, ref.Key()+"\x00") {
		l, err := c.lead(bridge.LeadID(id))
		if err != nil {
			return out, err
		}
		out.Leads = append(out.Leads, id)
		out.Numbers = append(out.Numbers, l.Numbers...)
	}
	for name, value := range p.Fields {
		if def, ok := c.Catalog.Def(name); ok && def.Type == bridge.Email && value != "" {
			out.Mails = append(out.Mails, string(value))
		}
	}
	first, last := p.Fields["prospect.first_name"], p.Fields["prospect.last_name"]
	for _, name := range []string{string(p.Fields[bridge.FieldProspectName]), strings.TrimSpace(string(first) + " " + string(last))} {
		if strings.Contains(name, " ") {
			out.Names = append(out.Names, name)
		}
	}
	return out, nil
}

// Named says whether a text, JSON or not, is about the prospect.
func (q Clues) Named(text []byte) bool {
	var decoded any
	if json.Unmarshal(text, &decoded) != nil {
		return q.inText(string(text))
	}
	return q.inValue("", decoded)
}

func (q Clues) inValue(key string, value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for k, sub := range v {
			if q.inValue(k, sub) {
				return true
			}
		}
	case []any:
		for _, sub := range v {
			if q.inValue(key, sub) {
				return true
			}
		}
	case string:
		return q.isID(key, v) || q.inText(v)
	case float64:
		raw, _ := json.Marshal(v)
		return q.isID(key, string(raw)) || q.inText(string(raw))
	}
	return false
}

// isID says whether a member that names a record names the prospect. A bare
// number is one only where the member says of what.
func (q Clues) isID(key, value string) bool {
	key = strings.ToLower(key)
	return value == q.Ref.ID && (strings.Contains(key, "prospect") || strings.Contains(key, "lead") || strings.Contains(key, "contact"))
}

func (q Clues) inText(text string) bool {
	lower, figures := strings.ToLower(text), digits(text)
	for _, n := range q.Numbers {
		// As typed, a number may begin otherwise: +33, 0033, 0.
		if own := digits(n); len(own) > 9 && strings.Contains(figures, own[len(own)-9:]) {
			return true
		}
	}
	for _, words := range [][]string{q.Mails, q.Names, q.Leads} {
		for _, word := range words {
			if strings.Contains(lower, strings.ToLower(word)) {
				return true
			}
		}
	}
	return false
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
}
