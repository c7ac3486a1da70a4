package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"passerelle/internal/api"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/store"
)

// forget erases everything that is kept of a prospect. Cut off at any point, it
// is carried on by [App.finishForgetting].
func (a *App) forget(ctx context.Context, actor bridge.Actor, record, motive string) (api.Forgotten, error) {
	a.forgetting.Lock()
	defer a.forgetting.Unlock()
	ref, err := a.desk.Find(record)
	if err != nil {
		return api.Forgotten{}, err
	}
	begun, err := a.desk.Forget(ctx, actor, ref, motive)
	if err != nil {
		return api.Forgotten{}, err
	}
	a.forgetOnTheRoad(ctx, begun)
	parked, err := a.carryOn(ctx)
	if err != nil {
		return api.Forgotten{}, err
	}
	if parked > 0 {
		begun.Erased["parked events"] = parked
	}
	copies, err := a.clean(ctx)
	if _, ok := errors.AsType[*store.NoRoom](err); ok {
		return api.Forgotten{}, fmt.Errorf("they are erased, but the store's free room still holds traces of them, which go by themselves when the disk has room: %w", err)
	}
	if err != nil {
		return api.Forgotten{}, err
	}
	return a.forgotten(ref, begun, copies), nil
}

// forgetOnTheRoad takes the messages of erased writes off the stream. They name
// entries that there are not any more: without NATS they are harmless until it
// is there, and the road is made anew then.
func (a *App) forgetOnTheRoad(ctx context.Context, e desk.Erasure) {
	if a.sync != nil {
		a.sync.Poke()
	}
	if a.relay == nil || e.Discarded == 0 {
		return
	}
	if err := a.relay.Rebuild(ctx); err != nil {
		a.log.Warn("the stream still names erased writes; it is made anew when NATS is back", "err", err)
	}
}

// clean removes the copies of the store that lie beside it and what erased
// records have left in its free room.
func (a *App) clean(ctx context.Context) (copies []string, err error) {
	err = a.desk.Cleaned(ctx, func(ctx context.Context) error {
		if copies, err = a.removeCopies(); err != nil {
			return err
		}
		_, err := a.store.Compact(ctx)
		return err
	})
	return copies, err
}

// removeCopies removes what upgrades and restores have kept of the store.
func (a *App) removeCopies() ([]string, error) {
	removed, err := a.store.DropCopies(time.Time{})
	for _, suffix := range []string{asideSuffix, restoringSuffix} {
		found, bad := filepath.Glob(StorePath(a.cfg) + suffix + "*")
		err = errors.Join(err, bad)
		for _, path := range found {
			err = errors.Join(err, os.RemoveAll(path))
			removed = append(removed, path)
		}
	}
	for i, path := range removed {
		removed[i] = filepath.Base(path)
	}
	return removed, err
}

// forgotten says what was done, and what a person must still do.
func (a *App) forgotten(ref bridge.Ref, e desk.Erasure, copies []string) api.Forgotten {
	out := api.Forgotten{
		Done: !e.Waits(), Since: e.Since, Already: e.Already, Erased: e.Erased,
		Discarded: e.Discarded, InFlight: e.InFlight, Opposing: e.Opposing, Listed: e.Listed, Copies: copies,
		Remaining: []string{
			fmt.Sprintf("Delete their own record in %s: the bridge passes over it when it reads, and cannot delete it.", ref.Connection),
			fmt.Sprintf("Delete the backups taken before %s, or keep one taken since beside them: its list makes a restore forget them again.", e.Since.UTC().Format(time.RFC3339)),
		},
	}
	if e.InFlight > 0 {
		out.Remaining = append(out.Remaining, fmt.Sprintf("%d writes were with a writer: look in %s for what may still have arrived.", e.InFlight, ref.Connection))
	}
	if e.Opposing > 0 {
		out.Remaining = append(out.Remaining, fmt.Sprintf("Their opposition is on its way to %s: who they are is erased once it is confirmed there; passerelle outbox list shows it.", ref.Connection))
	}
	if len(e.Listed) > 0 {
		out.Remaining = append(out.Remaining, fmt.Sprintf("%s must confirm that they were taken off its lists: who they are is erased then.", join(e.Listed)))
	}
	return out
}

func join(names []bridge.ConnectionName) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = string(n)
	}
	return strings.Join(words, ", ")
}

// carryOn forgets to the end whom it can, and counts the parked events that
// named them.
func (a *App) carryOn(ctx context.Context) (parked int, all error) {
	who, _, err := a.desk.Forgetting()
	if err != nil {
		return 0, err
	}
	for _, one := range who {
		n, err := a.intake.Forget(ctx, one)
		parked += n
		if err == nil {
			_, err = a.desk.EndForgetting(ctx, one.Ref)
		}
		all = errors.Join(all, err)
	}
	return parked, all
}

// finishForgetting carries on what was cut off, or had to wait for others.
func (a *App) finishForgetting(ctx context.Context) error {
	if a.forgetting.TryLock() {
		defer a.forgetting.Unlock()
	} else {
		return nil // somebody is at it
	}
	_, err := a.carryOn(ctx)
	if err != nil {
		return err
	}
	_, err = a.clean(ctx)
	return err
}
