package dolibarr

import (
	"context"
	"errors"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/fault"
)

// appointment finds the event of an appointment, nil if there is none. No list
// shows one whose extra field a person has emptied, nor one out of the key's
// sight, so one that was there is only gone once a read by its id says so.
func (c *conn) appointment(ctx context.Context, op string, w bridge.Write) (record, error) {
	found, err := c.listed(ctx, op, []string{w.Meeting.ID})
	if err != nil {
		return nil, err
	}
	if own := itself(found[w.Meeting.ID], w); len(own) > 0 {
		return own[0], nil
	}
	if w.Meeting.ExternalID == "" {
		return nil, nil
	}
	return c.unmarked(ctx, op, w)
}

// itself keeps of the events that bear our id the one which a write changes,
// where its id in Dolibarr is known: a clone that a person made of it bears our
// id too, and is theirs.
func itself(found []record, w bridge.Write) []record {
	if w.Meeting == nil || w.Meeting.ExternalID == "" || w.Kind == bridge.WriteMeeting {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(rec record) bool { return text(rec["id"]) != w.Meeting.ExternalID })
}

// unmarked reads an appointment by Dolibarr's own id, nil if it is gone. Without
// our id it is taken for ours only as long as it is of the same third party.
func (c *conn) unmarked(ctx context.Context, op string, w bridge.Write) (record, error) {
	id := w.Meeting.ExternalID
	if !plainID(id) {
		return nil, fault.Newf(fault.Rejected, op, "the appointment's id in the CRM is not one of Dolibarr")
	}
	rec, err := c.eventByID(ctx, op, id)
	if err != nil || rec == nil {
		return nil, err
	}
	switch c.idOf(rec) {
	case w.Meeting.ID:
		return rec, nil
	case "":
		if text(rec["socid"]) == w.Prospect.ID {
			return rec, nil
		}
	}
	return nil, fault.Newf(fault.Rejected, op, "event %s was the appointment and bears another %s now, or none and is of another third party: put it right in Dolibarr, or change the event there by hand", id, c.Events.ID)
}

// eventByID reads one event by Dolibarr's own id, also where no list shows it;
// nil if it is gone.
func (c *conn) eventByID(ctx context.Context, op, id string) (record, error) {
	var rec record
	err := c.call(ctx, op, request{path: "/agendaevents/" + id}, &rec)
	switch {
	case errors.Is(err, errNoEvent):
		return nil, nil
	case err != nil:
		return nil, err
	case text(rec["id"]) != id:
		return nil, fault.Newf(fault.Unavailable, op, "Dolibarr answered with another event than the one asked for")
	}
	return rec, nil
}

// addUnmarked completes what was listed with the appointments that no list
// shows. One that cannot be judged counts as there and unchanged.
func (c *conn) addUnmarked(ctx context.Context, op string, writes []bridge.Write, events map[string][]record) error {
	for _, w := range writes {
		if w.Meeting == nil || w.Meeting.ExternalID == "" || len(itself(events[w.Meeting.ID], w)) > 0 {
			continue
		}
		rec, err := c.unmarked(ctx, op, w)
		if err != nil {
			if kind := fault.Of(err).Kind; kind != fault.Rejected && kind != fault.Permanent {
				return err
			}
			rec = record{"id": w.Meeting.ExternalID}
		}
		if rec != nil {
			events[w.Meeting.ID] = append(events[w.Meeting.ID], rec)
		}
	}
	return nil
}
