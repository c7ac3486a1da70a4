package writer

import (
	"runtime"
	"sync"
)

// rounds gathers what several goroutines hand in: while as many rounds as there
// may be are under way, what comes waits for the next.
type rounds[T any] struct {
	run func([]T)

	mu      sync.Mutex
	waiting []T
	running int
}

// roundsAtOnce is how many rounds there are at a time: while one waits for the
// hub's commit, the next can be in time for the one after it.
const roundsAtOnce = 3

// add hands in one more. It does not wait.
func (r *rounds[T]) add(one T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, one)
	if r.running < roundsAtOnce {
		r.running++
		go r.loop()
	}
}

// loop runs rounds until nothing waits; first it lets those hand in who are
// about to.
func (r *rounds[T]) loop() {
	runtime.Gosched()
	for round := r.next(); len(round) > 0; round = r.next() {
		r.run(round)
	}
}

func (r *rounds[T]) next() (round []T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	round, r.waiting = r.waiting, nil
	if len(round) == 0 {
		r.running--
	}
	return round
}
