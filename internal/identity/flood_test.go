package identity

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/store"
)

// Who is turned away leaves no more in the store than their address may: neither
// does that tell a login that there is, nor can anybody keep the disk busy.
func TestWhoIsTurnedAwayWritesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.add("alice", goodWords)
	for range failureBurst {
		o.failures.take(visitor("", "", "").Client, o.opts.Now())
	}
	before := o.written()
	for _, login := range []string{"alice", "nobody"} {
		if _, err := o.signIn(login, goodWords, ""); !errors.As(err, new(*Locked)) {
			t.Fatalf("%s: %v", login, err)
		}
	}
	if after := o.written(); after != before {
		t.Errorf("%d records became %d", before, after)
	}
}

// written counts what refusals leave.
func (o *office) written() (n int) {
	o.t.Helper()
	err := o.store.View(func(tx *store.Tx) error {
		for range visits.Scan(tx, "", "") {
			n++
		}
		for range tries.Scan(tx, "", "") {
			n++
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

// Passwords that are sent all at once are bounded like those sent in turn.
func TestBruteForceAllAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hashing = make(chan struct{}, 2)
	var tried atomic.Int64
	var all sync.WaitGroup
	start := make(chan time.Time)
	for i := range 4 * failureBurst {
		all.Go(func() {
			<-start
			if _, err := o.signIn("nobody-"+strconv.Itoa(i), goodWords, ""); errors.Is(err, ErrSignIn) {
				tried.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	if n := tried.Load(); n < failureBurst || n > 2*failureBurst { // some are at it when the last token goes
		t.Errorf("%d passwords were tried", n)
	}
}
