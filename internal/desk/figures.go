package desk

import (
	"strings"
	"time"

	"passerelle/internal/bridge"
)

// Tally counts calls by what they came to.
type Tally map[bridge.Disposition]int

// Calls says how many there were.
func (t Tally) Calls() (n int) {
	for _, k := range t {
		n += k
	}
	return n
}

// Contacts says how many reached the person.
func (t Tally) Contacts() (n int) {
	for disposition, k := range t {
		if disposition.Reached() {
			n += k
		}
	}
	return n
}

// Appointments says how many were asked for.
func (t Tally) Appointments() int { return t[bridge.DispAppointmentSet] }

// Figures are what calls came to between two moments, by person: of those whose
// statistics the actor may see. It looks at each of their calls: hours, or a day.
func (d *Desk) Figures(actor bridge.Actor, from, to time.Time) (map[bridge.PersonID]Tally, error) {
	out := map[bridge.PersonID]Tally{}
	err := d.look(actor, func(c *command) error {
		return c.eachCall(from, to, func(_ time.Time, who bridge.PersonID, came bridge.Disposition) {
			if out[who] == nil {
				out[who] = Tally{}
			}
			out[who][came]++
		})
	})
	return out, err
}

// Course is what calls came to between two moments, in so many parts of equal
// length: of those whose statistics the actor may see, all together.
func (d *Desk) Course(actor bridge.Actor, from, to time.Time, parts int) ([]Tally, error) {
	out := make([]Tally, parts)
	for i := range out {
		out[i] = Tally{}
	}
	err := d.look(actor, func(c *command) error {
		return c.eachCall(from, to, func(at time.Time, _ bridge.PersonID, came bridge.Disposition) {
			out[int(int64(parts)*int64(at.Sub(from))/int64(to.Sub(from)))][came]++
		})
	})
	return out, err
}

// eachCall gives visit the calls from one moment until before another, of those
// whose statistics the actor may see.
func (c *command) eachCall(from, to time.Time, visit func(time.Time, bridge.PersonID, bridge.Disposition)) error {
	visible := map[bridge.PersonID]bool{}
	end := due(to)
	for key, value := range tallies.Scan(c.tx, "", due(from)) {
		if key >= end {
			break
		}
		parts := strings.SplitN(string(value), "\x00", 4)
		who := bridge.PersonID(parts[0])
		if _, asked := visible[who]; !asked {
			person, _ := c.Person(who)
			visible[who] = c.Policy.Counts(c.who, who, person.Team)
		}
		if !visible[who] {
			continue
		}
		came, err := cameTo(c, key, parts)
		if err != nil {
			return err
		}
		visit(dueTime(key), who, came)
	}
	return nil
}

// cameTo is the disposition of a tally; an earlier one leaves it to the call.
func cameTo(c *command, key string, parts []string) (bridge.Disposition, error) {
	if len(parts) == 4 {
		return bridge.Disposition(parts[3]), nil
	}
	o, _, err := outcomes.Get(c.tx, key[8:])
	return o.Disposition, err
}
