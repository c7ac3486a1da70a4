package bridge

import "passerelle/internal/appendjson"

// The rows that every call reads read their JSON themselves. What they do not
// know, or have no room for here, package encoding/json reads.

// ReadJSON reads a ref as AppendJSON wrote it.
func (r *Ref) ReadJSON(in *appendjson.Reader) {
	in.Object(func(name string) {
		switch name {
		case "connection":
			r.Connection = ConnectionName(in.String())
		case "object":
			r.Object = Object(in.String())
		case "id":
			r.ID = in.String()
		default:
			in.Unknown()
		}
	})
}

// ReadJSON reads a lead as AppendJSON wrote it.
func (l *Lead) ReadJSON(in *appendjson.Reader) {
	in.Object(func(name string) {
		switch name {
		case "id":
			l.ID = LeadID(in.String())
		case "campaign":
			l.Campaign = CampaignID(in.String())
		case "prospect":
			l.Prospect.ReadJSON(in)
		case "team":
			l.Team = in.String()
		case "assignee":
			l.Assignee = PersonID(in.String())
		case "state":
			l.State = LeadState(in.String())
		case "attempts":
			l.Attempts = in.Int()
		case "last_at":
			l.LastAt = in.Time()
		case "last_disposition":
			l.Last = Disposition(in.String())
		case "next_at":
			l.NextAt = in.Time()
		case "numbers":
			in.List(func() { l.Numbers = append(l.Numbers, in.String()) })
		case "held_by":
			in.List(func() { l.HeldBy = append(l.HeldBy, ConnectionName(in.String())) })
		case "flags":
			in.List(func() { l.Flags = append(l.Flags, in.String()) })
		case "created_at":
			l.CreatedAt = in.Time()
		case "withdrawn_by":
			l.WithdrawnBy = in.String()
		case "lease":
			l.Lease = new(Lease)
			l.Lease.ReadJSON(in)
		default:
			in.Unknown()
		}
	})
}

// ReadJSON reads a lease as AppendJSON wrote it.
func (l *Lease) ReadJSON(in *appendjson.Reader) {
	in.Object(func(name string) {
		switch name {
		case "person":
			l.Person = PersonID(in.String())
		case "until":
			l.Until = in.Time()
		default:
			in.Unknown()
		}
	})
}

// ReadJSON reads a write as AppendJSON wrote it; one of an appointment is left to
// package encoding/json.
func (w *Write) ReadJSON(in *appendjson.Reader) {
	in.Object(func(name string) {
		switch name {
		case "operation":
			w.Operation = OperationID(in.String())
		case "kind":
			w.Kind = WriteKind(in.String())
		case "prospect":
			w.Prospect.ReadJSON(in)
		case "author":
			w.Author = PersonID(in.String())
		case "crm_user":
			w.CRMUser = in.String()
		case "call":
			w.Call = new(CallLog)
			w.Call.ReadJSON(in)
		case "fields":
			in.List(func() {
				var c FieldChange
				c.ReadJSON(in)
				w.Fields = append(w.Fields, c)
			})
		case "motive":
			w.Motive = in.String()
		default:
			in.Unknown()
		}
	})
}

// ReadJSON reads a call's log as AppendJSON wrote it.
func (c *CallLog) ReadJSON(in *appendjson.Reader) {
	in.Object(func(name string) {
		switch name {
		case "at":
			c.At = in.Time()
		case "attempt":
			c.Attempt = in.Int()
		case "talk_s":
			c.TalkS = in.Int()
		case "technical":
			c.Technical = Technical(in.String())
		case "disposition":
			c.Disposition = Disposition(in.String())
		case "note":
			c.Note = in.String()
		case "caller":
			c.Caller = PersonID(in.String())
		case "revises":
			c.Revises = OperationID(in.String())
		default:
			in.Unknown()
		}
	})
}

// ReadJSON reads a change as AppendJSON wrote it.
func (c *FieldChange) ReadJSON(in *appendjson.Reader) {
	in.Object(func(name string) {
		switch name {
		case "name":
			c.Name = FieldName(in.String())
		case "value":
			c.Value = Value(in.String())
		case "expected":
			c.Expected = Value(in.String())
		case "author":
			c.Author = PersonID(in.String())
		case "policy":
			c.Policy = in.String()
		case "card_at":
			c.CardAt = in.Time()
		default:
			in.Unknown()
		}
	})
}
