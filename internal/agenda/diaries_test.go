package agenda

import (
	"context"
	"errors"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// crm is a calendar that counts how often it is asked.
type crm struct {
	connector.Conn
	asked int
	err   error
	slow  bool
}

func (c *crm) Busy(ctx context.Context, _ string, from, _ time.Time) ([]connector.Busy, error) {
	c.asked++
	if c.slow {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return []connector.Busy{{From: from, To: from.Add(time.Hour)}}, c.err
}

// A salesperson's time is the CRM's to tell where it answers at once, kept for a
// moment; where it does not, it is left alone for a while.
func TestWhenSalespeopleAreTaken(t *testing.T) {
	t.Parallel()
	vera := bridge.Person{ID: "vera", CRM: map[bridge.ConnectionName]string{"crm.main": "7"}}
	from := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name    string
		crm     crm
		with    bridge.Person
		closed  bool
		known   bool
		asked   int // by two looks in a row
		andThen int // by one more, when the first is old
	}{
		{"told", crm{}, vera, false, true, 1, 2},
		{"not told", crm{err: errors.ErrUnsupported}, vera, false, false, 1, 2},
		{"slow", crm{slow: true}, vera, false, false, 1, 2},
		{"broken", crm{}, vera, true, false, 0, 0},
		{"somebody it does not know", crm{}, bridge.Person{ID: "xavier"}, false, false, 0, 0},
	} {
		now := from
		d := NewDiaries([]Line{{Name: "crm.main", Conn: &tc.crm, Ready: func() bool { return !tc.closed }}}, func() time.Time { return now })
		d.wait = 10 * time.Millisecond
		for range 2 {
			if busy, known := d.Busy(t.Context(), "crm.main", tc.with, from, from.AddDate(0, 0, 7)); known != tc.known || known && len(busy) != 1 {
				t.Errorf("%s: %v, %v", tc.name, busy, known)
			}
		}
		asked := tc.crm.asked
		now = now.Add(freshFor)
		d.Busy(t.Context(), "crm.main", tc.with, from, from.AddDate(0, 0, 7))
		if asked != tc.asked || tc.crm.asked != tc.andThen {
			t.Errorf("%s: asked %d times, then %d; want %d, then %d", tc.name, asked, tc.crm.asked, tc.asked, tc.andThen)
		}
	}
}
