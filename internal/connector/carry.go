package connector

import (
	"context"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/fault"
)

// Verbs are what writes do in a CRM that takes them one by one. A write comes
// with the content of its kind.
type Verbs interface {
	LogCall(ctx context.Context, w bridge.Write) (Receipt, error)
	ReviseCall(ctx context.Context, w bridge.Write) (Receipt, error)
	WriteFields(ctx context.Context, w bridge.Write) (Receipt, error)
	MakeMeeting(ctx context.Context, w bridge.Write) (Receipt, error)
	MoveMeeting(ctx context.Context, w bridge.Write) (Receipt, error)
	CancelMeeting(ctx context.Context, w bridge.Write) (Receipt, error)
	Oppose(ctx context.Context, w bridge.Write) (Receipt, error)
}

// Carry carries one write out by its verb. One without the content of its kind
// is rejected.
func Carry(ctx context.Context, op string, v Verbs, w bridge.Write) (Receipt, error) {
	switch {
	case w.Kind == bridge.WriteActivity && w.Call != nil && w.Call.Revises == "":
		return v.LogCall(ctx, w)
	case w.Kind == bridge.WriteActivity && w.Call != nil:
		return v.ReviseCall(ctx, w)
	case w.Kind == bridge.WriteFields:
		return v.WriteFields(ctx, w)
	case w.Kind == bridge.WriteMeeting && w.Meeting != nil:
		return v.MakeMeeting(ctx, w)
	case w.Kind == bridge.WriteMove && w.Meeting != nil:
		return v.MoveMeeting(ctx, w)
	case w.Kind == bridge.WriteCancel && w.Meeting != nil:
		return v.CancelMeeting(ctx, w)
	case w.Kind == bridge.WriteOpposition:
		return v.Oppose(ctx, w)
	}
	return Receipt{}, fault.Newf(fault.Rejected, op, "a write of kind %q without its content", w.Kind)
}

// OneByOne carries writes out one after the other and answers a receipt for
// each, in order.
func OneByOne(writes []bridge.Write, carry func(bridge.Write) (Receipt, error)) []Receipt {
	receipts := make([]Receipt, len(writes))
	for i, w := range writes {
		receipt, err := carry(w)
		if err != nil {
			receipt = Receipt{State: Failed, Err: err}
		}
		receipts[i] = receipt
	}
	return receipts
}

// Noted says whether an operation stands in the text field of a record in which
// all that made or changed it are kept: a later one must not hide that an earlier
// one arrived.
func Noted(held string, op bridge.OperationID) bool {
	return slices.Contains(strings.Fields(held), string(op))
}

// Note is the field with one more operation.
func Note(held string, op bridge.OperationID) string {
	return strings.TrimSpace(held + " " + string(op))
}

// MissingCall refuses to amend a call that is not there.
func MissingCall(op string) error {
	return fault.Newf(fault.Rejected, op, "the call it amends is not in the CRM: its own write was refused or given up, or somebody deleted it there")
}

// MissingMeeting refuses to change an appointment that is not there. It tells
// one that never was from one that is gone: its id in the CRM is known only if
// it was. It cannot come yet: what builds on a write is sent once the CRM has
// shown that one.
func MissingMeeting(op string, m *bridge.Meeting) error {
	if m.ExternalID != "" {
		return fault.Newf(fault.Rejected, op, "the appointment was deleted in the CRM")
	}
	return fault.Newf(fault.Rejected, op, "the appointment is not in the CRM: its own write was refused or given up")
}
