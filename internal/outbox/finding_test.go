package outbox

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

const (
	statusName  = bridge.FieldName("prospect.status")
	commentName = bridge.FieldName("prospect.comment")
)

func (b *box) confirm(e Entry, fence uint64, s connector.Sighting) (got Entry, found Finding) {
	b.Helper()
	b.do(func(tx *store.Tx) (err error) {
		got, found, err = Confirm(tx, e.ID, fence, s, b.now, testSettle)
		return err
	})
	return got, found
}

func holds(status, comment bridge.Value) connector.Sighting {
	return connector.Sighting{Fields: map[bridge.FieldName]bridge.Value{statusName: status, commentName: comment}}
}

// A CRM that refuses one field of a write and says yes to the other has not
// shown the other yet.
func TestWhatIsOnlyAcceptedBesideAConflictIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		newer  bool // a later change of the disputed field was made meanwhile
		read   connector.Sighting
		want   State
		fields []bridge.FieldName
	}{
		{"it was stored", false, holds("theirs", "ours"), Conflicted, []bridge.FieldName{statusName, commentName}},
		{"it was not stored", false, holds("theirs", "old"), Pending, []bridge.FieldName{commentName, statusName}},
		{"it was stored, and the dispute is over", false, holds("ours", "ours"), Applied, []bridge.FieldName{statusName, commentName}},
		{"it was stored, and a newer change waits", true, holds("theirs", "ours"), Superseded, []bridge.FieldName{statusName, commentName}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			e := b.add(bridge.WriteFields, prospect("7"), b.change(statusName, "old", "ours"), b.change(commentName, "old", "ours"))
			fence, _ := b.granted(e.ID)
			got := b.settle(fence, *okay(e.ID, connector.Accepted, []connector.Conflict{{Field: statusName, Found: "theirs"}}), true)
			if got.State != Sent {
				t.Fatalf("half of it accepted: %s", got.State)
			}
			if c.newer {
				b.add(bridge.WriteFields, prospect("7"), b.change(statusName, "theirs", "newer"))
			}
			b.now = b.now.Add(time.Minute)
			got, _ = b.confirm(e, fence, c.read)
			if got.State != c.want {
				t.Fatalf("%s, want %s", got.State, c.want)
			}
			var names []bridge.FieldName
			for _, f := range got.Write.Fields {
				names = append(names, f.Name)
			}
			slices.Sort(names)
			slices.Sort(c.fields)
			if diff := cmp.Diff(c.fields, names); diff != "" {
				t.Errorf("its fields (-want +got):\n%s", diff)
			}
		})
	}
}

// What builds on another write is not sent before the CRM has shown that one:
// not finding it means something then.
func TestAnAmendmentWaitsForWhatItAmends(t *testing.T) {
	t.Parallel()
	meeting := &bridge.Meeting{ID: "m1"}
	for _, c := range []struct {
		name         string
		first, later bridge.Write
	}{
		{"an amended call", bridge.Write{Kind: bridge.WriteActivity, Call: &bridge.CallLog{}},
			bridge.Write{Kind: bridge.WriteActivity, Call: &bridge.CallLog{Revises: "first"}}},
		{"a moved appointment", bridge.Write{Kind: bridge.WriteMeeting, Meeting: meeting}, bridge.Write{Kind: bridge.WriteMove, Meeting: meeting}},
		{"a cancelled one", bridge.Write{Kind: bridge.WriteMove, Meeting: meeting}, bridge.Write{Kind: bridge.WriteCancel, Meeting: meeting}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			c.first.Prospect, c.later.Prospect = prospect("7"), prospect("7")
			c.first.Operation, c.later.Operation = "first", "later"
			first := b.append(Draft{Write: c.first, EventKey: "1"})
			fence, _ := b.granted(first.ID)
			b.settle(fence, *okay(first.ID, connector.Accepted, nil), true)
			later := b.append(Draft{Write: c.later, EventKey: "2"})
			if g := b.claim(later.ID); g.Items[0].Verdict != Wait || g.Items[0].Retry < confirmWait {
				t.Fatalf("while the first is only accepted: %+v", g.Items[0])
			}
			b.confirm(first, fence, connector.Sighting{Present: true})
			b.granted(later.ID)
		})
	}
}

func TestWhatACRMGetsWrongIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		reads  []connector.Sighting // a minute apart, the first at once
		found  Finding
		words  string
		state  State
		reason string
	}{
		{"stored", []connector.Sighting{{Present: true}}, "", "", Applied, ""},
		{"not stored", []connector.Sighting{{}, {}}, NotStored, "said yes and did not store it", Pending, "the CRM said yes but does not show it"},
		{"stored late", []connector.Sighting{{}, {Present: true}}, StoredLate, "showed it", Applied, ""},
		{"stored twice", []connector.Sighting{{Present: true, Copies: 2}}, StoredTwice, "stored it 2 times", Applied, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			e := b.add(bridge.WriteActivity, prospect("7"))
			fence, _ := b.granted(e.ID)
			b.settle(fence, *okay(e.ID, connector.Accepted, nil), true)
			var got Entry
			var found Finding
			for _, s := range c.reads {
				got, found = b.confirm(e, fence, s)
				b.now = b.now.Add(time.Minute)
			}
			if got.State != c.state || found != c.found || !strings.Contains(got.Finding, c.words) || got.Reason != c.reason || (got.Finding == "") != (c.words == "") {
				t.Errorf("%s, found %q: %q (%q)", got.State, found, got.Finding, got.Reason)
			}
			if kept := b.get(e.ID); kept.Finding != got.Finding {
				t.Errorf("kept %q of %q", kept.Finding, got.Finding)
			}
		})
	}
}

