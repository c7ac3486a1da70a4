//go:build faultpoint

package faultpoint

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
)

// trigger says which passage of which point is the last.
type trigger struct {
	name   string
	chance float64 // of each passage; 0: the left one decides

	mu   sync.Mutex
	left int // passages until it is due
	dice *rand.Rand
}

// parse reads a specification; nil for an empty one.
func parse(spec string) (*trigger, error) {
	if spec == "" {
		return nil, nil
	}
	name, rest, counted := strings.Cut(spec, ":")
	t := &trigger{name: name, left: 1}
	if !counted {
		return t, nil
	}
	chance, seed, random := strings.Cut(strings.TrimPrefix(rest, "p="), ":")
	if !random || !strings.HasPrefix(rest, "p=") {
		n, err := strconv.Atoi(rest)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q: write name, name:N or name:p=CHANCE:SEED", spec)
		}
		t.left = n
		return t, nil
	}
	p, err := strconv.ParseFloat(chance, 64)
	if err != nil || !(p > 0 && p <= 1) {
		return nil, fmt.Errorf("%q: the chance is above 0 and at most 1", spec)
	}
	s, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q: the seed is a whole number", spec)
	}
	t.chance, t.dice = p, rand.New(rand.NewPCG(s, 0))
	return t, nil
}

// due counts a passage and says whether it is the one.
func (t *trigger) due(name string) bool {
	if t == nil || name != t.name {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dice != nil {
		return t.dice.Float64() < t.chance
	}
	t.left--
	return t.left == 0
}
