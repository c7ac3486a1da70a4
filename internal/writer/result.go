package writer

import (
	"errors"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
)

// errShort is a connector's fault: it answered fewer receipts than writes.
var errShort = errors.New("the connector gave no receipt for this write")

// errUnseen is why a write cannot be repeated.
var errUnseen = errors.New("an earlier try may have got through, and this CRM cannot be searched for it")

func failed(entry string, err error) outbox.Result {
	f := fault.Of(err)
	if f == nil {
		f = fault.Lost("unclassified", errShort)
	}
	return outbox.Result{
		Entry:  entry,
		State:  connector.Failed,
		Kind:   f.Kind,
		Reason: f.Error(),
		After:  f.After,
		Lost:   f.MayHaveApplied,
		Gone:   f.NoRecord,
		Begun:  true,
	}
}

func allFailed(items []outbox.Item, err error) []outbox.Result {
	out := make([]outbox.Result, len(items))
	for i, item := range items {
		out[i] = failed(item.Entry, err)
	}
	return out
}

// notBegun answers for entries whose deadline had passed before their turn.
func notBegun(items []outbox.Item) []outbox.Result {
	out := make([]outbox.Result, len(items))
	for i, item := range items {
		out[i] = outbox.Result{
			Entry:  item.Entry,
			State:  connector.Failed,
			Kind:   fault.Unavailable,
			Reason: "the claim ran out before the write began",
		}
	}
	return out
}
