package desk

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// views are the ledger's lines of cards that were looked at.
func (f *floor) views() (out []ledger.Line) {
	f.t.Helper()
	err := f.store.View(func(tx *store.Tx) error {
		all, err := ledger.Lines(tx, 1, 1000)
		out = slices.DeleteFunc(all, func(l ledger.Line) bool { return l.Kind != "view" })
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f *floor) keepLooks() {
	f.t.Helper()
	if err := f.desk.KeepLooks(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

// Who looked at whose card, by which policy and at which fields, stands in the
// ledger: a line a page, the same page once an hour; a list without cards, and
// what was refused, in none.
func TestWhoLookedAtACardStandsInTheLedger(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	look := func(who bridge.PersonID) View {
		v, err := f.desk.Lead(as(who), leadID("1"))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := look("sam")
	look("sam") // again
	list := func(cards bool) {
		if got, _, err := f.desk.Leads(as("sam"), Choice{Campaign: spring}, Page{Cards: cards}); err != nil || len(got) != 2 {
			t.Fatalf("%d, %v", len(got), err)
		}
	}
	list(false)
	list(true)
	if _, err := f.desk.Lead(as("alice"), leadID("1")); err == nil {
		t.Fatal("alice sees a lead of nobody's")
	}
	if got := f.views(); len(got) != 0 {
		t.Errorf("%d lines before they are kept", len(got))
	}
	f.keepLooks()
	f.keepLooks()
	got := f.views()
	if len(got) != 2 || len(got[0].Records) != 1 || len(got[1].Records) != 2 {
		t.Fatalf("%+v", got)
	}
	var names []bridge.FieldName
	for name := range v.Card.Fields {
		names = append(names, name)
	}
	one := got[0]
	want := ledger.Line{Kind: "view", Who: "sam", Role: "supervisor", Connection: console, Fields: ledger.FieldSet(names), Policy: f.desk.Rules().Policy.Hash()}
	if diff := cmp.Diff(want, ledger.Line{Kind: one.Kind, Who: one.Who, Role: one.Role, Connection: one.Connection, Fields: one.Fields, Policy: one.Policy}); diff != "" || len(names) == 0 {
		t.Error(diff)
	}
	f.pass(lookAgain)
	look("sam")
	f.keepLooks()
	if got := f.views(); len(got) != 3 {
		t.Errorf("an hour later: %d lines", len(got))
	}
	f.rule("# another one\n")
	look("sam")
	f.keepLooks()
	if got := f.views(); len(got) != 4 || got[3].Policy == got[2].Policy {
		t.Errorf("by another policy: %d lines", len(got))
	}
}

// Who is forgotten between a look and its line does not come back into the
// ledger's pseudonyms.
func TestALookDoesNotBringBackWhoIsGone(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	if _, _, err := f.desk.Leads(as("sam"), Choice{Campaign: spring}, Page{Cards: true}); err != nil {
		t.Fatal(err)
	}
	gone := ref("1").Key()
	err := f.store.Commit(t.Context(), func(tx *store.Tx) error {
		if err := ledger.Forget(tx, gone); err != nil {
			return err
		}
		return prospects.Delete(tx, gone)
	})
	if err != nil {
		t.Fatal(err)
	}
	f.keepLooks()
	_ = f.store.View(func(tx *store.Tx) error {
		if _, there := ledger.Pseudonym(tx, gone); there {
			t.Error("it has a pseudonym again")
		}
		return nil
	})
	if got := f.views(); len(got) != 1 || len(got[0].Records) != 1 {
		t.Errorf("%+v", got)
	}
}

// What the store does not take waits, and is kept once it does; too many do not
// wait for ever.
func TestLooksWaitForTheStore(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	if _, err := f.desk.Lead(as("sam"), leadID("1")); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.desk.KeepLooks(t.Context()); err == nil {
		t.Fatal("kept without a store")
	}
	if waiting := f.desk.looks.take(f.clock()); len(waiting) != 1 || waiting[0].Who != "sam" {
		t.Errorf("what waits: %+v", waiting)
	}
	var s looks
	if lost := s.giveBack(make([]ledger.Line, looksBehind+3)); lost != 3 || len(s.take(time.Now())) != looksBehind {
		t.Errorf("%d are lost", lost)
	}
	for range looksAtMost - 1 {
		s.waiting = append(s.waiting, ledger.Line{})
	}
	if !s.add(ledger.Line{Who: "sam"}, time.Now()) {
		t.Error("one more may wait")
	}
	for i := range looksKnown + 1 {
		s.add(ledger.Line{Who: strconv.Itoa(i)}, time.Now())
	}
	if len(s.kept) > looksKnown {
		t.Errorf("%d are remembered", len(s.kept))
	}
}
