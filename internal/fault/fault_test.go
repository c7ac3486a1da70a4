package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"passerelle/internal/fault"
)

func TestOf(t *testing.T) {
	t.Parallel()
	limited := &fault.Error{Kind: fault.RateLimited, Op: "crm: list", After: time.Minute}
	for _, c := range []struct {
		name string
		err  error
		kind fault.Kind
		lost bool
	}{
		{"classified", fault.New(fault.Rejected, "crm: write", io.EOF), fault.Rejected, false},
		{"wrapped", fmt.Errorf("batch: %w", fmt.Errorf("third: %w", limited)), fault.RateLimited, false},
		{"joined", errors.Join(io.EOF, fault.Newf(fault.Permanent, "crm: log in", "no key")), fault.Permanent, false},
		{"a lost answer", fault.Lost("crm: write", io.ErrUnexpectedEOF), fault.Unavailable, true},
		{"unclassified loses nothing", io.EOF, fault.Unavailable, true},
		{"the outer kind counts", fault.New(fault.Permanent, "outer", fault.New(fault.Rejected, "inner", nil)), fault.Permanent, false},
	} {
		got := fault.Of(c.err)
		if got == nil || got.Kind != c.kind || got.MayHaveApplied != c.lost {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	if got := fault.Of(nil); got != nil {
		t.Errorf("no error is %+v", got)
	}
	if got := fault.Of(fmt.Errorf("x: %w", limited)); got.After != time.Minute {
		t.Errorf("the wait was lost: %+v", got)
	}
}

func TestErrorSaysWhatWasDone(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"crm: write: EOF":              fault.New(fault.Rejected, "crm: write", io.EOF),
		"crm: write: row 7 is locked":  fault.Newf(fault.Unavailable, "crm: write", "row %d is locked", 7),
		"crm: write: rate_limited":     &fault.Error{Kind: fault.RateLimited, Op: "crm: write"},
		"unclassified: unexpected EOF": fault.Of(io.ErrUnexpectedEOF),
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	if !errors.Is(fault.Newf(fault.Rejected, "x", "row: %w", io.EOF), io.EOF) {
		t.Error("the cause cannot be found")
	}
}
