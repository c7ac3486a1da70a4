package outbox

import (
	"slices"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/store"
)

func ids(list []Entry) (out []string) {
	for _, e := range list {
		out = append(out, e.ID)
	}
	return out
}

func TestTakeGoesByProspectMostUrgentFirst(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	enrichment := b.add(bridge.WriteFields, prospect("1"), b.change("prospect.status", "", "x"))
	outcome := b.add(bridge.WriteActivity, prospect("2"))
	call := b.add(bridge.WriteActivity, prospect("3"))
	meeting := b.add(bridge.WriteMeeting, prospect("3"))
	before := b.add(bridge.WriteActivity, prospect("4"))
	opposition := b.add(bridge.WriteOpposition, prospect("4"))
	want := []string{before.ID, opposition.ID, call.ID, meeting.ID, outcome.ID, enrichment.ID}
	var got []string
	for range 4 { // room for two at a time
		b.do(func(tx *store.Tx) error {
			taken, _, err := Take(tx, crmName, 2, b.now)
			got = append(got, ids(taken)...)
			return err
		})
	}
	if !slices.Equal(got, want) {
		t.Errorf("took %v, want %v", got, want)
	}
}

func TestTakeSaysWhenToComeAgain(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	e := b.add(bridge.WriteActivity, prospect("1"))
	fence, _ := b.granted(e.ID)
	b.add(bridge.WriteActivity, prospect("1"))
	failed := b.settle(fence, *failure(e.ID, fault.Unavailable, false), true)
	b.do(func(tx *store.Tx) error {
		taken, next, err := Take(tx, crmName, 10, b.now)
		if len(taken) > 0 || !next.Equal(failed.NotUntil) {
			t.Errorf("took %v, come again at %s; want none before %s", ids(taken), next, failed.NotUntil)
		}
		return err
	})
}

func TestListCountIds(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.add(bridge.WriteActivity, prospect("1"))
	fence, _ := b.granted(first.ID)
	b.settle(fence, *okay(first.ID, connector.Stored, nil), true)
	waiting := b.add(bridge.WriteActivity, prospect("1"))
	other := b.append(Draft{Write: bridge.Write{Kind: bridge.WriteActivity, Prospect: bridge.Ref{Connection: "crm.other", Object: bridge.ProspectObj, ID: "1"}}})
	fields := b.add(bridge.WriteFields, prospect("2"), b.change("prospect.status", "", "x"))
	urgent := b.add(bridge.WriteOpposition, prospect("2"))
	ref := prospect("2")
	for _, c := range []struct {
		name string
		f    Filter
		want []Entry
		more bool
	}{
		{"all", Filter{}, []Entry{first, waiting, other, fields, urgent}, false},
		{"a page", Filter{Limit: 2}, []Entry{first, waiting}, true},
		{"the next page", Filter{Limit: 2, After: waiting.ID}, []Entry{other, fields}, true},
		{"the last page", Filter{Limit: 2, After: fields.ID}, []Entry{urgent}, false},
		{"applied", Filter{State: Applied}, []Entry{first}, false},
		{"pending", Filter{State: Pending}, []Entry{waiting, other, fields, urgent}, false},
		{"a page of pending", Filter{State: Pending, Limit: 1, After: waiting.ID}, []Entry{other}, true},
		{"pending of a connection", Filter{State: Pending, Connection: "crm.other"}, []Entry{other}, false},
		{"of a prospect", Filter{Prospect: &ref}, []Entry{fields, urgent}, false},
		{"none", Filter{State: Parked}, nil, false},
	} {
		b.do(func(tx *store.Tx) error {
			got, more, err := List(tx, c.f)
			if !slices.Equal(ids(got), ids(c.want)) || more != c.more {
				t.Errorf("%s: %v, more %v; want %v, %v", c.name, ids(got), more, ids(c.want), c.more)
			}
			return err
		})
	}
	b.do(func(tx *store.Tx) error {
		if got := Ids(tx, crmName, Pending, 0); !slices.Equal(got, []string{urgent.ID, waiting.ID, fields.ID}) {
			t.Errorf("pending, most urgent first: %v", got)
		}
		if got := Ids(tx, crmName, Pending, 1); !slices.Equal(got, []string{urgent.ID}) {
			t.Errorf("the most urgent: %v", got)
		}
		counts, oldest, err := Count(tx, crmName)
		if counts[Pending] != 3 || len(counts) != 1 || !oldest.Equal(waiting.Created) {
			t.Errorf("counted %v, the oldest since %s", counts, oldest)
		}
		return err
	})
}

func TestAClaimInParts(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	var all []string
	for range 6 {
		all = append(all, b.add(bridge.WriteActivity, prospect("7")).ID)
	}
	terms := Terms{Timeout: testTimeout, Settle: testSettle, Most: 4, Again: 3 * time.Second}
	var items []Item
	b.do(func(tx *store.Tx) error { _, _, err := Take(tx, crmName, 100, b.now); return err })
	for len(all) > 0 {
		part := all[:2]
		all = all[2:]
		b.do(func(tx *store.Tx) error {
			g, err := Claim(tx, Ask{Connection: crmName, Writer: "w", Entries: part}, terms, b.now)
			if terms.Fence != 0 && g.Fence != terms.Fence {
				t.Errorf("fence %d goes on as %d", terms.Fence, g.Fence)
			}
			terms.Fence = g.Fence
			for _, item := range g.Items {
				if item.Verdict == Go {
					terms.Most--
				}
			}
			items = append(items, g.Items...)
			return err
		})
	}
	for i, item := range items {
		if want := map[bool]Verdict{true: Go, false: Wait}[i < 4]; item.Verdict != want {
			t.Errorf("entry %d: %s, want %s", i, item.Verdict, want)
		}
		if item.Verdict == Wait && item.Retry != terms.Again {
			t.Errorf("entry %d is to be asked for again after %s, want %s", i, item.Retry, terms.Again)
		}
	}
}

// Where the CRM cannot be searched, a lost answer is a person's: except for
// fields, which are compared before each write.
func TestALostAnswerWithoutASearch(t *testing.T) {
	t.Parallel()
	for kind, want := range map[bridge.WriteKind]State{bridge.WriteActivity: Parked, bridge.WriteMeeting: Parked, bridge.WriteFields: Pending} {
		b := newBox(t)
		var fields []bridge.FieldChange
		if kind == bridge.WriteFields {
			fields = append(fields, b.change("prospect.status", "a", "b"))
		}
		e := b.add(kind, prospect("7"), fields...)
		fence, _ := b.granted(e.ID)
		got := b.settle(fence, *failure(e.ID, fault.Unavailable, true), false)
		if got.State != want {
			t.Errorf("%s: %s, want %s", kind, got.State, want)
		}
		if got.State != Parked {
			continue
		}
		b.now = b.now.Add(time.Hour)
		b.do(func(tx *store.Tx) error { _, err := TryAgain(tx, e.ID, b.now); return err })
		if _, item := b.granted(e.ID); item.Look {
			t.Errorf("%s: the person has looked; the writer cannot", kind)
		}
	}
}
