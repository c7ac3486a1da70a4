package connector_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// told keeps which verbs were called; each answers its own name as the id.
type told struct{ verbs []string }

func (v *told) said(verb string) (connector.Receipt, error) {
	v.verbs = append(v.verbs, verb)
	return connector.Receipt{State: connector.Stored, ExternalID: verb}, nil
}

func (v *told) LogCall(context.Context, bridge.Write) (connector.Receipt, error) {
	return v.said("log")
}
func (v *told) ReviseCall(context.Context, bridge.Write) (connector.Receipt, error) {
	return v.said("revise")
}
func (v *told) WriteFields(context.Context, bridge.Write) (connector.Receipt, error) {
	return v.said("write")
}
func (v *told) MakeMeeting(context.Context, bridge.Write) (connector.Receipt, error) {
	return v.said("make")
}
func (v *told) MoveMeeting(context.Context, bridge.Write) (connector.Receipt, error) {
	return v.said("move")
}
func (v *told) CancelMeeting(context.Context, bridge.Write) (connector.Receipt, error) {
	return v.said("cancel")
}
func (v *told) Oppose(context.Context, bridge.Write) (connector.Receipt, error) {
	return v.said("oppose")
}

func TestEveryKindHasItsVerb(t *testing.T) {
	t.Parallel()
	m := &bridge.Meeting{ID: "m"}
	writes := []bridge.Write{
		{Kind: bridge.WriteActivity, Call: &bridge.CallLog{}},
		{Kind: bridge.WriteActivity, Call: &bridge.CallLog{Revises: "first"}},
		{Kind: bridge.WriteFields},
		{Kind: bridge.WriteMeeting, Meeting: m},
		{Kind: bridge.WriteMove, Meeting: m},
		{Kind: bridge.WriteCancel, Meeting: m},
		{Kind: bridge.WriteOpposition},
	}
	v := &told{}
	receipts := connector.OneByOne(writes, func(w bridge.Write) (connector.Receipt, error) {
		return connector.Carry(t.Context(), "test", v, w)
	})
	want := []string{"log", "revise", "write", "make", "move", "cancel", "oppose"}
	if diff := cmp.Diff(want, v.verbs); diff != "" {
		t.Error(diff)
	}
	for i, r := range receipts {
		if r.State != connector.Stored || r.ExternalID != want[i] {
			t.Errorf("%s: %+v", want[i], r)
		}
	}
}

func TestAWriteWithoutItsContentIsRejected(t *testing.T) {
	t.Parallel()
	for _, kind := range []bridge.WriteKind{bridge.WriteActivity, bridge.WriteMeeting, bridge.WriteMove, bridge.WriteCancel, "unheard_of"} {
		v := &told{}
		_, err := connector.Carry(t.Context(), "test: write", v, bridge.Write{Kind: kind})
		if err == nil || fault.Of(err).Kind != fault.Rejected || fault.Of(err).Op != "test: write" || len(v.verbs) > 0 {
			t.Errorf("%s: %v, with %v", kind, err, v.verbs)
		}
	}
}

// One that fails does not keep the next from being carried out.
func TestOneByOneGoesOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	receipts := connector.OneByOne([]bridge.Write{{Operation: "1"}, {Operation: "2"}}, func(w bridge.Write) (connector.Receipt, error) {
		if w.Operation == "1" {
			return connector.Receipt{State: connector.Accepted}, broken
		}
		return connector.Receipt{State: connector.Accepted, ExternalID: "7"}, nil
	})
	if receipts[0].State != connector.Failed || !errors.Is(receipts[0].Err, broken) {
		t.Errorf("the first: %+v", receipts[0])
	}
	if receipts[1].State != connector.Accepted || receipts[1].ExternalID != "7" {
		t.Errorf("the second: %+v", receipts[1])
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	held := connector.Note(connector.Note("", "op1"), "op10")
	if held != "op1 op10" {
		t.Errorf("%q", held)
	}
	for op, want := range map[bridge.OperationID]bool{"op1": true, "op10": true, "op": false, "": false} {
		if connector.Noted(held, op) != want {
			t.Errorf("%q: not %v", op, want)
		}
	}
}
