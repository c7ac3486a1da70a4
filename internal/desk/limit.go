package desk

import (
	"slices"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Spent is a command that goes beyond what a person may do in an hour. Nothing
// of it is done.
type Spent struct {
	Limit  policy.Limit
	Wanted int       // records
	Left   int       // records that they may still do it to now
	Free   time.Time // when it may be given again; zero: it is more than an hour's
}

func (e *Spent) Error() string { return e.Said().String() }

var (
	tooManyAtOnce = phrase{"role {limit} ({pos}), and this is {n}: do it in parts", "le rôle {limit} ({pos}), et il s'agit de {n} : faites-le en plusieurs fois"}
	fewerLeft     = phrase{"role {limit} ({pos}): you have {left} left, and this is {n}", "le rôle {limit} ({pos}) : il vous en reste {left}, et il s'agit de {n}"}
)

// Said is the refusal in both languages.
func (e *Spent) Said() phrase {
	said := fewerLeft
	if e.Free.IsZero() {
		said = tooManyAtOnce
	}
	return said.With("{limit}", bilingual.Each(e.Limit.Text), "{pos}", e.Limit.Pos, "{left}", e.Left, "{n}", e.Wanted)
}

// spending is to how many records a person did a command, by the minute. What
// is older than an hour is dropped.
type spending struct {
	Minutes []spent `json:"minutes"`
}

type spent struct {
	Minute  int64 `json:"minute"` // since 1970
	Records int   `json:"records"`
}

// spendings are kept by person and command, so that a restart frees nobody.
var spendings = store.NewTable[spending]("desk.spendings")

func spendingKey(p bridge.PersonID, c policy.Command) string {
	return string(p) + "\x00" + string(c)
}

const hourOfMinutes = 60

func minuteOf(at time.Time) int64 { return at.Unix() / 60 }

// at drops what no longer counts. What was done within a minute counts until
// the last of it is an hour old.
func (s spending) at(minute int64) spending {
	return spending{slices.DeleteFunc(slices.Clone(s.Minutes), func(m spent) bool { return m.Minute+hourOfMinutes < minute })}
}

func (s spending) sum() (n int) {
	for _, m := range s.Minutes {
		n += m.Records
	}
	return n
}

// free is the first minute at which so many more fit.
func (s spending) free(minute int64, records, perHour int) int64 {
	s = s.at(minute)
	for s.sum()+records > perHour && len(s.Minutes) > 0 {
		minute = s.Minutes[0].Minute + hourOfMinutes + 1
		s = s.at(minute)
	}
	return minute
}

func (s spending) with(minute int64, records int) spending {
	if last := len(s.Minutes) - 1; last >= 0 && s.Minutes[last].Minute >= minute {
		s.Minutes[last].Records += records
		return s
	}
	return spending{append(s.Minutes, spent{minute, records})}
}

// spare refuses a command on so many records that goes beyond what the actor
// may do in an hour.
func (c *command) spare(what policy.Command, records int) error {
	_, err := c.spared(what, records)
	return err
}

func (c *command) spared(what policy.Command, records int) (spending, error) {
	limit, limited := c.Policy.Limit(c.who, what)
	if !limited || records == 0 {
		return spending{}, nil
	}
	s, _, err := spendings.Get(c.tx, spendingKey(c.who.Person, what))
	if err != nil {
		return s, err
	}
	now := minuteOf(c.now)
	s = s.at(now)
	if left := limit.PerHour - s.sum(); records > left {
		no := &Spent{Limit: limit, Wanted: records, Left: max(left, 0)}
		if records <= limit.PerHour {
			no.Free = time.Unix(s.free(now, records, limit.PerHour)*60, 0).UTC()
		}
		return s, no
	}
	return s, nil
}

// spend counts a command on so many records, or refuses it.
func (c *command) spend(what policy.Command, records int) error {
	s, err := c.spared(what, records)
	if _, limited := c.Policy.Limit(c.who, what); err != nil || !limited || records == 0 {
		return err
	}
	return spendings.Put(c.tx, spendingKey(c.who.Person, what), s.with(minuteOf(c.now), records))
}
