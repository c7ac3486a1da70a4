package app

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestASweepGoesOnToItsEnd(t *testing.T) {
	t.Parallel()
	left, total := []string{"", "b", "c", ""}, 0
	s := sweep{kind: "things", step: func(_ context.Context, from string) (int, string, error) {
		if from != left[0] {
			t.Errorf("goes on from %q, want %q", from, left[0])
		}
		left = left[1:]
		return 2, left[0], nil
	}}
	if err := s.run(context.Background(), true, func(n int) { total += n }); err != nil || total != 6 {
		t.Errorf("%d erased, %v", total, err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	endless := sweep{step: func(context.Context, string) (int, string, error) { return 0, "more", nil }}
	if err := endless.run(stopped, true, func(int) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

func TestSeldom(t *testing.T) {
	t.Parallel()
	done, fails := 0, true
	chore := seldom(time.Hour, func(context.Context) error {
		done++
		if fails {
			return errors.New("on purpose")
		}
		return nil
	})
	for range 3 {
		_ = chore(context.Background())
		fails = false
	}
	if done != 2 {
		t.Errorf("done %d times, want again after the failure and then not before an hour", done)
	}
}
