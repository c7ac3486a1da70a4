package bridge

import "passerelle/internal/appendjson"

// The rows of every call write their JSON themselves: as package encoding/json
// would, at a tenth of its cost.

// AppendJSON writes the ref.
func (r Ref) AppendJSON(out []byte) ([]byte, error) {
	o := appendjson.Begin(out)
	o.String("connection", string(r.Connection))
	o.String("object", string(r.Object))
	o.String("id", r.ID)
	return o.End()
}

// AppendJSON writes the outcome.
func (o Outcome) AppendJSON(out []byte) ([]byte, error) {
	w := appendjson.Begin(out)
	w.String("id", string(o.ID))
	w.String("event_key", o.EventKey)
	w.String("connection", string(o.Connection))
	w.String("lead", string(o.Lead))
	w.String("campaign", string(o.Campaign))
	w.Member("prospect", o.Prospect)
	w.String("author", string(o.Author))
	w.String("role", string(o.Role))
	w.Time("at", o.At)
	w.Time("received_at", o.ReceivedAt)
	w.Int("attempt", o.Attempt)
	w.Text("attempt_id", o.AttemptID)
	w.String("technical", string(o.Technical))
	w.String("disposition", string(o.Disposition))
	w.Text("raw_code", o.RawCode)
	if o.TalkS != 0 {
		w.Int("talk_s", o.TalkS)
	}
	w.Text("note", o.Note)
	w.Int("revision", o.Revision)
	appendjson.Texts(&w, "admitted", o.Admitted)
	appendjson.Texts(&w, "proposed", o.Proposed)
	appendjson.Members(&w, "refused", o.Refused)
	w.Text("proposal", string(o.Proposal))
	appendjson.Texts(&w, "flags", o.Flags)
	return w.End()
}

// AppendJSON writes the refusal.
func (r Refusal) AppendJSON(out []byte) ([]byte, error) {
	o := appendjson.Begin(out)
	o.String("field", string(r.Field))
	o.String("reason", r.Reason)
	o.Text("reason_fr", r.French)
	o.Text("rule", r.Rule)
	o.Text("remedy", r.Remedy)
	return o.End()
}

// AppendJSON writes the lead.
func (l Lead) AppendJSON(out []byte) ([]byte, error) {
	o := appendjson.Begin(out)
	o.String("id", string(l.ID))
	o.String("campaign", string(l.Campaign))
	o.Member("prospect", l.Prospect)
	o.Text("team", l.Team)
	o.Text("assignee", string(l.Assignee))
	o.String("state", string(l.State))
	o.Int("attempts", l.Attempts)
	o.Moment("last_at", l.LastAt)
	o.Text("last_disposition", string(l.Last))
	o.Moment("next_at", l.NextAt)
	appendjson.Texts(&o, "numbers", l.Numbers)
	if l.Lease != nil {
		o.Other("lease", l.Lease)
	}
	appendjson.Texts(&o, "held_by", l.HeldBy)
	appendjson.Texts(&o, "flags", l.Flags)
	o.Time("created_at", l.CreatedAt)
	o.Text("withdrawn_by", l.WithdrawnBy)
	return o.End()
}

// AppendJSON writes the write.
func (w Write) AppendJSON(out []byte) ([]byte, error) {
	o := appendjson.Begin(out)
	o.String("operation", string(w.Operation))
	o.String("kind", string(w.Kind))
	o.Member("prospect", w.Prospect)
	o.String("author", string(w.Author))
	o.Text("crm_user", w.CRMUser)
	if w.Call != nil {
		o.Member("call", *w.Call)
	}
	appendjson.Members(&o, "fields", w.Fields)
	if w.Meeting != nil {
		o.Other("meeting", w.Meeting)
	}
	o.Text("motive", w.Motive)
	return o.End()
}

// AppendJSON writes the call's log.
func (c CallLog) AppendJSON(out []byte) ([]byte, error) {
	o := appendjson.Begin(out)
	o.Time("at", c.At)
	o.Int("attempt", c.Attempt)
	o.Int("talk_s", c.TalkS)
	o.String("technical", string(c.Technical))
	o.String("disposition", string(c.Disposition))
	o.Text("note", c.Note)
	o.String("caller", string(c.Caller))
	o.Text("revises", string(c.Revises))
	return o.End()
}

// AppendJSON writes the change.
func (c FieldChange) AppendJSON(out []byte) ([]byte, error) {
	o := appendjson.Begin(out)
	o.String("name", string(c.Name))
	o.String("value", string(c.Value))
	o.String("expected", string(c.Expected))
	o.String("author", string(c.Author))
	o.String("policy", c.Policy)
	o.Time("card_at", c.CardAt)
	return o.End()
}
