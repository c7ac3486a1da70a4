package doctor

import (
	"context"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// guard stands between a probe and the connector. It lets through a note on one
// record, one appointment with it, and the removal of what these have made;
// anything else it refuses before the connector hears of it.
type guard struct {
	conn    connector.Conn
	record  bridge.Ref
	meeting string // our id of the appointment
	made    map[bridge.WriteKind][]string
}

func newGuard(conn connector.Conn, record bridge.Ref, meeting string) *guard {
	return &guard{conn: conn, record: record, meeting: meeting, made: map[bridge.WriteKind][]string{}}
}

func refuse(words string) error { return fault.Newf(fault.Rejected, "probe", "%s", words) }

// apply carries a write out.
func (g *guard) apply(ctx context.Context, w bridge.Write) (connector.Receipt, error) {
	applier, ok := g.conn.(connector.Applier)
	switch {
	case !ok:
		return connector.Receipt{}, refuse("this connection takes no writes")
	case w.Prospect != g.record:
		return connector.Receipt{}, refuse("a probe touches the record that was named, and no other")
	case len(w.Fields) > 0:
		return connector.Receipt{}, refuse("a probe changes no field of a record")
	case w.Kind == bridge.WriteActivity:
		if w.Call == nil || w.Call.Revises != "" {
			return connector.Receipt{}, refuse("a probe changes no call but makes one of its own")
		}
	case w.Kind != bridge.WriteMeeting && w.Kind != bridge.WriteMove && w.Kind != bridge.WriteCancel:
		return connector.Receipt{}, refuse("a probe writes notes and appointments only")
	case w.Meeting == nil || w.Meeting.ID != g.meeting:
		return connector.Receipt{}, refuse("a probe touches no appointment but its own")
	case w.Meeting.ExternalID != "" && !slices.Contains(g.made[bridge.WriteMeeting], w.Meeting.ExternalID):
		return connector.Receipt{}, refuse("a probe touches no appointment but its own")
	}
	r := applier.Apply(ctx, []bridge.Write{w})[0]
	if r.Err == nil {
		g.note(w.Kind, r.ExternalID)
	}
	return r, r.Err
}

// note keeps the id of a record that a write of ours has made. It may be the
// prospect's own: ids are of a kind, and so is their removal.
func (g *guard) note(kind bridge.WriteKind, id string) {
	if (kind == bridge.WriteActivity || kind == bridge.WriteMeeting) && id != "" && !slices.Contains(g.made[kind], id) {
		g.made[kind] = append(g.made[kind], id)
	}
}

// find looks for a write of ours; what it made may be removed afterwards.
func (g *guard) find(ctx context.Context, w bridge.Write) (connector.Sighting, error) {
	finder, ok := g.conn.(connector.Finder)
	if !ok || w.Prospect != g.record {
		return connector.Sighting{}, refuse("this cannot be looked for")
	}
	seen, err := finder.Find(ctx, []bridge.Write{w})
	if err != nil {
		return connector.Sighting{}, err
	}
	if seen[0].Present {
		g.note(w.Kind, seen[0].ExternalID)
	}
	return seen[0], nil
}

// remove takes away what a write of ours has made.
func (g *guard) remove(ctx context.Context, kind bridge.WriteKind, id string) error {
	remover, ok := g.conn.(connector.Remover)
	switch {
	case !ok:
		return refuse("this connection cannot remove anything")
	case !slices.Contains(g.made[kind], id):
		return refuse("a probe removes only what it has made")
	}
	return remover.Remove(ctx, kind, id)
}
