package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// ParkedEvent is an event that was not understood. Its body is sealed: nobody
// has yet said who may read it.
type ParkedEvent struct {
	ID         string                `json:"id"`
	Connection bridge.ConnectionName `json:"connection"`
	Received   time.Time             `json:"received"`
	Reason     string                `json:"reason"`
	EventID    string                `json:"event_id,omitempty"`
	Amends     string                `json:"amends,omitempty"` // the event it waits for
	Schema     string                `json:"schema,omitempty"`
	Sealed     []byte                `json:"sealed,omitempty"`
}

var (
	parked = store.NewTable[ParkedEvent]("intake.parked")
	// waiting finds parked amendments by what they amend: connection, event id,
	// parked id.
	waiting = store.NewRaw("intake.waiting")
)

func waitingKey(c bridge.ConnectionName, amends, id string) string {
	return string(c) + "\x00" + amends + "\x00" + id
}

// parkedID names a parked event by what it is, so that a repeat is the same.
func parkedID(c bridge.ConnectionName, body []byte) string {
	sum := sha256.Sum256(append([]byte(string(c)+"\x00"), body...))
	return hex.EncodeToString(sum[:12])
}

// park begins to keep an event that was not understood because of cause, and
// answers how to wait for it.
func (in *Intake) park(ctx context.Context, c bridge.ConnectionName, e connector.Event, cause error, event bridge.CallEvent) (wait func() (Result, error)) {
	reason := inOurWords(cause)
	p := ParkedEvent{
		ID: parkedID(c, e.Body), Connection: c, Received: in.opts.Now().UTC(),
		Reason: cause.Error(), EventID: event.EventID, Amends: event.Amends, Schema: e.Schema,
	}
	kept := in.opts.Store.Submit(ctx, func(tx *store.Tx) error {
		if parked.Has(tx, p.ID) {
			return nil
		}
		// In the transaction, so that no record follows under a replaced key.
		p.Sealed = in.opts.Seal.Seal(e.Body, []byte(p.ID))
		err := ledger.Append(tx, ledger.Line{At: p.Received, Kind: "park", Who: string(c), Connection: c, Reason: reason})
		if err != nil {
			return err
		}
		if p.Amends != "" {
			if err := waiting.Put(tx, waitingKey(c, p.Amends, p.ID), nil); err != nil {
				return err
			}
		}
		return parked.Put(tx, p.ID, p)
	})
	return func() (Result, error) {
		err := kept()
		in.opts.Log.Warn("an event was parked", "connection", c, "event", p.ID, "reason", reason)
		return Result{EventID: event.EventID, State: Parked, Parked: p.ID, Reason: p.Reason}, err
	}
}

// List answers the parked events, by id, without their bodies.
func (in *Intake) List(page desk.Page) (out []ParkedEvent, next string, err error) {
	limit := page.Limit
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	err = in.opts.Store.View(func(tx *store.Tx) error {
		return parked.Each(tx, "", page.After, func(id string, p ParkedEvent) (bool, error) {
			if id == page.After {
				return true, nil
			}
			if len(out) == limit {
				next = out[limit-1].ID
				return false, nil
			}
			p.Sealed = nil
			out = append(out, p)
			return true, nil
		})
	})
	return out, next, err
}

// Count says how many events are parked.
func Count(tx *store.Tx) (n int) {
	for range parked.Scan(tx, "", "") {
		n++
	}
	return n
}

// Replay takes a parked event in again, after what was wrong has been mended.
// If it still is not understood it stays parked, with its new reason.
func (in *Intake) Replay(ctx context.Context, actor bridge.Actor, id string) (desk.Receipt, error) {
	return in.replay(ctx, actor.Name(), id)
}

func (in *Intake) replay(ctx context.Context, who, id string) (desk.Receipt, error) {
	var p ParkedEvent
	err := in.opts.Store.View(func(tx *store.Tx) error {
		found, ok, err := parked.Get(tx, id)
		if err == nil && !ok {
			err = &desk.NotFound{What: bilingual.Text{"parked event", "d'événement mis de côté"}, ID: id}
		}
		p = found
		return err
	})
	if err != nil {
		return desk.Receipt{}, err
	}
	line, ok := in.lines[p.Connection]
	if !ok {
		return desk.Receipt{}, &desk.Clash{Why: bilingual.Text{"the connection {name} is not configured any more", "la connexion {name} n'est plus configurée"}.With("{name}", p.Connection)}
	}
	body, err := in.opts.Seal.Open(p.Sealed, []byte(p.ID))
	if err != nil {
		return desk.Receipt{}, fmt.Errorf("parked event %s cannot be opened: %w", id, err)
	}
	receipt, err := in.again(ctx, line, p, body)
	if err != nil {
		return receipt, in.still(ctx, p, err)
	}
	return receipt, in.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if !parked.Has(tx, id) {
			return nil // two replayed it at once
		}
		if err := parked.Delete(tx, id); err != nil {
			return err
		}
		if err := waiting.Delete(tx, waitingKey(p.Connection, p.Amends, id)); err != nil {
			return err
		}
		return ledger.Append(tx, ledger.Line{At: in.opts.Now(), Kind: "replay", Who: who, Connection: p.Connection})
	})
}

// again records the events of a parked body.
func (in *Intake) again(ctx context.Context, line Line, p ParkedEvent, body []byte) (desk.Receipt, error) {
	decoded := []connector.Event{{Schema: p.Schema, Body: body}}
	if p.Schema == "" { // the body as a whole was not understood
		var err error
		if decoded, err = line.Hook.Decode(nil, body); err != nil {
			return desk.Receipt{}, &unreadError{err}
		}
	}
	var last desk.Receipt
	var wrong error
	for _, e := range decoded {
		receipt, err := in.record(ctx, line, e)
		switch {
		case err == nil:
			last = receipt
		case forgotten(err):
		case !understood(err):
			return last, err
		case wrong == nil:
			wrong = err // the others need not wait for this one
		}
	}
	return last, wrong
}

// still keeps the new reason of an event that stays parked.
func (in *Intake) still(ctx context.Context, p ParkedEvent, cause error) error {
	if !understood(cause) {
		return cause
	}
	err := in.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		now, there, err := parked.Get(tx, p.ID)
		if err != nil || !there {
			return err // another replay has just succeeded
		}
		now.Reason = cause.Error()
		return parked.Put(tx, p.ID, now)
	})
	if err != nil {
		return err
	}
	return &desk.Clash{Why: bilingual.Text{"it stays parked: {why}", "il reste de côté : {why}"}.With("{why}", bilingual.Of(cause))}
}
