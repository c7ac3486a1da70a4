package desk

import (
	"context"
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"sync"

	"passerelle/internal/bridge"
	"passerelle/internal/desk/sight"
	"passerelle/internal/policy"
)

// sights keeps the index of who may know of which lead.
type sights struct {
	surveying sync.Mutex

	mu      sync.Mutex
	index   *sight.Index         // nil until there is a whole one
	reading bool                 // the next one
	missed  []func(*sight.Index) // what has changed since that began
}

func (s *sights) now() *sight.Index {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index
}

// tell tells the index, and the one that is being read, of a change.
func (s *sights) tell(change func(*sight.Index)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading {
		s.missed = append(s.missed, change)
	}
	if s.index != nil {
		change(s.index)
	}
}

func (s *sights) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading, s.missed = true, nil
}

// end puts the new index in the old one's place; nil leaves it.
func (s *sights) end(index *sight.Index) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if index != nil {
		for _, change := range s.missed {
			change(index)
		}
		s.index = index
	}
	s.reading, s.missed = false, nil
}

// surveyedAtOnce is how many leads of a survey one snapshot is kept open for.
const surveyedAtOnce = 5000

// usualGround are fields that territories are often told by: a policy that
// begins to needs no new survey.
var usualGround = []bridge.FieldName{bridge.FieldTerritory, "prospect.postal_code", "prospect.country"}

