package outbox

import (
	"passerelle/internal/appendjson"
	"passerelle/internal/bridge"
)

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

// ReadJSON reads an entry as AppendJSON wrote it; one with conflicts, or of an
// appointment, is left to package encoding/json.
func (e *Entry) ReadJSON(in *appendjson.Reader) {
	in.Object(func(name string) {
		switch name {
		case "id":
			e.ID = in.String()
		case "write":
			e.Write.ReadJSON(in)
		case "lead":
			e.Lead = bridge.LeadID(in.String())
		case "proposal":
			e.Proposal = bridge.ProposalID(in.String())
		case "event_key":
			e.EventKey = in.String()
		case "policy":
			e.Policy = in.String()
		case "state":
			e.State = State(in.String())
		case "attempts":
			e.Attempts = in.Int()
		case "claimed":
			e.Claimed = in.Bool()
		case "look":
			e.Look = in.Bool()
		case "fence":
			e.Fence = in.Uint()
		case "writer":
			e.Writer = in.String()
		case "deadline":
			e.Deadline = in.Time()
		case "not_until":
			e.NotUntil = in.Time()
		case "created":
			e.Created = in.Time()
		case "changed":
			e.Changed = in.Time()
		default:
			e.readRest(name, in)
		}
	})
}

// readRest reads the members that come later in an entry's life.
func (e *Entry) readRest(name string, in *appendjson.Reader) {
	switch name {
	case "reason":
		e.Reason = in.String()
	case "finding":
		e.Finding = in.String()
	case "external_id":
		e.External = in.String()
	case "superseded_by":
		e.By = in.String()
	case "carries":
		in.List(func() { e.Carries = append(e.Carries, in.String()) })
	case "held":
		e.Held = map[bridge.FieldName]bridge.Value{}
		in.Object(func(name string) { e.Held[bridge.FieldName(name)] = bridge.Value(in.String()) })
	default:
		in.Unknown()
	}
}
