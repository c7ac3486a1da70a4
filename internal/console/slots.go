package console

import (
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// slots are the half-hours of a salesperson's next working days.
type slots struct {
	With  bridge.Person
	Told  bool // by the CRM's calendar as well as by our own appointments
	Zone  string
	Days  []string
	Hours []slotRow
	From  string // the first day, as a date
	Next  string
	Prev  string // "" where it would be before today
}

type slotRow struct {
	Hour  string
	Cells []slotCell
}

type slotCell struct {
	At       string // local time, as the form posts it
	Free     bool
	Proposed bool // waits for a supervisor
	On       bool
}

// What a page of slots holds: a week of working days, in half-hours.
const (
	slotDays   = 5
	firstHour  = 9
	lastHour   = 18
	slotLength = 30 * time.Minute
)

// slotsOf are those of the salesperson whom the form names, nil for nobody.
func (v *visit) slotsOf(w desk.Work, form map[string]string) (*slots, error) {
	with, ok := v.opts.Desk.Rules().Person(bridge.PersonID(form["with"]))
	if !w.Meeting || !ok {
		return nil, nil
	}
	zone := v.opts.Zone
	if own, err := time.LoadLocation(with.Zone); err == nil && with.Zone != "" {
		zone = own
	}
	tomorrow := midnight(v.now.In(zone)).AddDate(0, 0, 1)
	from, err := time.ParseInLocation(time.DateOnly, form["from"], zone)
	if err != nil || from.Before(tomorrow) || from.After(tomorrow.AddDate(1, 0, 0)) {
		from = tomorrow
	}
	days := workingDays(from)
	last := days[len(days)-1].AddDate(0, 0, 1)
	busy, told, err := v.busy(w.Campaign.CRM, with, days[0], last)
	if err != nil {
		return nil, err
	}
	out := &slots{With: with, Told: told, Zone: zone.String(), From: days[0].Format(time.DateOnly), Next: last.Format(time.DateOnly)}
	if days[0].After(tomorrow.AddDate(0, 0, 3)) {
		out.Prev = maxTime(tomorrow, days[0].AddDate(0, 0, -7)).Format(time.DateOnly)
	}
	length := time.Duration(minutesOf(form["minutes"])) * time.Minute
	for _, day := range days {
		out.Days = append(out.Days, v.look.day(day))
	}
	for offset := firstHour * time.Hour; offset < lastHour*time.Hour; offset += slotLength {
		hour, minute := int(offset/time.Hour), int(offset%time.Hour/time.Minute)
		row := slotRow{Hour: v.look.words.text("hour", hour, minute)}
		for _, day := range days {
			at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone)
			row.Cells = append(row.Cells, cellAt(at, length, busy, form["slot"]))
		}
		out.Hours = append(out.Hours, row)
	}
	return out, nil
}

// busy is when a salesperson has something: by our own appointments, and by the
// CRM's calendar where that tells.
func (v *visit) busy(crm bridge.ConnectionName, with bridge.Person, from, to time.Time) (busy []desk.Busy, told bool, err error) {
	if busy, err = v.opts.Desk.Diary(v.actor, with.ID, from, to); err != nil {
		return nil, false, err
	}
	theirs, told := v.opts.Diaries.Busy(v.r.Context(), crm, with, from, to)
	for _, b := range theirs {
		minutes := int((b.To.Sub(b.From) + time.Minute - 1) / time.Minute)
		busy = append(busy, desk.Busy{Slot: bridge.Slot{UTC: b.From, Minutes: minutes}})
	}
	return busy, told, nil
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// workingDays are a week's worth of them, from a day on.
func workingDays(day time.Time) (out []time.Time) {
	for ; len(out) < slotDays; day = day.AddDate(0, 0, 1) {
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday {
			out = append(out, day)
		}
	}
	return out
}

func cellAt(at time.Time, length time.Duration, busy []desk.Busy, chosen string) slotCell {
	c := slotCell{At: at.Format("2006-01-02T15:04"), Free: true}
	c.On = c.At == chosen
	for _, b := range busy {
		ends := b.Slot.UTC.Add(time.Duration(b.Slot.Minutes) * time.Minute)
		if at.Before(ends) && b.Slot.UTC.Before(at.Add(length)) {
			c.Proposed = b.Proposed && (c.Free || c.Proposed) // what is taken is no question any more
			c.Free = false
		}
	}
	return c
}

// usualMeeting is the length of an appointment, in minutes.
const usualMeeting = 30

func minutesOf(text string) int {
	switch text {
	case "60":
		return 60
	case "90":
		return 90
	}
	return usualMeeting
}
