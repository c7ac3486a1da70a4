package replay

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/calling"
)

func TestEveryRowHasANumberOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := make(map[string]int, maxRows)
	for n := 1; n <= maxRows; n++ {
		if first, again := seen[phone(n)]; again {
			t.Fatalf("rows %d and %d share %s", first, n, phone(n))
		}
		seen[phone(n)] = n
	}
	// Written alike, they are one number if they are one text: reading some of
	// each block shows that all are numbers.
	for n := 1; n <= maxRows; n += blockSize / 9 {
		if _, err := calling.Parse(phone(n), "FR"); err != nil {
			t.Errorf("row %d: %q: %v", n, phone(n), err)
		}
	}
}

func drawRows(t *rapid.T) []row {
	var rows []row
	at := time.Date(firstYear, time.May, 5, 0, 0, 0, 0, time.UTC)
	for n := range rapid.IntRange(1, 60).Draw(t, "rows") {
		at = at.AddDate(0, 0, rapid.SampledFrom([]int{0, 0, 0, 1, 3, 40}).Draw(t, "later"))
		rows = append(rows, row{
			n: n + 1, day: at, calls: rapid.IntRange(1, 63).Draw(t, "calls"),
			talkS: rapid.IntRange(0, 5000).Draw(t, "talk"), yes: rapid.Bool().Draw(t, "yes"),
		})
	}
	return rows
}

func TestSlotsDoNotOverlap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)
		giveSlots(rows, []string{"anne", "luc"})
		var last time.Time
		for _, r := range rows {
			if !r.yes {
				continue
			}
			at := r.slot.local
			if !last.IsZero() && at.Before(last.Add(slotLength)) {
				t.Fatalf("row %d at %v overlaps the one at %v", r.n, at, last)
			}
			if !working(at) || !at.After(r.day.Add(day)) || r.slot.with == "" {
				t.Fatalf("row %d of %v: %+v", r.n, r.day, r.slot)
			}
			last = at
		}
	})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	c := &cast{campaign: "bank", dialler: "phoning.bank", zone: zone, callers: []caller{{"a", "login-a"}, {"b", "login-b"}, {"c", "login-c"}}}
	rapid.Check(t, func(t *rapid.T) {
		rows := drawRows(t)
		giveSlots(rows, []string{"anne"})
		ids := map[string]bool{}
		for _, r := range rows {
			checkEvents(t, r, c.events(r), ids)
		}
	})
}

func checkEvents(t *rapid.T, r row, events []event, ids map[string]bool) {
	if len(events) != r.calls {
		t.Fatalf("row %d: %d events, want %d", r.n, len(events), r.calls)
	}
	var before time.Time
	for i, e := range events {
		at, err := time.Parse(time.RFC3339, e.OccurredAt)
		if err != nil || !at.After(before) {
			t.Fatalf("row %d: %s does not follow %v (%v)", r.n, e.OccurredAt, before, err)
		}
		before = at
		if ids[e.EventID] {
			t.Fatalf("row %d: event %s again", r.n, e.EventID)
		}
		ids[e.EventID] = true
		final := i == len(events)-1
		switch {
		case e.attempt != i+1 || e.ProspectID != fmt.Sprint(r.n) || e.Agent != "login-"+e.caller:
			t.Fatalf("row %d: %+v", r.n, e)
		case !final && (e.Disposition != noAnswer || e.TalkS != 0 || e.Next != nil || e.Fields != nil):
			t.Fatalf("row %d, before the last: %+v", r.n, e)
		case final && (e.Disposition != r.final() || e.TalkS != r.talkS || (e.Next != nil) != r.yes):
			t.Fatalf("row %d, the last: %+v", r.n, e)
		}
	}
	if got := before.Format(time.DateOnly); got != r.day.Format(time.DateOnly) {
		t.Fatalf("row %d: the last call is on %s, want %v", r.n, got, r.day)
	}
}
