package desk

import (
	"cmp"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// OnLine is a lead on somebody's line.
type OnLine struct {
	Lead   bridge.Lead
	Person bridge.PersonID
	Since  time.Time // zero where nobody knows
	Until  time.Time // it goes back then if nothing is heard of it
}

// OnLines are the leads on people's lines that the actor supervises, the longest
// there first.
func (d *Desk) OnLines(actor bridge.Actor) (out []OnLine, err error) {
	err = d.look(actor, func(c *command) error {
		for key := range leases.Scan(c.tx, "", "") {
			l, p, err := c.load(bridge.LeadID(key[8:]))
			if err != nil {
				return err
			}
			if !c.onLine(l) || !c.Policy.Allows(c.who, policy.Write, bridge.CampaignObj, c.record(l, p)) {
				continue
			}
			on := OnLine{Lead: l, Person: l.Lease.Person, Until: l.Lease.Until.Add(c.opts.Jumped())}
			for _, s := range c.givenTo(l) {
				on.Since = s.At
			}
			out = append(out, on)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b OnLine) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Person, b.Person)) })
	return out, err
}

// givenTo are the cards of a lead that its holder was handed.
func (c *command) givenTo(l bridge.Lead) (out []Shown) {
	_ = shown.Each(c.tx, string(l.ID)+"\x00", "", func(_ string, s Shown) (bool, error) {
		if s.To == l.Lease.Person {
			out = append(out, s)
		}
		return true, nil
	})
	return out
}

// overdueLooked bounds how many leads of one queue are looked at for a callback.
const overdueLooked = 200

// Overdue is the callback that has waited the longest beyond its hour, of the
// leads that the actor supervises, and false if none does.
func (d *Desk) Overdue(actor bridge.Actor) (oldest bridge.Lead, found bool, err error) {
	err = d.look(actor, func(c *command) error {
		for _, camp := range c.Campaigns {
			scope := policy.Record{Team: camp.Team, CampaignTeam: camp.Team, Principal: camp.Principal, CRM: camp.CRM}
			if !c.Policy.Allows(c.who, policy.Write, bridge.CampaignObj, scope) {
				continue
			}
			for _, assignee := range c.assigneesOn(camp.ID, inQueue) {
				l, ok, err := c.overdueIn(camp.ID, assignee)
				if err != nil {
					return err
				}
				if ok && (!found || l.NextAt.Before(oldest.NextAt)) {
					oldest, found = l, true
				}
			}
		}
		return nil
	})
	return oldest, found, err
}

// assigneesOn are those who have leads on a shelf of a campaign, the pool ("")
// among them.
func (c *command) assigneesOn(id bridge.CampaignID, s shelf) (out []bridge.PersonID) {
	prefix, from := shelfPrefix(id, s), ""
	for {
		key, ok := first(c.tx, list, prefix, from)
		if !ok {
			return out
		}
		who := bridge.PersonID(upTo(key[len(prefix):]))
		out = append(out, who)
		from = prefix + string(who) + "\x01"
	}
}

func upTo(key string) string {
	for i := range len(key) {
		if key[i] == 0 {
			return key[:i]
		}
	}
	return key
}

// overdueIn is the oldest callback of a queue whose hour is past.
func (c *command) overdueIn(id bridge.CampaignID, assignee bridge.PersonID) (bridge.Lead, bool, error) {
	prefix := shelfPrefix(id, inQueue, assignee)
	from, looked := prefix+due(time.UnixMicro(1)), 0 // behind those that were never called
	for key := range list.Scan(c.tx, prefix, from) {
		if looked++; looked > overdueLooked || key[len(prefix):len(prefix)+8] > due(c.now) {
			break
		}
		l, err := c.lead(listed(key))
		if err != nil {
			return l, false, err
		}
		if info, ok := l.Last.Info(); ok && info.Class == bridge.ClassScheduled {
			return l, true, nil
		}
	}
	return bridge.Lead{}, false, nil
}
