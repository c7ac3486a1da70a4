package campaign

import (
	"context"
	"errors"
	"fmt"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// withdrawForgotten has the platforms take those off their lists whom the
// bridge was told to forget. What fails now the next round does again.
func (s *Sync) withdrawForgotten(ctx context.Context) (all error) {
	leaving, err := s.opts.Desk.Leavings(pushAtOnce)
	if err != nil {
		return err
	}
	for name, items := range leaving {
		var pusher connector.Pusher = nobody{}
		if known, ok := s.opts.Pushers[name]; ok {
			pusher = known
		}
		if err := s.withdrawFrom(ctx, name, pusher, items); err != nil {
			all = errors.Join(all, fmt.Errorf("withdraw those forgotten from %s: %w", name, err))
		}
	}
	return all
}

func (s *Sync) withdrawFrom(ctx context.Context, name bridge.ConnectionName, pusher connector.Pusher, items []connector.PushItem) error {
	var taken []connector.PushItem
	var why error
	for i, err := range pusher.Push(ctx, items) {
		if err == nil {
			taken = append(taken, items[i])
		} else {
			why = err
		}
	}
	return errors.Join(why, s.opts.Desk.Left(ctx, name, taken))
}