// applied brings a write to the end.
func (b *box) applied(e Entry) Entry {
	b.Helper()
	fence, _ := b.granted(e.ID)
	b.settle(fence, *okay(e.ID, connector.Stored, nil), true)
	return b.get(e.ID)
}

// A CRM that was set back to yesterday has lost calls and shows fields as they
// were; what a person has changed since is theirs.
func TestRecheck(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	before := b.now
	call := b.applied(b.add(bridge.WriteActivity, prospect("1")))
	kept := b.applied(b.add(bridge.WriteActivity, prospect("2")))
	// Two changes in a row: only the last is ours to repeat, over the first value.
	once := b.applied(b.add(bridge.WriteFields, prospect("3"), b.change(statusName, "a", "b")))
	twice := b.applied(b.add(bridge.WriteFields, prospect("3"), b.change(statusName, "b", "c"), b.change(commentName, "a", "b")))
	theirs := b.applied(b.add(bridge.WriteFields, prospect("4"), b.change(statusName, "a", "b")))
	reads := map[string]connector.Sighting{
		call.ID: {}, kept.ID: {Present: true}, once.ID: holds("a", "person's"), twice.ID: holds("a", "person's"), theirs.ID: holds("z", ""),
	}
	lost := []string{call.ID, twice.ID}
	until := b.now
	b.now = b.now.Add(time.Minute)
	b.applied(b.add(bridge.WriteActivity, prospect("5"))) // after the recheck has begun
	for _, putBack := range []bool{false, true} {
		var listed, gone []string
		b.do(func(tx *store.Tx) error {
			listed, gone = nil, nil
			were, err := ReplacedSince(tx, crmName, before)
			if err != nil {
				return err
			}
			for from := ""; ; {
				var page []string
				page, from = AppliedBetween(tx, crmName, before, until, from, 2)
				listed = append(listed, page...)
				if from == "" {
					break
				}
			}
			for _, id := range listed {
				_, missing, err := Recheck(tx, id, reads[id], were, putBack, b.now)
				if err != nil {
					return err
				}
				if missing {
					gone = append(gone, id)
				}
			}
			return nil
		})
		if diff := cmp.Diff([]string{call.ID, kept.ID, once.ID, twice.ID, theirs.ID}, listed); diff != "" {
			t.Errorf("put back %v: looked up (-want +got):\n%s", putBack, diff)
		}
		if diff := cmp.Diff(lost, gone); diff != "" {
			t.Errorf("put back %v: gone (-want +got):\n%s", putBack, diff)
		}
		for _, id := range listed {
			e := b.get(id)
			if isLost := slices.Contains(lost, id); (e.State == Pending) != (isLost && putBack) || (e.Finding != "") != isLost || e.State == Applied && e.SaidLost() != isLost {
				t.Errorf("put back %v: %s is %s, %q", putBack, id, e.State, e.Finding)
			}
		}
	}
	_, item := b.granted(twice.ID)
	if f := item.Write.Fields; len(f) != 1 || f[0].Name != statusName || f[0].Value != "c" || f[0].Expected != "a" || !item.Look {
		t.Errorf("written again: %+v, look %v", f, item.Look)
	}
	if _, item := b.granted(call.ID); !item.Look {
		t.Error("the call is sent again without a look")
	}
	b.now = b.now.Add(time.Minute)
	if again := b.applied(call); again.State != Applied || again.Finding == "" || again.SaidLost() {
		t.Errorf("written again and shown, it is %s, lost %v: %q", again.State, again.SaidLost(), again.Finding)
	}
}

func TestTheNewestApplied(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	var calls []Entry
	for _, id := range []string{"1", "2", "3"} {
		calls = append(calls, b.applied(b.add(bridge.WriteActivity, prospect(id))))
		b.applied(b.add(bridge.WriteFields, prospect(id), b.change(statusName, "a", "b")))
	}
	b.do(func(tx *store.Tx) error {
		if diff := cmp.Diff([]string{calls[2].ID, calls[1].ID}, LastApplied(tx, crmName, time.Time{}, 2)); diff != "" {
			t.Errorf("the last two calls (-want +got):\n%s", diff)
		}
		if got := LastApplied(tx, crmName, calls[2].Changed, 5); len(got) != 1 {
			t.Errorf("since the last: %v", got)
		}
		if got := LastApplied(tx, "crm.mai", time.Time{}, 5); got != nil {
			t.Errorf("of a connection that there is not: %v", got)
		}
		if id, at, ok := FirstApplied(tx, crmName, calls[0].Changed.Add(time.Millisecond), calls[2].Changed); !ok || id != calls[1].ID || !at.Equal(calls[1].Changed) {
			t.Errorf("between the first and the last: %s at %s, %v", id, at, ok)
		}
		if _, _, ok := FirstApplied(tx, crmName, calls[2].Changed.Add(time.Millisecond), b.now.Add(time.Hour)); ok {
			t.Error("after the last there is one more")
		}
		return nil
	})
}