// Survey reads all leads into the index of who may know of which, if the rules
// need one and there is none yet that serves them. Until then pages are found by
// looking at leads one by one.
func (d *Desk) Survey(ctx context.Context) error {
	d.sights.surveying.Lock()
	defer d.sights.surveying.Unlock()
	fields := d.rules.Load().Policy.TerritoryFields()
	if x := d.sights.now(); x != nil && x.Tells(fields) && !x.Outgrown() || !sightNeeded(d.rules.Load().Policy) {
		return nil
	}
	for _, name := range usualGround {
		if !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	d.sights.begin()
	index, err := d.survey(ctx, sight.New(fields))
	d.sights.end(index)
	return err
}

func (d *Desk) survey(ctx context.Context, x *sight.Index) (*sight.Index, error) {
	for after, more := "", true; more; {
		err := d.look(bridge.Actor{Operator: true}, func(c *command) (err error) {
			after, more, err = c.survey(x, after)
			return err
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
	}
	x.Settle()
	return x, nil
}

// survey reads the leads behind the one named after, some at a time.
func (c *command) survey(x *sight.Index, after string) (last string, more bool, err error) {
	n := 0
	err = leads.Each(c.tx, "", after, func(key string, l bridge.Lead) (bool, error) {
		if key == after {
			return true, nil
		}
		if n++; n > surveyedAtOnce {
			more = true
			return false, nil
		}
		last = key
		p, _, err := prospects.Get(c.tx, l.Prospect.Key())
		x.Load(sightOf(l), prospectSight(x, l.Prospect, p.Fields))
		return true, err
	})
	return last, more, err
}

// sightNeeded says whether somebody may know of leads that neither their
// assignee nor their campaign tells of.
func sightNeeded(p *policy.Policy) bool {
	return slices.ContainsFunc(p.Paths(), func(path policy.Path) bool {
		who := policy.Subject{Person: "anybody", Team: "any", Territory: "any", Connection: path.Connection, Profile: path.Profile}
		may := func(r policy.Record) bool { return p.Allows(who, policy.Read, bridge.ProspectObj, r) }
		return !may(policy.Record{}) && (p.Reaches(who, policy.Read, bridge.ProspectObj) ||
			may(policy.Record{Owner: who.Person}) || may(policy.Record{Team: who.Team}) || may(policy.Record{Territory: who.Territory}))
	})
}

// sighted tells the index of a lead once it is kept.
func (c *command) sighted(l bridge.Lead) {
	c.tx.OnCommit(func() { c.sights.tell(func(x *sight.Index) { x.SetLead(sightOf(l)) }) })
}

// prospectSighted tells the index of a lead's prospect once it is kept.
func (c *command) prospectSighted(id bridge.LeadID, p bridge.Prospect) {
	c.tx.OnCommit(func() {
		c.sights.tell(func(x *sight.Index) { x.SetProspect(id, prospectSight(x, p.Ref, p.Fields)) })
	})
}

// outOfSight takes a lead out of the index once it is gone.
func (c *command) outOfSight(id bridge.LeadID) {
	c.tx.OnCommit(func() { c.sights.tell(func(x *sight.Index) { x.Remove(id) }) })
}

func sightOf(l bridge.Lead) sight.Lead {
	out := sight.Lead{Place: placeOf(l), Campaign: l.Campaign, Team: l.Team}
	if l.Lease != nil {
		out.Line = l.Lease.Person
	}
	return out
}

func placeOf(l bridge.Lead) sight.Place {
	return sight.Place{Shelf: byte(shelfOf(l)), Assignee: l.Assignee, Due: binary.BigEndian.Uint64([]byte(due(l.NextAt))), Lead: l.ID}
}

func prospectSight(x *sight.Index, ref bridge.Ref, fields map[bridge.FieldName]bridge.Value) sight.Prospect {
	return sight.Prospect{Owner: sight.Owner{CRM: ref.Connection, User: fields[bridge.FieldOwner]}, Ground: x.GroundOf(fields)}
}

// keyOf is the list's key of a place.
func keyOf(campaign bridge.CampaignID, p sight.Place) string {
	return shelfPrefix(campaign, shelf(p.Shelf), p.Assignee) + string(binary.BigEndian.AppendUint64(nil, p.Due)) + string(p.Lead)
}

// placeAt is the place that a key of the list says; false if it is none of the
// campaign's.
func placeAt(campaign bridge.CampaignID, key string) (out sight.Place, ok bool) {
	rest, ok := strings.CutPrefix(key, string(campaign)+"\x00")
	if !ok || rest == "" {
		return out, false
	}
	assignee, rest, ok := strings.Cut(rest[1:], "\x00")
	if !ok || len(rest) < 8 {
		return out, false
	}
	return sight.Place{
		Shelf: key[len(campaign)+1], Assignee: bridge.PersonID(assignee),
		Due: binary.BigEndian.Uint64([]byte(rest[:8])), Lead: bridge.LeadID(rest[8:]),
	}, true
}

// perhaps ranges over the list's keys, behind the page's, of the leads of a choice
// that the actor may know of, with others among them: nobody else's where their
// scope ends at what is theirs, all of a campaign that they see whole, and else
// what the index of sights has.
func (c *command) perhaps(choice Choice, page Page) iter.Seq[string] {
	campaigns := []bridge.CampaignID{choice.Campaign}
	if choice.Campaign == "" {
		campaigns = c.campaigns()
	}
	index := c.sights.now()
	if index != nil && !index.Tells(c.Policy.TerritoryFields()) {
		index = nil
	}
	return func(yield func(string) bool) {
		for _, campaign := range campaigns {
			if page.After > string(campaign)+"\x01" {
				continue
			}
			of := choice
			of.Campaign = campaign
			keys := c.scan(c.placesFor(of, c.knowsOthers), page.After)
			if index != nil && c.knowsOthers(campaign) && !c.knowsAll(campaign) {
				keys = c.inSight(index, of, page)
			}
			for key := range keys {
				if !yield(key) {
					return
				}
			}
		}
	}
}

// knowsAll says whether the actor may know of every lead of the campaign.
func (c *command) knowsAll(id bridge.CampaignID) bool {
	camp := c.campaign(id)
	return c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, policy.Record{CampaignTeam: camp.Team, Principal: camp.Principal})
}

// inSight ranges over the list's keys of the leads of a choice, of one campaign,
// that the index has for the actor.
func (c *command) inSight(index *sight.Index, choice Choice, page Page) iter.Seq[string] {
	return func(yield func(string) bool) {
		want := sight.Choice{Campaign: choice.Campaign}
		for _, s := range shelvesOf(choice.State) {
			want.Shelves = append(want.Shelves, byte(s))
		}
		if who := choice.assignees(); len(who) > 0 {
			want.Assignee = &who[0]
		}
		if at, ok := placeAt(choice.Campaign, page.After); ok {
			want.After = &at
		}
		limit := page.limit() + 1 // the one that says that there are more
		for mine := c.sight(); ; {
			found := index.Find(mine, want, limit)
			for _, at := range found {
				if !yield(keyOf(choice.Campaign, at)) {
					return
				}
			}
			if len(found) < limit {
				return
			}
			want.After = &found[limit-1]
		}
	}
}

// sight is what the actor may know of, one property of a lead at a time: a
// record in several scopes is open only if it is in one of them alone.
func (c *command) sight() sight.Sight {
	may := func(r policy.Record) bool { return c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, r) }
	own, others := may(policy.Record{Owner: c.who.Person}), c.Policy.Reaches(c.who, policy.Read, bridge.ProspectObj)
	out := sight.Sight{
		Owner: func(id bridge.PersonID) bool {
			if id == c.who.Person {
				return own
			}
			return others && may(policy.Record{Owner: id})
		},
		Team: func(team string) bool { return may(policy.Record{Team: team}) },
		Rules: sight.Rules{By: c.Rules, Who: func(o sight.Owner) bridge.PersonID {
			return c.ownerIn(o.CRM, o.User)
		}, Where: c.Policy.Territory},
	}
	if may(policy.Record{Assignee: c.who.Person}) {
		out.Person = c.who.Person
	}
	if may(policy.Record{Territory: c.who.Territory}) {
		out.Territory = c.who.Territory
	}
	return out
}
