package demo

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// livelyPace is how long a simulated call takes on average. Real ones take
// longer; nobody would watch.
const livelyPace = 4 * time.Second

// simulation is callers and a supervisor at work, each with their own token at
// the public API.
type simulation struct {
	out  *lines
	pace time.Duration
	now  func() time.Time
	left *atomic.Int64 // calls still to be made; nil: no end

	tally tally
}

// tally counts what was done.
type tally struct {
	calls, proposed, validated, rejected, moved, reassigned atomic.Int64
}

// summaryEvery is after how many calls the tally is shown.
const summaryEvery = 25

// simulate lets them work until ctx ends, or until the calls asked for are made
// and decided on.
func (v visit) simulate(ctx context.Context, o Options) error {
	s := &simulation{out: v.out, pace: o.Pace, now: time.Now}
	if s.pace == 0 {
		s.pace = livelyPace
	}
	if o.Calls > 0 {
		s.left = &atomic.Int64{}
		s.left.Store(int64(o.Calls))
	}
	seed := o.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	var callers sync.WaitGroup
	for i, name := range robotCallers {
		w, err := v.worker(s, name, seed+uint64(i))
		if err != nil {
			return err
		}
		callers.Go(func() { w.call(ctx) })
	}
	w, err := v.worker(s, robotSupervisor, seed+uint64(len(robotCallers)))
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		callers.Wait()
		close(done)
	}()
	w.supervise(ctx, done)
	<-done
	s.summary()
	return nil
}

func (s *simulation) summary() {
	t := &s.tally
	s.out.printf("          --- %d calls, %d appointments proposed, %d validated, %d rejected, %d moved, %d leads reassigned\n",
		t.calls.Load(), t.proposed.Load(), t.validated.Load(), t.rejected.Load(), t.moved.Load(), t.reassigned.Load())
}

// mayCall takes one of the calls that are left.
func (s *simulation) mayCall() bool {
	if s.left == nil {
		return true
	}
	for {
		n := s.left.Load()
		if n <= 0 {
			return false
		}
		if s.left.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

// giveBack returns a call that was not made.
func (s *simulation) giveBack() {
	if s.left != nil {
		s.left.Add(1)
	}
}

// worker is one simulated person.
type worker struct {
	*simulation
	name string
	api  *client
	rng  *rand.Rand
}

func (v visit) worker(s *simulation, name string, seed uint64) (*worker, error) {
	api, err := v.as(name)
	if err != nil {
		return nil, err
	}
	return &worker{simulation: s, name: name, api: api, rng: rand.New(rand.NewPCG(seed, seed))}, nil
}

// say prints what the worker did.
func (w *worker) say(format string, args ...any) {
	w.out.printf("%s  %-7s "+format+"\n", append([]any{w.now().Format(time.TimeOnly), w.name}, args...)...)
}

// pause waits between half of d and one and a half; false if ctx ended.
func (w *worker) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d/2 + time.Duration(w.rng.Int64N(int64(d)+1)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// rest is how long somebody waits who has nothing to do or met an error.
func (w *worker) rest() time.Duration { return max(2*w.pace, 50*time.Millisecond) }
