package outbox

import (
	"errors"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

// Whatever state an open entry was in when the store was backed up, it is looked
// for before it is sent again, and nothing of its old claims counts any more.
func TestReviveLooksForEveryOpenEntry(t *testing.T) {
	t.Parallel()
	for _, s := range States() {
		t.Run(string(s), func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			e := b.reach(s)
			until := b.now.Add(time.Hour)
			b.do(func(tx *store.Tx) error {
				for _, id := range Open(tx) {
					if err := Revive(tx, id, b.now, until); err != nil {
						return err
					}
				}
				return nil
			})
			got := b.get(e.ID)
			switch s {
			case Applied, Superseded, Discarded:
				if got.State != s || got.Look {
					t.Errorf("an ended write is %s, look %v", got.State, got.Look)
				}
				return
			case Parked, Conflicted:
				if got.State != s || !got.Look {
					t.Errorf("a person's write is %s, look %v", got.State, got.Look)
				}
				return
			}
			if got.State != Pending || !got.Look || got.NotUntil.Before(until) {
				t.Errorf("it is %s, look %v, not until %s", got.State, got.Look, got.NotUntil)
			}
			b.do(func(tx *store.Tx) error {
				if marks, _, err := seen.Get(tx, seenKey(e.Write.Prospect, "prospect.status")); err != nil || len(marks) > 0 {
					t.Errorf("marks of a write that may not be there: %v, %v", marks, err)
				}
				return nil
			})
			b.now = until
			if _, item := b.granted(e.ID); !item.Look {
				t.Error("it is granted without a look")
			}
		})
	}
}

// A writer of the life that was lost must not be able to report on anything,
// also if the same backup is put back twice.
func TestFencesAreNotGivenOutAgainAfterARestore(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	var before, after uint64
	b.do(func(tx *store.Tx) (err error) { before, err = newFence(tx); return err })
	b.do(func(tx *store.Tx) error { _, err := Restored(tx, b.now.Add(-time.Hour), b.now); return err })
	b.do(func(tx *store.Tx) (err error) { after, err = newFence(tx); return err })
	if after>>16 < before>>16+1<<32 {
		t.Errorf("fence %x follows %x: the life that was lost may have given it out", after, before)
	}
	first := b.add(bridge.WriteActivity, prospect("1"))
	if last := b.add(bridge.WriteActivity, prospect("1")); last.ID <= first.ID {
		t.Errorf("id %s follows %s", last.ID, first.ID)
	}
}

func TestDoubted(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	restored := Restoration{Taken: noon.Add(-time.Hour), At: noon, Epoch: 1}
	call := bridge.Write{Kind: bridge.WriteActivity, Call: &bridge.CallLog{}}
	amendment := bridge.Write{Kind: bridge.WriteActivity, Call: &bridge.CallLog{Revises: "OP"}}
	for name, c := range map[string]struct {
		r        Restoration
		w        bridge.Write
		happened time.Time
		want     bool
	}{
		"never restored":             {Restoration{}, call, noon.Add(-time.Minute), false},
		"a call before it":           {restored, call, noon.Add(-time.Minute), true},
		"a call days before it":      {restored, call, noon.AddDate(0, 0, -3), true},
		"a call just after it":       {restored, call, noon.Add(4 * time.Minute), true},
		"a call after it":            {restored, call, noon.Add(6 * time.Minute), false},
		"a call of the future":       {restored, call, noon.Add(48 * time.Hour), true},
		"an amendment before it":     {restored, amendment, noon.Add(-time.Minute), false},
		"fields, which are compared": {restored, bridge.Write{Kind: bridge.WriteFields}, noon.Add(-time.Minute), false},
		"an appointment before it":   {restored, bridge.Write{Kind: bridge.WriteMeeting}, noon.Add(-time.Minute), true},
		"an opposition before it":    {restored, bridge.Write{Kind: bridge.WriteOpposition}, noon.Add(-time.Minute), true},
		"the move of an appointment": {restored, bridge.Write{Kind: bridge.WriteMove}, noon.Add(-time.Minute), false},
		"another's cancellation":     {restored, bridge.Write{Kind: bridge.WriteCancel}, noon.Add(-time.Minute), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.r.Doubted(c.w, c.happened, noon.Add(24*time.Hour)); got != c.want {
				t.Errorf("doubted: %v, want %v", got, c.want)
			}
		})
	}
}

func TestForgetLeavesOnlyAnOppositionThatTheCRMMustHear(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	who, other := prospect("CANARY-1"), prospect("2")
	const name = "prospect.status"
	applied := b.add(bridge.WriteActivity, who)
	fence, _ := b.granted(applied.ID)
	b.settle(fence, *okay(applied.ID, connector.Stored, nil), true)
	sending := b.add(bridge.WriteFields, who, b.change(name, "old", "CANARY-VALUE"))
	fence, _ = b.granted(sending.ID)
	pending := b.add(bridge.WriteActivity, who)
	opposition := b.append(Draft{EventKey: "CANARY-EVENT", Lead: "CANARY-LEAD", Write: bridge.Write{
		Operation: "OP", Kind: bridge.WriteOpposition, Prospect: who, Motive: "CANARY-MOTIVE",
	}})
	kept := b.add(bridge.WriteActivity, other)

	var got Erased
	b.do(func(tx *store.Tx) error {
		ids, err := Of(tx, who)
		if err != nil {
			return err
		}
		got, err = Forget(tx, who, ids)
		return err
	})
	if want := (Erased{Ended: 1, Discarded: 2, InFlight: 1, Kept: 1}); got != want {
		t.Errorf("erased %+v, want %+v", got, want)
	}
	err := b.try(func(tx *store.Tx) error {
		_, err := Settle(tx, fence, *okay(sending.ID, connector.Stored, nil), b.now, true, nil)
		return err
	})
	if !errors.Is(err, ErrStale) {
		t.Errorf("the report of a claim on an erased write: %v", err)
	}
	b.do(func(tx *store.Tx) error {
		for _, id := range []string{applied.ID, sending.ID, pending.ID} {
			if entries.Has(tx, id) {
				t.Errorf("write %s is still there", id)
			}
		}
		if !entries.Has(tx, kept.ID) {
			t.Error("another's write is gone")
		}
		for _, table := range []store.Raw{entries.Raw, byState, byProspect, byApplied, seen.Raw} {
			for key, raw := range table.Scan(tx, "", "") {
				text := strings.ReplaceAll(key+string(raw), who.ID, "")
				if strings.Contains(text, "CANARY") {
					t.Errorf("left: %q %q", key, raw)
				}
				if strings.Contains(key+string(raw), who.ID) && !strings.Contains(key+string(raw), opposition.ID) && string(raw) != who.Key() {
					t.Errorf("left beside the opposition: %q %q", key, raw)
				}
			}
		}
		return nil
	})
	if _, item := b.granted(opposition.ID); item.Write.Motive != "opposition" {
		t.Errorf("the opposition is sent with motive %q", item.Write.Motive)
	}
}
