package desk

import (
	"iter"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

var (
	// list holds every lead where its filters find it: campaign, shelf,
	// assignee, due time, lead. The shelf of those that may be handed out here is
	// the queue.
	list = store.NewRaw("desk.list")
	// lines holds who has which lead on their line: person, campaign, lead.
	lines = store.NewRaw("desk.lines")
)

// shelf is where a lead stands in the list.
type shelf byte

// The shelves. A waiting lead that a platform holds, or that is still on
// somebody's line, stands beside the queue.
const (
	inQueue shelf = '0' + iota
	besideQueue
	onALine
	withSupervisor
	isFinished
	isClosed
	isWithdrawn
)

var shelves = map[bridge.LeadState][]shelf{
	bridge.LeadWaiting:   {inQueue, besideQueue},
	bridge.LeadLeased:    {onALine},
	bridge.LeadPending:   {withSupervisor},
	bridge.LeadFinished:  {isFinished},
	bridge.LeadClosed:    {isClosed},
	bridge.LeadWithdrawn: {isWithdrawn},
}

// shelvesOf are the shelves of a state, all of them for "".
func shelvesOf(state bridge.LeadState) []shelf {
	if state != "" {
		return shelves[state]
	}
	var all []shelf
	for _, s := range bridge.LeadStates() {
		all = append(all, shelves[s]...)
	}
	return all
}

func shelfOf(l bridge.Lead) shelf {
	if l.State == bridge.LeadWaiting && !queued(l) {
		return besideQueue
	}
	return shelves[l.State][0]
}

// shelfPrefix is what the keys of a shelf begin with; assignee narrows it.
func shelfPrefix(campaign bridge.CampaignID, s shelf, assignee ...bridge.PersonID) string {
	prefix := string(campaign) + "\x00" + string(s)
	for _, a := range assignee {
		prefix += string(a) + "\x00"
	}
	return prefix
}

func listKey(l bridge.Lead) string {
	return shelfPrefix(l.Campaign, shelfOf(l), l.Assignee) + due(l.NextAt) + string(l.ID)
}

// listed is the lead of a key of the list.
func listed(key string) bridge.LeadID {
	_, rest, _ := strings.Cut(key, "\x00")
	_, rest, _ = strings.Cut(rest, "\x00")
	return bridge.LeadID(rest[min(8, len(rest)):])
}

func linePrefix(person bridge.PersonID, campaign bridge.CampaignID) string {
	return string(person) + "\x00" + string(campaign) + "\x00"
}

func lineKey(l bridge.Lead) string {
	return linePrefix(l.Lease.Person, l.Campaign) + string(l.ID)
}

// onLineOf lists the leads of a campaign that somebody has, or had until their
// lease ended, on their line.
func (c *command) onLineOf(person bridge.PersonID, campaign bridge.CampaignID) []string {
	return suffixes(c.tx, lines, linePrefix(person, campaign))
}

// campaigns lists those that have leads, also such as the config does not know
// any more.
func (c *command) campaigns() (out []bridge.CampaignID) {
	from := ""
	for {
		key, ok := first(c.tx, list, "", from)
		if !ok {
			return out
		}
		campaign, _, _ := strings.Cut(key, "\x00")
		out = append(out, bridge.CampaignID(campaign))
		from = campaign + "\x01"
	}
}

// scan ranges over the list's keys at the places, behind the key after.
func (c *command) scan(places []string, after string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, place := range places {
			for key := range list.Scan(c.tx, place, after) {
				if key != after && !yield(key) {
					return
				}
			}
		}
	}
}

// first is an index's first key that begins with prefix, from `from` on.
func first(tx *store.Tx, index store.Raw, prefix, from string) (string, bool) {
	for key := range index.Scan(tx, prefix, from) {
		return key, true
	}
	return "", false
}

// places are the parts of the list that hold the leads of a choice, in order
// and without overlap: prefixes of keys.
func (c *command) places(choice Choice) []string {
	return c.placesFor(choice, func(bridge.CampaignID) bool { return true })
}

