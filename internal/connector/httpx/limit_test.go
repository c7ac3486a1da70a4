package httpx

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/fault"
)

func TestBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBucket(2, 4)
		take := func(n int, want bool) time.Duration {
			t.Helper()
			ok, wait := b.TryTake(n)
			if ok != want {
				t.Fatalf("take %d: %v, want %v (wait %v)", n, ok, want, wait)
			}
			return wait
		}
		take(3, true)
		if wait := take(2, false); wait < 500*time.Millisecond || wait > 502*time.Millisecond {
			t.Errorf("wait %v for half a second's token", wait)
		}
		b.Return(1)
		take(2, true)
		take(1, false)

		time.Sleep(time.Hour) // full, and no fuller than its burst
		b.Return(4)
		take(4, true)
		take(1, false)

		time.Sleep(2 * time.Second)
		take(10, true) // more than it holds: given when full, and owed
		time.Sleep(3 * time.Second)
		take(1, false)
		time.Sleep(time.Second)
		take(1, true)
	})
}

func TestBucketTakeWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBucket(1, 1)
		start := time.Now()
		for range 4 {
			if err := b.Take(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start).Round(100 * time.Millisecond); got != 3*time.Second {
			t.Errorf("four tokens took %v", got)
		}

		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if e := fault.Of(b.Take(short, 1)); e.Kind != fault.RateLimited || e.After == 0 || e.MayHaveApplied {
			t.Errorf("no room before the deadline: %+v", e)
		}
		ended, end := context.WithCancel(t.Context())
		go end()
		if e := fault.Of(b.Take(ended, 1)); !errors.Is(e, context.Canceled) || e.Kind != fault.Unavailable || e.MayHaveApplied {
			t.Errorf("cancelled: %+v", e)
		}
	})
}

func TestBucketPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBucket(0, 0)
		if ok, _ := b.TryTake(1000); !ok {
			t.Fatal("no limit was set")
		}
		b.Pause(time.Now().Add(time.Minute))
		b.Pause(time.Now().Add(time.Second)) // does not shorten it
		if ok, wait := b.TryTake(1); ok || wait != time.Minute {
			t.Errorf("paused: %v, wait %v", ok, wait)
		}
		time.Sleep(time.Minute)
		if ok, _ := b.TryTake(1); !ok {
			t.Error("the pause does not end")
		}
	})
}

// However tokens are taken and given back, no span of time sees more spent
// than the burst and what the rate gives.
func TestBucketNeverGivesMore(t *testing.T) {
	t.Parallel()
	const perSecond, burst = 5.0, 7
	type step struct {
		take, spend int
		sleep       time.Duration
	}
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
			n := rapid.IntRange(1, 12).Draw(t, "take")
			return step{n, rapid.IntRange(0, n).Draw(t, "spend"), time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond}
		}), 1, 40).Draw(rt, "steps")
		var spent, most float64
		synctest.Test(t, func(*testing.T) {
			b, start := NewBucket(perSecond, burst), time.Now()
			for _, s := range steps {
				if ok, _ := b.TryTake(s.take); ok {
					spent += float64(s.spend)
					b.Return(s.take - s.spend)
				}
				// One grant may overdraw by what the bucket cannot hold.
				most = max(most, spent-burst-perSecond*time.Since(start).Seconds()-(12-burst))
				time.Sleep(s.sleep)
			}
		})
		if most > 1e-6 {
			rt.Fatalf("%.2f tokens too many", most)
		}
	})
}

func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(3, time.Minute)
		var told []bool
		b.Tell(func(down bool) { told = append(told, down) })
		state := func(want BreakerState, allowed bool) {
			t.Helper()
			if got := b.State(); got != want {
				t.Fatalf("state %s, want %s", got, want)
			}
			err := b.Allow()
			if (err == nil) != allowed {
				t.Fatalf("%s: allow: %v", want, err)
			}
			if e := fault.Of(err); err != nil && (e.Kind != fault.Unavailable || e.After <= 0 || e.After > time.Minute || e.MayHaveApplied) {
				t.Fatalf("refusal %+v", e)
			}
		}
		report := func(kinds ...fault.Kind) {
			for _, k := range kinds {
				b.Report(k)
			}
		}
		report(fault.Unavailable, fault.Unavailable, "", fault.Unavailable, fault.Unavailable, fault.Rejected)
		report(fault.RateLimited, fault.Unavailable, fault.Unavailable)
		state(BreakerClosed, true)
		report(fault.Unavailable)
		state(BreakerOpen, false)
		report("") // late news of a call from before opens nothing
		state(BreakerOpen, false)

		time.Sleep(time.Minute + time.Millisecond)
		state(BreakerHalfOpen, true)
		state(BreakerHalfOpen, false) // one probe
		report(fault.Unavailable)
		state(BreakerOpen, false)

		time.Sleep(time.Minute + time.Millisecond)
		state(BreakerHalfOpen, true)
		time.Sleep(time.Minute) // the probe's process died
		state(BreakerHalfOpen, true)
		if !slices.Equal(told, []bool{true}) {
			t.Errorf("told %v while it does not answer: once is enough", told)
		}
		report("")
		state(BreakerClosed, true)
		if !slices.Equal(told, []bool{true, false}) {
			t.Errorf("told %v", told)
		}
	})
}
