package config

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

// Retention says how long what the bridge knows is kept. Terms run from the
// bridge's own clock at receipt. Oppositions are kept for as long as the store:
// who does not want to be called must not be for having been forgotten.
type Retention struct {
	Parked    Term // events that nobody took in, since they came
	Writes    Term // that have come to an end, since then
	Decisions Term // what decisions read, since they were made
	Prospects Term // with their calls, since the last contact and the end of their campaigns
	Access    Term // the access log: who signed in when from where
}

// Term is a length of time on the calendar.
type Term struct {
	years, months, days int
	hours               time.Duration
}

// Before is the moment a term before now: what is older has outlived it.
func (t Term) Before(now time.Time) time.Time {
	return now.AddDate(-t.years, -t.months, -t.days).Add(-t.hours)
}

var termPattern = regexp.MustCompile(`^([1-9][0-9]{0,3}) ?(h|d|mo|y)$`)

// DecodeText reads a term, like 90d.
func (t *Term) DecodeText(text, _ string) error {
	m := termPattern.FindStringSubmatch(text)
	if m == nil {
		return errors.New("must be a number of hours, days, months or years, like 12h, 30d, 12mo or 3y")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return err
	}
	*t = Term{}
	switch m[2] {
	case "h":
		t.hours = time.Duration(n) * time.Hour
	case "d":
		t.days = n
	case "mo":
		t.months = n
	case "y":
		t.years = n
	}
	return nil
}

type retentionFile struct {
	ParkedEvents Term `yaml:"parked_events"`
	Writes       Term `yaml:"writes"`
	Decisions    Term `yaml:"decisions"`
	Prospects    Term `yaml:"prospects"`
	Access       Term `yaml:"access"`
}

func defaultRetention() retentionFile {
	return retentionFile{ParkedEvents: Term{days: 30}, Writes: Term{days: 7}, Decisions: Term{days: 90}, Prospects: Term{years: 3}, Access: Term{months: 12}}
}

func (r retentionFile) retention() Retention {
	return Retention{Parked: r.ParkedEvents, Writes: r.Writes, Decisions: r.Decisions, Prospects: r.Prospects, Access: r.Access}
}
