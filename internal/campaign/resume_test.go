package campaign

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"passerelle/internal/store"
)

// killedAfter makes a round that ends after so many commits of the store, and
// goes on with what a kill would have left then. false says that the round was
// over before.
func (w *world) killedAfter(commits int64, path string) bool {
	w.t.Helper()
	ctx, end := context.WithCancel(context.Background())
	defer end()
	killed := false
	at := w.commits.Load() + commits
	image := func(n int64) {
		if n != at {
			return
		}
		end()
		killed = true
		raw, err := os.ReadFile(w.path)
		if err == nil {
			err = os.WriteFile(path, raw, 0o600)
		}
		if err != nil {
			w.t.Error(err)
		}
	}
	w.onCommit.Store(&image)
	_ = w.sync.Round(ctx)
	if err := w.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.onCommit.Store(nil)
	if !killed {
		path = w.path
	}
	w.open(path)
	return killed
}

// cursor is how far the store says that the pull is.
func (w *world) cursor() string {
	w.t.Helper()
	var at progress
	if err := w.store.View(func(tx *store.Tx) (err error) {
		at, _, err = progresses.Get(tx, string(spring))
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return at.Cursor
}

// Whenever the bridge is killed, after whichever commit of a round: the next start
// goes on where it was, so that no page is read twice but the one under way, and
// at the end everybody is there and who left has left.
func TestAKilledPullGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for commits := int64(1); ; commits++ {
		w := newWorldAt(t, filepath.Join(dir, fmt.Sprint(commits)))
		w.add(30)
		w.round()
		delete(w.people, "007")
		for id := range w.people {
			w.people[id] += "0" // something new of everybody
		}
		const pages = 5
		w.pulls = 0
		if !w.killedAfter(commits, filepath.Join(dir, fmt.Sprint(commits, "killed"))) {
			if commits < 2*pages {
				t.Errorf("a round has %d commits", commits-1)
			}
			return
		}
		before, at := w.pulls, w.cursor()
		// Before the second page was asked for, the first one was kept.
		if at == "" && before > 1 && before < pages {
			t.Errorf("killed after %d commits on page %d, the store does not know how far it was", commits, before)
		}
		w.round()
		if at != "" && w.pulls > pages+1 {
			t.Errorf("killed after %d commits: %d pages were read for %d", commits, w.pulls, pages)
		}
		for id, phone := range w.people {
			if got := string(w.list[id]["prospect.phone"]); got != phone {
				t.Errorf("killed after %d commits: %s is on the list with %q, want %q", commits, id, got, phone)
			}
		}
		if len(w.list) != len(w.people) {
			t.Errorf("killed after %d commits: %d are on the list, want %d", commits, len(w.list), len(w.people))
		}
	}
}

// A round that finds nothing new must not be felt: it writes who was met, a
// record a page, and no prospect.
func TestARoundOfNothingNewWritesNoProspect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(70)
	w.round()
	before := w.commits.Load()
	w.round()
	// Ten pages and the end; forgetting the ten pages of before.
	if n := w.commits.Load() - before; n != 12 {
		t.Errorf("%d commits", n)
	}
	if err := w.store.View(func(tx *store.Tx) error {
		if n, _ := met.Count(tx, metPrefix(spring)); n != 10 {
			t.Errorf("%d pages of who was met", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
