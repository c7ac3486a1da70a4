package desk

import (
	"context"
	"testing"
	"time"
)

// set is a clock that is set while the hub runs.
func (f *floor) set(by time.Duration) {
	was := f.desk.opts.Jumped()
	f.desk.opts.Jumped = func() time.Duration { return was + by }
	f.pass(by)
}

func (f *floor) expire() (held int) {
	f.t.Helper()
	held, err := f.desk.ExpireLeases(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	return held
}

// However the clock is set, who has a lead on the line keeps it as long as was
// said, and nobody else is handed it, or its number, meanwhile.
func TestLeasesRunByTheTimeThatPasses(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"an hour on": time.Hour, "an hour back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFloor(t)
			f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 01"}) // one number
			h := f.mustNext("alice")
			f.set(by)
			if got := h.LeaseUntil.Sub(f.clock()) + by; got != defaultLease {
				t.Errorf("her lease was to last %s, want %s", got, defaultLease)
			}
			f.pass(defaultLease - time.Minute)
			if held := f.expire(); held != 1 {
				t.Errorf("%d leases are held a minute before the end, want 1", held)
			}
			if other, err := f.next("bob"); other != nil {
				t.Errorf("bob was handed lead %s whose number alice has on the line (%v)", other.Lead.ID, err)
			}
			if again := f.mustNext("alice"); again.Lead.ID != h.Lead.ID || again.LeaseUntil.Sub(f.clock()) != defaultLease {
				t.Errorf("alice asks again and is handed %s for %s, want hers for %s", again.Lead.ID, again.LeaseUntil.Sub(f.clock()), defaultLease)
			}
			f.pass(defaultLease)
			f.expire()
			if l := f.lead(h.Lead.ID); l.Lease != nil {
				t.Errorf("it is leased still, until %s", l.Lease.Until)
			}
			f.mustNext("bob")
		})
	}
}

// A lease from before a restart, after which the clock was set back, ends too.
func TestALeaseFromTheFutureEnds(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	h := f.mustNext("alice")
	f.pass(-time.Hour)
	f.expire()
	if other, _ := f.next("bob"); other != nil {
		t.Errorf("bob was handed what alice may have on the line")
	}
	f.pass(defaultLease)
	f.expire()
	if l := f.lead(h.Lead.ID); l.Lease != nil {
		t.Errorf("it is leased still, until %s", l.Lease.Until)
	}
}
