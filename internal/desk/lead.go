package desk

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Shown is what a card that left us showed of the fields that may come back:
// what a change is measured against.
type Shown struct {
	ReadAt time.Time                         `json:"read_at"`
	Fields map[bridge.FieldName]bridge.Value `json:"fields,omitempty"`
	To     bridge.PersonID                   `json:"to,omitempty"` // "" is whoever works the platform's list
	At     time.Time                         `json:"at,omitzero"`  // when it left
	Used   bool                              `json:"used,omitempty"`
}

// cardGood is how long after a hand-out its caller may still report the call,
// if the lease was too short for it.
const cardGood = 24 * time.Hour

var (
	keys      = store.NewRaw("desk.keys")
	leads     = store.NewTable[bridge.Lead]("desk.leads")
	outcomes  = store.NewTable[bridge.Outcome]("desk.outcomes")
	proposals = store.NewTable[bridge.Proposal]("desk.proposals")
	objected  = store.NewTable[calling.Oppositions]("desk.oppositions")
	shown     = store.NewTable[Shown]("desk.shown")
	// events keeps what was answered to each event: the same one again gets
	// the same answer.
	events = store.NewTable[Receipt]("desk.events")

	// Indexes: what the name says, then the lead's id. Those that filters use are
	// in index.go.
	byProspect = store.NewRaw("desk.by_prospect")
	byNumber   = store.NewRaw("desk.by_number")
	byLead     = store.NewRaw("desk.outcomes_by_lead")
	byState    = store.NewRaw("desk.proposals_by_state")
	// proposalsOf finds a prospect's proposals.
	proposalsOf = store.NewRaw("desk.proposals_by_prospect")
	// eventsOf finds, by lead, the events that no outcome names: corrections,
	// and what amended a call.
	eventsOf = store.NewRaw("desk.events_by_lead")
	// leases holds when each lease ends.
	leases = store.NewRaw("desk.leases")
)

// Transitions of a lead are the arrows of STATES.md.
var LeadTransitions = map[bridge.LeadState][]bridge.LeadState{
	bridge.LeadWaiting:   {bridge.LeadLeased, bridge.LeadWaiting, bridge.LeadPending, bridge.LeadFinished, bridge.LeadClosed, bridge.LeadWithdrawn},
	bridge.LeadLeased:    {bridge.LeadWaiting, bridge.LeadLeased, bridge.LeadPending, bridge.LeadFinished, bridge.LeadClosed, bridge.LeadWithdrawn},
	bridge.LeadPending:   {bridge.LeadWaiting, bridge.LeadPending, bridge.LeadFinished, bridge.LeadClosed, bridge.LeadWithdrawn},
	bridge.LeadFinished:  {bridge.LeadFinished, bridge.LeadPending, bridge.LeadWaiting, bridge.LeadWithdrawn},
	bridge.LeadClosed:    {bridge.LeadClosed, bridge.LeadPending, bridge.LeadWaiting, bridge.LeadWithdrawn},
	bridge.LeadWithdrawn: {bridge.LeadWithdrawn, bridge.LeadWaiting, bridge.LeadPending, bridge.LeadFinished},
}

// LeadOf is the id of a prospect's lead in a campaign: the same each time.
func LeadOf(campaign bridge.CampaignID, prospect bridge.Ref) bridge.LeadID {
	sum := sha256.Sum256([]byte(string(campaign) + "\x00" + prospect.Key()))
	return bridge.LeadID(strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:20]))
}

// due is a time as a key that sorts. What was before 1970 is all the same to us.
func due(t time.Time) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(max(t.UnixMicro(), 0))))
}

// dueTime is the time that a key begins with.
func dueTime(key string) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64([]byte(key[:8]))))
}

func leaseKey(l bridge.Lead) string { return due(l.Lease.Until) + string(l.ID) }

// queued says whether a lead stands in the console's queue: what a platform
// holds, it hands out itself, and what is on somebody's line waits for them.
func queued(l bridge.Lead) bool {
	return l.State == bridge.LeadWaiting && len(l.HeldBy) == 0 && l.Lease == nil
}

// onLine says whether somebody has the lead on their line, whatever has become
// of it meanwhile.
func (c *command) onLine(l bridge.Lead) bool {
	return l.Lease != nil && c.steady().Before(l.Lease.Until)
}

// steady is now by the time that leases run by.
func (c *command) steady() time.Time { return c.now.Add(-c.opts.Jumped()) }

