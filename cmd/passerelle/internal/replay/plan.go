package replay

import (
	"fmt"
	"time"
)

// slot is an appointment's place in a calendar.
type slot struct {
	local time.Time // wall time of the campaign's zone
	with  string
}

// The working day of the branch, in hours, and the length of an appointment.
const (
	opens       = 9
	closes      = 18
	slotLength  = 30 * time.Minute
	localLayout = "2006-01-02T15:04:05"
	day         = 24 * time.Hour // of a calendar without a zone
)

// Calls lie within callsSpread minutes from callsFrom o'clock on. Every
// refusedEvery prospects a caller writes what they may not.
const (
	callsFrom    = 9
	callsSpread  = 9 * 60
	refusedEvery = 250
)

// giveSlots gives every appointment the first free slot from the working day
// after its call on. No two overlap, whoever they are with.
func giveSlots(rows []row, with []string) {
	var next time.Time
	given := 0
	for i := range rows {
		r := &rows[i]
		if !r.yes {
			continue
		}
		if earliest := r.day.Add(day + opens*time.Hour); next.Before(earliest) {
			next = earliest
		}
		for !working(next) {
			next = next.Truncate(day).Add(day + opens*time.Hour)
		}
		r.slot = slot{local: next, with: with[given%len(with)]}
		next = next.Add(slotLength)
		given++
	}
}

func working(t time.Time) bool {
	weekend := t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
	return !weekend && t.Hour() >= opens && t.Hour() < closes
}

// event is a finished call as the dialler posts it: call_outcome.v1.
type event struct {
	EventID     string         `json:"event_id"`
	OccurredAt  string         `json:"occurred_at"`
	Connection  string         `json:"connection"`
	Campaign    string         `json:"campaign"`
	ProspectID  string         `json:"prospect_id"`
	Agent       string         `json:"agent"`
	Technical   string         `json:"technical"`
	Disposition string         `json:"disposition"`
	TalkS       int            `json:"talk_s,omitempty"`
	Fields      map[string]any `json:"fields,omitempty"`
	Next        *next          `json:"next,omitempty"`

	attempt int
	caller  string // the person behind the agent's login
}

type next struct {
	Kind    string `json:"kind"`
	At      string `json:"at"`
	Zone    string `json:"zone"`
	With    string `json:"with"`
	Minutes int    `json:"minutes"`
}

// The dispositions of the campaign.
const (
	noAnswer       = "no_answer"
	notInterested  = "not_interested"
	appointmentSet = "appointment_set"
)

// final is what the last call of a row ended with.
func (r row) final() string {
	if r.yes {
		return appointmentSet
	}
	return notInterested
}

// events are the calls of a row in their order: one a day up to the row's, at
// the same time of the day, unanswered but for the last.
func (c *cast) events(r row) []event {
	out := make([]event, r.calls)
	for i := range out {
		at := time.Date(r.day.Year(), r.day.Month(), r.day.Day()-(r.calls-1-i), callsFrom, r.n%callsSpread, r.n%60, 0, c.zone)
		caller := c.callers[(r.n+i)%len(c.callers)]
		out[i] = event{
			EventID: fmt.Sprintf("bank-%d-%d", r.n, i+1), OccurredAt: at.Format(time.RFC3339),
			Connection: c.dialler, Campaign: c.campaign, ProspectID: r.id(), Agent: caller.login,
			Technical: "no_answer", Disposition: noAnswer, attempt: i + 1, caller: caller.person,
		}
	}
	last := &out[len(out)-1]
	last.Technical, last.Disposition, last.TalkS = "answered", r.final(), r.talkS
	last.Fields = forbidden(r)
	if r.yes {
		last.Next = &next{
			Kind: "appointment", At: r.slot.local.Format(localLayout), Zone: c.zone.String(),
			With: r.slot.with, Minutes: int(slotLength / time.Minute),
		}
	}
	return out
}

// mark stands in every value that a caller may not write: no number like it is
// in the data, and it must never be found in the CRM.
const mark = 770_000_000

// forbidden is, every refusedEvery prospects, a field that no caller may write.
func forbidden(r row) map[string]any {
	if r.n%refusedEvery != 1 {
		return nil
	}
	if r.n/refusedEvery%2 == 0 {
		return map[string]any{"prospect.x_balance": mark + r.n}
	}
	return map[string]any{"account.status": fmt.Sprint("client ", mark+r.n)}
}
