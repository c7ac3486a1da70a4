package desk

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// tallies hold what statistics count of each call, in the order of time: when it
// was made and the outcome's id; its author, campaign and what it came to, with
// the disposition last, which earlier ones lack. A call that is erased is no
// longer counted.
var tallies = store.NewRaw("desk.tallies")

func tallyKey(o bridge.Outcome) string { return due(o.At) + string(o.ID) }

// tally enters a call, or what became of it.
func (c *command) tally(o bridge.Outcome) error { return enter(c.tx, o) }

func enter(tx *store.Tx, o bridge.Outcome) error {
	came := ""
	if o.Disposition.Reached() {
		came += "c"
	}
	if o.Disposition == bridge.DispAppointmentSet {
		came += "a"
	}
	if o.Disposition == bridge.DispTest {
		return tallies.Delete(tx, tallyKey(o))
	}
	return tallies.Put(tx, tallyKey(o), []byte(string(o.Author)+"\x00"+string(o.Campaign)+"\x00"+came+"\x00"+string(o.Disposition)))
}

// Count is what somebody did in a day.
type Count struct {
	Person       bridge.PersonID
	Day          string // 2006-01-02, in the desk's zone
	Calls        int
	Contacts     int // calls that reached the person
	Appointments int // that they set; a supervisor may have rejected it
}

// Period is days, both included, and what is counted of them.
type Period struct {
	From, To string            // 2006-01-02, in the desk's zone
	Campaign bridge.CampaignID // "": all
}

// longestPeriod bounds what one question looks at, in days.
const longestPeriod = 92

// Statistics are calls, contacts and appointments by day and person.
type Statistics struct {
	Visible policy.Scope // whose they are: own, team or all
	Zone    string       // of the days
	Counts  []Count      // by day, then person
}

// Statistics counts the calls of a period, of those whose statistics the actor
// may see.
func (d *Desk) Statistics(actor bridge.Actor, p Period) (Statistics, error) {
	out := Statistics{Zone: d.zone.String()}
	from, to, err := d.days(p)
	if err != nil {
		return out, err
	}
	err = d.look(actor, func(c *command) error {
		if out.Visible = c.Policy.Statistics(c.who); out.Visible == "" {
			return &Denied{What: phrase{"see statistics", "voir les statistiques"}, Why: c.noStatistics()}
		}
		out.Counts = c.count(p.Campaign, from, to)
		return nil
	})
	return out, err
}

func (c *command) noStatistics() phrase {
	if c.role == "" {
		return phrase{"you have no role", "vous n'avez pas de rôle"}
	}
	return phrase{
		"role {role} has no statistics: own, team or all in the policy",
		"le rôle {role} n'a pas de statistics: own, team ou all dans les règles",
	}.With("{role}", c.role)
}

// days are the moments at which a period begins and ends.
func (d *Desk) days(p Period) (from, to time.Time, err error) {
	if from, err = time.ParseInLocation(time.DateOnly, p.From, d.zone); err != nil {
		return from, to, &Invalid{"from", notADay}
	}
	if to, err = time.ParseInLocation(time.DateOnly, p.To, d.zone); err != nil {
		return from, to, &Invalid{"to", notADay}
	}
	switch {
	case to.Before(from):
		return from, to, &Invalid{"to", phrase{"it lies before from", "ce jour vient avant from"}}
	case to.After(from.AddDate(0, 0, longestPeriod-1)):
		return from, to, &Invalid{"to", phrase{"{n} days at most: ask for parts", "{n} jours au plus : demandez par parties"}.With("{n}", longestPeriod)}
	}
	return from, to.AddDate(0, 0, 1), nil
}

func (c *command) count(campaign bridge.CampaignID, from, to time.Time) []Count {
	type cell struct {
		day    string
		person bridge.PersonID
	}
	cells, visible := map[cell]*Count{}, map[bridge.PersonID]bool{}
	end := due(to)
	for key, value := range tallies.Scan(c.tx, "", due(from)) {
		if key >= end {
			break
		}
		parts := strings.SplitN(string(value), "\x00", 4)
		author := bridge.PersonID(parts[0])
		if _, asked := visible[author]; !asked {
			person, _ := c.Person(author)
			visible[author] = c.Policy.Counts(c.who, author, person.Team)
		}
		if !visible[author] || campaign != "" && parts[1] != string(campaign) {
			continue
		}
		at := cell{dueTime(key).In(c.zone).Format(time.DateOnly), author}
		if cells[at] == nil {
			cells[at] = &Count{Person: author, Day: at.day}
		}
		cells[at].add(parts[2])
	}
	out := make([]Count, 0, len(cells))
	for _, n := range cells {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Person, b.Person)) })
	return out
}

func (n *Count) add(came string) {
	n.Calls++
	n.Contacts += strings.Count(came, "c")
	n.Appointments += strings.Count(came, "a")
}