// keep writes a lead back, its indexes with it. was is the lead as it was read,
// nil for a new one.
func (c *command) keep(was *bridge.Lead, l bridge.Lead) error {
	if err := c.relist(was, l); err != nil {
		return err
	}
	c.sighted(l)
	if was == nil {
		if err := c.enter(l); err != nil {
			return err
		}
	} else {
		if !slices.Contains(LeadTransitions[was.State], l.State) {
			return fmt.Errorf("desk: lead %s cannot go from %s to %s", l.ID, was.State, l.State)
		}
		if err := c.reindex(*was, l); err != nil {
			return err
		}
		if was.State != l.State && (l.State == bridge.LeadWithdrawn || l.State == bridge.LeadClosed) {
			c.callBack(l)
		}
	}
	if l.Lease != nil {
		if err := leases.Put(c.tx, leaseKey(l), nil); err != nil {
			return err
		}
	}
	return leads.Put(c.tx, string(l.ID), l)
}

func (c *command) enter(l bridge.Lead) error {
	if err := byProspect.Put(c.tx, l.Prospect.Key()+"\x00"+string(l.ID), nil); err != nil {
		return err
	}
	return c.renumber(nil, l.Numbers, l.ID)
}

// delist takes a lead out of every list of those that wait or are called.
func (c *command) delist(l bridge.Lead) error {
	if l.Lease != nil {
		if err := leases.Delete(c.tx, leaseKey(l)); err != nil {
			return err
		}
		if err := lines.Delete(c.tx, lineKey(l)); err != nil {
			return err
		}
	}
	return list.Delete(c.tx, listKey(l))
}

func (c *command) reindex(was, l bridge.Lead) error {
	if was.Lease != nil && (l.Lease == nil || leaseKey(was) != leaseKey(l)) {
		if err := leases.Delete(c.tx, leaseKey(was)); err != nil {
			return err
		}
	}
	return c.renumber(was.Numbers, l.Numbers, l.ID)
}

func (c *command) renumber(from, to []string, id bridge.LeadID) error {
	if slices.Equal(from, to) {
		return nil
	}
	for _, n := range from {
		if err := byNumber.Delete(c.tx, n+"\x00"+string(id)); err != nil {
			return err
		}
	}
	for _, n := range to {
		if err := byNumber.Put(c.tx, n+"\x00"+string(id), nil); err != nil {
			return err
		}
	}
	return nil
}

// suffixes lists what comes behind the prefix in an index.
func suffixes(tx *store.Tx, index store.Raw, prefix string) []string {
	var out []string
	for k := range index.Scan(tx, prefix, "") {
		out = append(out, k[len(prefix):])
	}
	return out
}

func (c *command) lead(id bridge.LeadID) (bridge.Lead, error) {
	l, ok, err := leads.Get(c.tx, string(id))
	if err == nil && !ok {
		err = &NotFound{phrase{"lead", "de fiche"}, string(id)}
	}
	return l, err
}

// campaign finds the campaign of a lead; one that left the config is known by
// name only, and over.
func (c *command) campaign(id bridge.CampaignID) bridge.Campaign {
	if found, ok := c.Campaigns[id]; ok {
		return found
	}
	return bridge.Campaign{ID: id, Ends: c.now}
}

// owner is the person who owns the prospect in its CRM, "" if nobody we know.
func (c *command) owner(p bridge.Prospect) bridge.PersonID {
	return c.ownerIn(p.Ref.Connection, p.Fields[bridge.FieldOwner])
}

func (c *command) ownerIn(crm bridge.ConnectionName, user bridge.Value) bridge.PersonID {
	if user != "" && c.ByCRM != nil {
		if id, ok := c.ByCRM(crm, string(user)); ok {
			return id
		}
	}
	return ""
}

// record is what scopes on a lead's prospect are decided by.
func (c *command) record(l bridge.Lead, p bridge.Prospect) policy.Record {
	camp := c.campaign(l.Campaign)
	return policy.Record{
		Owner:        c.owner(p),
		Assignee:     l.Assignee,
		Handed:       c.onLine(l) && l.Lease.Person == c.who.Person,
		Team:         l.Team,
		CampaignTeam: camp.Team,
		Territory:    c.Policy.Territory(p.Fields),
		Principal:    camp.Principal,
		CRM:          l.Prospect.Connection,
	}
}

// load reads a lead and its prospect.
func (c *command) load(id bridge.LeadID) (bridge.Lead, bridge.Prospect, error) {
	l, err := c.lead(id)
	if err != nil {
		return l, bridge.Prospect{}, err
	}
	p, ok, err := prospects.Get(c.tx, l.Prospect.Key())
	if err == nil && !ok {
		p = bridge.Prospect{Ref: l.Prospect}
	}
	return l, p, err
}

// see reads a lead that the person may know of.
func (c *command) see(id bridge.LeadID) (bridge.Lead, bridge.Prospect, policy.Record, error) {
	l, p, err := c.load(id)
	if err != nil {
		return l, p, policy.Record{}, err
	}
	r := c.record(l, p)
	allowed := c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, r)
	c.viewing(allowed, l, r)
	if !allowed {
		return l, p, r, &NotFound{phrase{"lead", "de fiche"}, string(id)} // for them
	}
	return l, p, r, nil
}
