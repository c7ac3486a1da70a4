package outbox

import (
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/store"
)

func TestExpected(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return time.Date(2026, 3, 2, 9, minute, 0, 0, time.UTC) }
	// We wrote b over a: claimed at 10, confirmed at 20.
	done := []mark{{Value: "b", Held: "a", Entry: "1", ClaimedAt: at(10), DoneAt: at(20)}}
	open := []mark{{Value: "b", Held: "a", Entry: "1", ClaimedAt: at(10)}}
	// And then c over b: claimed at 30, before the first was confirmed at 40.
	two := []mark{{Value: "b", Held: "a", Entry: "1", ClaimedAt: at(10), DoneAt: at(40)}, {Value: "c", Held: "b", Entry: "2", ClaimedAt: at(30)}}
	for _, c := range []struct {
		name  string
		marks []mark
		read  int // when the read behind the card began
		shown bridge.Value
		want  bridge.Value
	}{
		{"we never wrote it", nil, 5, "a", "a"},
		{"the card is older than our write", done, 5, "a", "b"},
		{"the read began as we claimed", done, 10, "a", "b"},
		{"a read during our write came too early", done, 15, "a", "b"},
		{"a read during our write shows it", done, 15, "b", "b"},
		{"a read during our write shows a person's edit", done, 15, "p", "p"},
		{"a read after our write shows a person's edit", done, 25, "p", "p"},
		{"a read after our write shows the old value: a person put it back", done, 25, "a", "a"},
		{"long after an unconfirmed write the CRM still shows the old value", open, 55, "a", "b"},
		{"a person's edit over an unconfirmed write", open, 55, "p", "p"},
		{"two on their way, the card is older than both", two, 5, "a", "c"},
		{"two on their way, read between", two, 15, "a", "c"},
		{"two on their way, read before the first appeared", two, 35, "a", "c"},
		{"two on their way, read before the second appeared", two, 35, "b", "c"},
		{"the first is confirmed, read before the second appeared", two, 45, "b", "c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			change := bridge.FieldChange{Expected: c.shown, CardAt: at(c.read)}
			if got := expected(c.marks, change); got != c.want {
				t.Errorf("expected %q, want %q", got, c.want)
			}
		})
	}
}

// A status that goes forth and back: the read that should confirm the first
// write shows what was there before it, since the second has put it back.
func TestAnOvertakenWriteIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	const name = bridge.FieldName("prospect.status")
	shows := func(v bridge.Value) connector.Sighting {
		return connector.Sighting{Fields: map[bridge.FieldName]bridge.Value{name: v}}
	}
	for _, c := range []struct {
		name   string
		second *Result // nil: still with its writer
		found  bridge.Value
		want   State // of the first
	}{
		{"the second was accepted, not confirmed", &Result{State: connector.Accepted, Begun: true}, "a", Sent},
		{"the second is stored", &Result{State: connector.Stored, Begun: true}, "a", Applied},
		{"the second is with a writer", nil, "a", Sent},
		{"the second was refused: the CRM lied about the first", &Result{State: connector.Failed, Kind: fault.Rejected, Begun: true}, "a", Pending},
		{"the second found what the first replaced: the CRM lied",
			&Result{State: connector.Accepted, Begun: true, Conflict: []connector.Conflict{{Field: name, Found: "a"}}}, "a", Pending},
		{"a person has changed it since", nil, "p", Applied},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			first := b.add(bridge.WriteFields, prospect("7"), b.change(name, "a", "b"))
			fence, _ := b.granted(first.ID)
			b.settle(fence, *okay(first.ID, connector.Accepted, nil), true)
			second := b.add(bridge.WriteFields, prospect("7"), b.change(name, "a", "c"))
			later, item := b.granted(second.ID)
			if got := item.Write.Fields[0].Expected; got != "b" {
				t.Fatalf("the second expects %q, want our first write's", got)
			}
			if c.second != nil {
				c.second.Entry = second.ID
				if got := b.settle(later, *c.second, true); len(c.second.Conflict) > 0 && got.State != Pending {
					t.Errorf("the second is %s, want it to wait for the first", got.State)
				}
			}
			b.now = b.now.Add(time.Hour)
			b.do(func(tx *store.Tx) error {
				_, _, err := Confirm(tx, first.ID, fence, shows(c.found), b.now, testSettle)
				return err
			})
			if got := b.get(first.ID); got.State != c.want {
				t.Errorf("the first is %s, want %s", got.State, c.want)
			}
		})
	}
}

// Only what a read does not show is written again.
func TestConfirmPutsBackOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := b.add(bridge.WriteFields, prospect("7"), b.change("prospect.status", "a", "b"), b.change("prospect.comment", "", "x"))
	fence, _ := b.granted(e.ID)
	b.settle(fence, *okay(e.ID, connector.Accepted, nil), true)
	half := connector.Sighting{Fields: map[bridge.FieldName]bridge.Value{"prospect.status": "b", "prospect.comment": ""}}
	confirm := func() {
		b.do(func(tx *store.Tx) error { _, _, err := Confirm(tx, e.ID, fence, half, b.now, testSettle); return err })
	}
	confirm()
	if got := b.get(e.ID); got.State != Sent {
		t.Fatalf("before the CRM's time is up it is %s", got.State)
	}
	b.now = b.now.Add(testSettle)
	confirm()
	got := b.get(e.ID)
	if got.State != Pending || !got.Look || len(got.Write.Fields) != 1 || got.Write.Fields[0].Name != "prospect.comment" {
		t.Errorf("it is %s, look %v, with %v", got.State, got.Look, got.Write.Fields)
	}
}
