package console

import (
	"testing"
	"time"

	"passerelle/internal/desk"
)

// Columns stand on the line, end where the next one may begin, and are as high as
// there were calls.
func TestChart(t *testing.T) {
	t.Parallel()
	static, err := assets()
	if err != nil {
		t.Fatal(err)
	}
	looks, err := newLooks(static)
	if err != nil {
		t.Fatal(err)
	}
	v := &visit{look: looks["en"], zone: time.UTC}
	parts := make([]desk.Tally, chartParts)
	parts[0] = desk.Tally{"no_answer": 1}
	parts[11] = desk.Tally{"no_answer": 2, "not_interested": 1, "appointment_set": 1}
	c := v.chartOf(parts, time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	if c.Most != 4 || c.Says != "The last hour: calls 5, contacts 2, appointments 1" || len(c.Columns) != chartParts {
		t.Errorf("%+v", c)
	}
	if got := c.Columns[0]; got.Says != "09:00: calls 1, contacts 0, appointments 0" || len(got.Parts) != 1 || got.Parts[0] != (bar{"others", 90, 30}) {
		t.Errorf("%+v", got)
	}
	want := []bar{{"appointments", 90, 30}, {"contacts", 60, 30}, {"others", 0, 60}}
	for i, got := range c.Columns[11].Parts {
		if got != want[i] {
			t.Errorf("part %d is %+v, want %+v", i, got, want[i])
		}
	}
	if len(c.Columns[1].Parts) != 0 || c.Marks[3] != (mark{270, "09:45"}) {
		t.Errorf("%+v, %+v", c.Columns[1], c.Marks)
	}
}