func (c *command) placesFor(choice Choice, others func(bridge.CampaignID) bool) (out []string) {
	campaigns := []bridge.CampaignID{choice.Campaign}
	if choice.Campaign == "" {
		campaigns = c.campaigns()
	}
	for _, campaign := range campaigns {
		wanted := choice.assignees()
		if !others(campaign) {
			if len(wanted) == 0 || wanted[0] == c.who.Person {
				wanted = []bridge.PersonID{c.who.Person}
			} else {
				wanted = nil
			}
			out = append(out, c.placesOnLine(campaign)...)
			if wanted == nil {
				continue
			}
		}
		for _, s := range shelvesOf(choice.State) {
			out = append(out, shelfPrefix(campaign, s, wanted...))
		}
	}
	slices.Sort(out)
	return slices.CompactFunc(out, func(a, b string) bool { return strings.HasPrefix(b, a) })
}

// placesOnLine are those of the leads that the actor has on their line.
func (c *command) placesOnLine(campaign bridge.CampaignID) (out []string) {
	for _, id := range c.onLineOf(c.who.Person, campaign) {
		if l, err := c.lead(bridge.LeadID(id)); err == nil {
			out = append(out, listKey(l))
		}
	}
	return out
}

// knowsOthers says whether the actor may know of leads of the campaign that are
// neither assigned nor handed to them.
func (c *command) knowsOthers(id bridge.CampaignID) bool {
	if c.Policy.Reaches(c.who, policy.Read, bridge.ProspectObj) {
		return true
	}
	camp := c.campaign(id)
	// A record in several scopes is open only if it is in one of them alone.
	for _, r := range []policy.Record{
		{}, {Owner: c.who.Person}, {Team: c.who.Team}, {Territory: c.who.Territory},
		{CampaignTeam: camp.Team}, {Principal: camp.Principal},
	} {
		if c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, r) {
			return true
		}
	}
	return false
}

// assignees are whom a choice names: none for anybody.
func (ch Choice) assignees() []bridge.PersonID {
	switch ch.Assignee {
	case "":
		return nil
	case Pool:
		return []bridge.PersonID{""}
	}
	return []bridge.PersonID{bridge.PersonID(ch.Assignee)}
}

// relist moves a lead in the list and among the lines; was is nil for a new one.
func (c *command) relist(was *bridge.Lead, l bridge.Lead) error {
	var from, fromLine string
	if was != nil {
		from = listKey(*was)
		if was.Lease != nil {
			fromLine = lineKey(*was)
		}
	}
	toLine := ""
	if l.Lease != nil {
		toLine = lineKey(l)
	}
	if err := c.shift(list, from, listKey(l)); err != nil {
		return err
	}
	return c.shift(lines, fromLine, toLine)
}

// shift moves an index's key; "" is none.
func (c *command) shift(index store.Raw, from, to string) error {
	if from == to {
		return nil
	}
	if from != "" {
		if err := index.Delete(c.tx, from); err != nil {
			return err
		}
	}
	if to == "" {
		return nil
	}
	return index.Put(c.tx, to, nil)
}

// listMigrations make the list out of what earlier versions kept.
func listMigrations() []store.Migration {
	former := []store.Raw{store.NewRaw("desk.queue"), store.NewRaw("desk.by_campaign"), store.NewRaw("desk.by_assignee")}
	return []store.Migration{
		{To: 2, Name: "desk: the list of leads", Step: leads.Walk(func(tx *store.Tx, _ string, l bridge.Lead) error {
			return (&command{tx: tx}).relist(nil, l)
		})},
		{To: 2, Name: "desk: indexes that the list replaces", Step: func(tx *store.Tx, _ string) (string, error) {
			for _, index := range former {
				if err := index.Drop(tx); err != nil {
					return "", err
				}
			}
			return "", nil
		}},
		{To: 2, Name: "desk: prospects in a compact form", Step: store.NewTable[bridge.Prospect]("desk.prospects").Walk(prospects.Put)},
	}
}
