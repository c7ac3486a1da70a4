package identity

import (
	"errors"
	"testing"

	"passerelle/internal/secret"
)

// A seed is shown in the session that asked for it: whoever else is in with the
// password must not read it, nor make it the factor.
func TestAnOfferIsItsSessionsOwn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	owner, thief := o.mustSignIn("alice", goodWords, ""), o.mustSignIn("alice", goodWords, "")
	actor, s, err := o.Session(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := o.Session(t.Context(), thief)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.OfferFactor(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	own, err := o.Factor(s)
	if err != nil || own.Seed.IsZero() {
		t.Fatalf("who asked is not shown it: %v", err)
	}
	seen, err := o.Factor(other)
	if err != nil || !seen.Seed.IsZero() || !seen.URI.IsZero() {
		t.Errorf("another session reads the seed: %v", err)
	}
	p := phone{o, own.Seed.Reveal()}
	if _, _, err := o.ConfirmFactor(t.Context(), actor, other, thief, secret.New(goodWords), p.code(0)); !errors.Is(err, ErrCode) {
		t.Errorf("another session confirms it: %v", err)
	}
	if _, _, err := o.ConfirmFactor(t.Context(), actor, s, owner, secret.New(goodWords), p.code(0)); err != nil {
		t.Errorf("who asked: %v", err)
	}
}
