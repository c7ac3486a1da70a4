package desk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// many fills a floor with leads enough for several steps of a command.
func many(f *floor, n int) {
	f.t.Helper()
	phones := map[string]string{}
	for i := range n {
		phones[fmt.Sprint(i)] = fmt.Sprintf("01 99 %02d %02d %02d", i/10000, i/100%100, i%100)
	}
	f.pull(phones)
}

// with counts the leads of a person.
func (f *floor) with(who bridge.PersonID) (n int) {
	for _, l := range f.all() {
		if l.Assignee == who {
			n++
		}
	}
	return n
}

func (f *floor) lines(kind string) (n int) {
	f.t.Helper()
	err := f.store.View(func(tx *store.Tx) error {
		if _, err := ledger.Verify(tx, nil); err != nil {
			return err
		}
		all, err := ledger.Lines(tx, 1, 10_000)
		for _, l := range all {
			if l.Kind == kind {
				n++
			}
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// The plateau's commands share the committer: one on many leads must not hold it.
func TestACommandOnManyLeadsGoesInSteps(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	const n = 3*atOnce + 50
	many(f, n)
	var moved Moved
	var err error
	got := f.commitsOf(func() {
		moved, err = f.desk.Reassign(context.Background(), as("sam"), Choice{Campaign: spring}, "bob", "holiday")
	})
	if err != nil || moved.Moved != n || len(moved.Skipped) != 0 {
		t.Fatalf("%d moved, %d left alone, %v", moved.Moved, len(moved.Skipped), err)
	}
	if got != 4 {
		t.Errorf("%d commits for %d leads", got, n)
	}
	if f.with("bob") != n || f.lines("reassign") != 4 {
		t.Errorf("bob has %d, the ledger %d lines", f.with("bob"), f.lines("reassign"))
	}
	again, err := f.desk.Reassign(context.Background(), as("sam"), Choice{Campaign: spring}, "bob", "holiday")
	if err != nil || again.Moved != n || f.lines("reassign") != 4 {
		t.Errorf("given again: %d moved, %d lines, %v", again.Moved, f.lines("reassign"), err)
	}
}

// What a crash leaves of a command on many leads is whole steps, and giving it
// again does the rest.
func TestACommandThatACrashCutsOffIsGivenAgain(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	const n = 3*atOnce + 50
	many(f, n)
	crashed := filepath.Join(t.TempDir(), "store.db")
	done := 0
	_, err := f.desk.each(context.Background(), as("sam"), order{choice: Choice{Campaign: spring}, motive: "holiday", what: "reassign", move: func(_ *command, l bridge.Lead) (bridge.Lead, stay) {
		if done++; done == atOnce+50 {
			raw, err := os.ReadFile(f.store.Path()) // what a kill would leave here
			if err == nil {
				err = os.WriteFile(crashed, raw, 0o600)
			}
			if err != nil {
				t.Error(err)
			}
		}
		l.Assignee = "bob"
		return l, stay{}
	}})
	if err != nil {
		t.Fatal(err)
	}
	f = floorAt(t, crashed)
	if f.with("bob") != atOnce || f.lines("reassign") != 1 {
		t.Fatalf("after the crash bob has %d, the ledger %d lines", f.with("bob"), f.lines("reassign"))
	}
	moved, err := f.desk.Reassign(context.Background(), as("sam"), Choice{Campaign: spring}, "bob", "holiday")
	if err != nil || moved.Moved != n || f.with("bob") != n || f.lines("reassign") != 4 {
		t.Errorf("given again: %d moved, bob has %d, %d lines, %v", moved.Moved, f.with("bob"), f.lines("reassign"), err)
	}
}

// Nobody's patience cuts a command off: half of it done is worse than late.
func TestACommandOnManyLeadsOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	many(f, 2*atOnce)
	ctx, hangUp := context.WithCancel(context.Background())
	_, err := f.desk.each(ctx, as("sam"), order{choice: Choice{Campaign: spring}, motive: "over", what: "close", move: func(_ *command, l bridge.Lead) (bridge.Lead, stay) {
		hangUp()
		l.State = bridge.LeadClosed
		return l, stay{}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range f.all() {
		if l.State != bridge.LeadClosed {
			t.Fatalf("a lead is %s", l.State)
		}
	}
}

// Between being found and its turn a lead may have become somebody else's
// business.
func TestAFilterIsAskedAgainAtEachStep(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	many(f, 2*atOnce)
	var last bridge.LeadID
	err := f.desk.look(as("sam"), func(c *command) error {
		ids, err := c.chosen(Choice{Campaign: spring})
		last = ids[len(ids)-1]
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	taken := false
	moved, err := f.desk.each(context.Background(), as("sam"), order{choice: Choice{Campaign: spring, Assignee: Pool}, motive: "holiday", what: "reassign", move: func(c *command, l bridge.Lead) (bridge.Lead, stay) {
		if !taken {
			taken = true
			was, err := c.lead(last)
			hers := was
			hers.Assignee = "alice"
			if err == nil {
				err = c.keep(&was, hers)
			}
			if err != nil {
				t.Error(err)
			}
		}
		l.Assignee = "bob"
		return l, stay{}
	}})
	if err != nil || moved.Moved != 2*atOnce-1 || len(moved.Skipped) != 1 || f.with("alice") != 1 {
		t.Errorf("%d moved, %+v left alone, alice has %d, %v", moved.Moved, moved.Skipped, f.with("alice"), err)
	}
}
