package desk

import (
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
// statistics the actor may see. It reads each of their calls: hours, or a day.
func (d *Desk) Figures(actor bridge.Actor, from, to time.Time) (map[bridge.PersonID]Tally, error) {
	out := map[bridge.PersonID]Tally{}
	err := d.look(actor, func(c *command) error {
		visible := map[bridge.PersonID]bool{}
		for key, value := range tallies.Scan(c.tx, "", due(from)) {
			if key >= due(to) {
				break
			}
			who := bridge.PersonID(upTo(string(value)))
			if _, asked := visible[who]; !asked {
				person, _ := c.Person(who)
				visible[who] = c.Policy.Counts(c.who, who, person.Team)
			}
			if !visible[who] {
				continue
			}
			o, ok, err := outcomes.Get(c.tx, key[8:])
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if out[who] == nil {
				out[who] = Tally{}
			}
			out[who][o.Disposition]++
		}
		return nil
	})
	return out, err
}
