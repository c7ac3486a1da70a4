package intake

import (
	"context"
	"errors"
	"net/http"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/store"
)

// take records or parks every event of a body. The desk is given all of them
// before the first is waited for: a body of hundreds costs a few commits, not
// hundreds, and its calls are recorded in their order. An error means that the
// store did not keep one: the platform must send the whole body again, which is
// harmless for those that were kept.
func (in *Intake) take(ctx context.Context, line Line, header http.Header, body []byte) ([]Result, error) {
	decoded, err := line.Hook.Decode(header, body)
	if err != nil {
		r, err := in.park(ctx, line.Name, connector.Event{Body: body}, err, bridge.CallEvent{})()
		return []Result{r}, err
	}
	all := make([]taken, len(decoded))
	for i, e := range decoded {
		all[i] = in.begin(ctx, line, e)
	}
	for i := range all {
		all[i].wait()
	}
	for i := range all {
		if err := all[i].park(ctx, in, line); err != nil {
			return nil, err
		}
	}
	return in.results(ctx, line, all)
}

// results waits for those that are being parked. What was parked for what has
// come now, and what has been parked for what had just come, is taken in again.
func (in *Intake) results(ctx context.Context, line Line, all []taken) ([]Result, error) {
	results := make([]Result, len(all))
	var calls []string
	for i, t := range all {
		var err error
		if results[i], err = t.result(); err != nil {
			return nil, err
		}
		switch {
		case t.err == nil:
			calls = append(calls, t.event.EventID)
		case t.parked != nil && t.event.Amends != "":
			calls = append(calls, t.event.Amends)
		}
	}
	in.follow(ctx, line, calls...)
	return results, nil
}

// taken is one event on its way to the desk, or among the parked ones.
type taken struct {
	raw     connector.Event
	event   bridge.CallEvent
	kept    func() (desk.Receipt, error)
	receipt desk.Receipt
	err     error                  // why it was not recorded
	parked  func() (Result, error) // nil if it is not
}

// begin gives an event to the desk, if it can be understood.
func (in *Intake) begin(ctx context.Context, line Line, e connector.Event) taken {
	t := taken{raw: e}
	actor, err := in.understand(line, e, &t.event)
	if err != nil {
		t.kept = func() (desk.Receipt, error) { return desk.Receipt{}, err }
		return t
	}
	t.kept = in.opts.Desk.Submit(ctx, actor, desk.Call{Event: t.event})
	return t
}

func (t *taken) wait() { t.receipt, t.err = t.kept() }

// park begins to park an event that the desk did not record. Its error is that
// the store did not keep the event: that is not the event's fault.
func (t *taken) park(ctx context.Context, in *Intake, line Line) error {
	if t.err == nil || forgotten(t.err) {
		return nil
	}
	if !understood(t.err) {
		return t.err
	}
	t.parked = in.park(ctx, line.Name, t.raw, t.err, t.event)
	return nil
}

func (t *taken) result() (Result, error) {
	out := Result{EventID: t.event.EventID, State: Recorded, Receipt: t.receipt}
	switch {
	case t.parked != nil:
		return t.parked()
	case forgotten(t.err):
		out.State = Forgotten
	case t.receipt.Duplicate:
		out.State = Duplicate
	}
	return out, nil
}

// understand reads an event and says whose call it reports.
func (in *Intake) understand(line Line, e connector.Event, event *bridge.CallEvent) (bridge.Actor, error) {
	if err := in.opts.Schemas.Decode(e.Schema, e.Body, event); err != nil {
		*event = bridge.CallEvent{}
		return bridge.Actor{}, err
	}
	if event.Connection != line.Name {
		return bridge.Actor{}, &unknownError{"the event says it comes from another connection than the one it was posted to"}
	}
	person, ok := in.opts.People.ByLogin(line.Name, event.Agent)
	if !ok {
		return bridge.Actor{}, &unknownError{"nobody has this agent's login on " + string(line.Name) + ": add it under people.<id>.phoning"}
	}
	if campaign, ok := line.Campaigns[string(event.Campaign)]; ok {
		event.Campaign = campaign
	}
	if event.Disposition == "" {
		event.Disposition = line.Codes[event.RawCode]
	}
	// The call was made: somebody who has left since is still its author.
	person.Active = true
	return bridge.Actor{Person: person, Connection: line.Name}, nil
}

// record takes in one event, and after it what arrived before it although it
// amends it.
func (in *Intake) record(ctx context.Context, line Line, e connector.Event) (desk.Receipt, error) {
	t := in.begin(ctx, line, e)
	t.wait()
	if t.err == nil {
		in.follow(ctx, line, t.event.EventID)
	}
	return t.receipt, t.err
}

// follow takes in the parked amendments of calls: requests overtake each other,
// and an objection must not wait for somebody to look.
func (in *Intake) follow(ctx context.Context, line Line, calls ...string) {
	var ids []string
	err := in.opts.Store.View(func(tx *store.Tx) error {
		for _, call := range calls {
			prefix := waitingKey(line.Name, call, "")
			for key := range waiting.Scan(tx, prefix, "") {
				ids = append(ids, key[len(prefix):])
			}
		}
		return nil
	})
	for _, id := range ids {
		_, again := in.replay(ctx, string(line.Name), id)
		if _, stays := errors.AsType[*desk.Clash](again); stays { // its words may be the event's
			in.opts.Log.Info("a parked amendment stays parked", "connection", line.Name, "event", id)
			continue
		}
		err = errors.Join(err, again)
	}
	if err != nil {
		in.opts.Log.Warn("a parked amendment could not be taken in again", "connection", line.Name, "err", err)
	}
}
