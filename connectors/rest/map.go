package rest

import (
	"encoding/json"
	"math/big"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// record is a JSON object of the CRM; numbers in it are [json.Number].
type record map[string]any

// item finds the object in an answer: under key, or the answer itself.
func item(op string, answer any, key string) (record, error) {
	if outer, ok := answer.(map[string]any); ok && key != "" {
		answer = outer[key]
	}
	if rec, ok := answer.(map[string]any); ok {
		return rec, nil
	}
	return nil, fault.Newf(fault.Unavailable, op, "the answer holds no record%s", under(key))
}

// list finds the objects in an answer: under key, or the answer itself.
func list(op string, answer any, key string) ([]record, error) {
	if outer, ok := answer.(map[string]any); ok && key != "" {
		answer = outer[key]
	}
	items, ok := answer.([]any)
	if !ok {
		return nil, fault.Newf(fault.Unavailable, op, "the answer holds no list%s", under(key))
	}
	records := make([]record, 0, len(items))
	for _, i := range items {
		rec, ok := i.(map[string]any)
		if !ok {
			return nil, fault.Newf(fault.Unavailable, op, "the answer's list holds something that is no record")
		}
		records = append(records, rec)
	}
	return records, nil
}

func under(key string) string {
	if key == "" {
		return ""
	}
	return " under " + key
}

// text is a JSON value as text: null is "", an object or a list its JSON.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

// mapper translates between canonical fields and the CRM's.
type mapper struct {
	fields  connector.FieldMap
	catalog bridge.Catalog
}

// value brings what the CRM holds to canonical form.
func (m mapper) value(name bridge.FieldName, held any) bridge.Value {
	return m.catalog.DefOrText(name).Held(text(held))
}

// json is a canonical value as the CRM takes it: a number or a boolean where
// the field is one, null for empty, else text.
func (m mapper) json(name bridge.FieldName, v bridge.Value) any {
	if v == "" {
		return nil
	}
	switch m.catalog.DefOrText(name).Type {
	case bridge.Integer, bridge.Decimal:
		if _, ok := new(big.Rat).SetString(string(v)); ok && json.Valid([]byte(v)) {
			return json.Number(v)
		}
	case bridge.Boolean:
		if v == "true" || v == "false" {
			return v == "true"
		}
	}
	return string(v)
}

// pick keeps the fields that were asked for.
func (m mapper) pick(rec record, names []bridge.FieldName) map[bridge.FieldName]bridge.Value {
	out := make(map[bridge.FieldName]bridge.Value, len(names))
	for _, name := range names {
		if held, there := rec[m.fields[name]]; there {
			out[name] = m.value(name, held)
		}
	}
	return out
}

// body collects what a write carries, leaving out what has no key.
type body map[string]any

func (b body) set(key string, value any) {
	if key != "" {
		b[key] = value
	}
}

func (s activitySettings) body(w bridge.Write) body {
	b, call, keys := body{}, w.Call, s.Fields
	disposition := string(call.Disposition)
	if theirs, ok := s.Dispositions[disposition]; ok {
		disposition = theirs
	} else if other, ok := s.Dispositions["*"]; ok {
		disposition = other
	}
	b.set(keys.At, instant(call.At))
	b.set(keys.Disposition, disposition)
	b.set(keys.Attempt, call.Attempt)
	b.set(keys.Duration, call.TalkS)
	b.set(keys.Technical, string(call.Technical))
	b.set(keys.Note, call.Note)
	b.set(keys.Caller, string(call.Caller))
	b.set(keys.User, w.CRMUser)
	return b
}

// body is an appointment as it is made.
func (k appointmentKeys) body(m *bridge.Meeting) body {
	b := k.moved(m)
	b.set(k.Subject, m.Subject)
	b.set(k.Place, m.Place)
	b.set(k.Note, m.Note)
	return b
}

// moved is what a move changes: when an appointment is, and with whom. What
// people wrote into it since is theirs.
func (k appointmentKeys) moved(m *bridge.Meeting) body {
	b := body{}
	b.set(k.Start, instant(m.Slot.UTC))
	b.set(k.Local, m.Slot.Local)
	b.set(k.Zone, m.Slot.Zone)
	b.set(k.Minutes, m.Slot.Minutes)
	for key, value := range map[string]string{k.Salesperson: string(m.Salesperson), k.User: m.CRMUser, k.ValidatedBy: string(m.ValidatedBy)} {
		if value != "" {
			b.set(key, value)
		}
	}
	return b
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }
