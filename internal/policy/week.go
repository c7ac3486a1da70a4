package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// week is when something is open: spans of the minutes of a week, which begins
// on Monday at midnight by the clock on the wall. They are in order and do not
// touch.
type week []span

// span is minutes, the last one not included.
type span struct{ from, to int }

const (
	dayLength  = 24 * 60
	weekLength = 7 * dayLength
)

var dayNames = []phrase{
	{"mon", "lun"}, {"tue", "mar"}, {"wed", "mer"}, {"thu", "jeu"}, {"fri", "ven"}, {"sat", "sam"}, {"sun", "dim"},
}

// minuteOf is the minute of the week that a moment's own clock shows.
func minuteOf(at time.Time) int {
	day := (int(at.Weekday()) + 6) % 7
	return day*dayLength + at.Hour()*60 + at.Minute()
}

func (w week) has(minute int) bool {
	return slices.ContainsFunc(w, func(s span) bool { return s.from <= minute && minute < s.to })
}

// with is the week with some minutes more; those past its end are its first
// ones.
func (w week) with(s span) week {
	out := append(slices.Clone(w), span{s.from, min(s.to, weekLength)})
	if s.to > weekLength {
		out = append(out, span{0, s.to - weekLength})
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	merged := out[:1]
	for _, next := range out[1:] {
		if last := &merged[len(merged)-1]; next.from <= last.to {
			last.to = max(last.to, next.to)
		} else {
			merged = append(merged, next)
		}
	}
	return merged
}

// less is what of the week is not in the other.
func (w week) less(other week) week {
	var out week
	for _, s := range w {
		for _, o := range other {
			if o.to <= s.from || s.to <= o.from {
				continue
			}
			if s.from < o.from {
				out = append(out, span{s.from, o.from})
			}
			s.from = min(o.to, s.to)
		}
		if s.from < s.to {
			out = append(out, s)
		}
	}
	return out
}

var daysForm = phrase{
	"write days like mon, mon-fri or sat, sun: mon, tue, wed, thu, fri, sat, sun",
	"écrivez des jours comme mon, mon-fri ou sat, sun ; du lundi au dimanche : mon, tue, wed, thu, fri, sat, sun",
}

// parseDays reads "mon", "mon-fri" or "mon, wed-fri" as days from 0 on Monday;
// nil if it is none of them.
func parseDays(text string) []int {
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			last = first
		}
		from, to := dayNumber(first), dayNumber(last)
		if from < 0 || to < from {
			return nil
		}
		for day := from; day <= to; day++ {
			out = append(out, day)
		}
	}
	return out
}

func dayNumber(name string) int {
	return slices.IndexFunc(dayNames, func(p phrase) bool { return p.In("en") == name })
}

var hoursForm = phrase{
	"write hours like 08:30-12:00; 24:00 ends the day, 22:00-06:00 ends the next morning",
	"écrivez des heures comme 08:30-12:00 ; 24:00 finit la journée, 22:00-06:00 finit le lendemain matin",
}

// parseHours reads "08:30-12:00" as minutes of a day; false if it is not like
// that. What ends before it begins ends the next day.
func parseHours(text string) (span, bool) {
	first, last, ok := strings.Cut(text, "-")
	from, fromOK := parseClock(first)
	to, toOK := parseClock(last)
	if !ok || !fromOK || !toOK || from == to || from == dayLength {
		return span{}, false
	}
	if to < from {
		to += dayLength
	}
	return span{from, to}, true
}

// parseClock reads "08:30" as the minutes since midnight.
func parseClock(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	hour, err := strconv.ParseUint(text[:2], 10, 8)
	minute, err2 := strconv.ParseUint(text[3:], 10, 8)
	at := int(hour)*60 + int(minute)
	return at, err == nil && err2 == nil && minute < 60 && at <= dayLength
}

// lines says the week as one writes it: "mon-fri 08:00-12:00, 13:00-18:00",
// days that are alike together.
func (w week) lines(lang string) []string {
	var out []string
	first := 0
	for day := 1; day <= 7; day++ {
		if day < 7 && w.day(day) == w.day(first) {
			continue
		}
		if hours := w.day(first); hours != "" {
			name := dayNames[first].In(lang)
			if day-1 > first {
				name += "-" + dayNames[day-1].In(lang)
			}
			out = append(out, name+" "+hours)
		}
		first = day
	}
	return out
}

// day is the hours of one day.
func (w week) day(n int) string {
	var out []string
	start := n * dayLength
	for _, s := range w {
		from, to := max(s.from-start, 0), min(s.to-start, dayLength)
		if from < to {
			out = append(out, fmt.Sprintf("%02d:%02d-%02d:%02d", from/60, from%60, to/60, to%60))
		}
	}
	return strings.Join(out, ", ")
}
