package outbox

import "passerelle/internal/appendjson"

// AppendJSON writes the entry as package encoding/json would.
func (e Entry) AppendJSON(out []byte) ([]byte, error) {
	o := appendjson.Begin(out)
	o.String("id", e.ID)
	o.Member("write", e.Write)
	o.Text("lead", string(e.Lead))
	o.Text("proposal", string(e.Proposal))
	o.String("event_key", e.EventKey)
	o.String("policy", e.Policy)
	o.String("state", string(e.State))
	o.Int("attempts", e.Attempts)
	o.True("claimed", e.Claimed)
	o.True("look", e.Look)
	o.Count("fence", e.Fence)
	o.Text("writer", e.Writer)
	o.Moment("deadline", e.Deadline)
	o.Moment("not_until", e.NotUntil)
	o.Time("created", e.Created)
	o.Time("changed", e.Changed)
	o.Text("reason", e.Reason)
	o.Text("finding", e.Finding)
	if len(e.Conflict) > 0 {
		o.Other("conflicts", e.Conflict)
	}
	o.Text("external_id", e.External)
	o.Text("superseded_by", e.By)
	appendjson.Texts(&o, "carries", e.Carries)
	if len(e.Held) > 0 {
		o.Other("held", e.Held)
	}
	return o.End()
}
