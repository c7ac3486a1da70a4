package desk

import (
	"context"
	"maps"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Seeing asks what somebody sees of a lead.
type Seeing struct {
	As         bridge.PersonID
	Connection bridge.ConnectionName // they come through
	Lead       bridge.LeadID
	InHand     bool // as if it were on their line
}

// SeenAs is a lead as somebody sees it, and what they may do with it. Of the
// values it holds only those that who asks may read too.
type SeenAs struct {
	View
	Role   bridge.Role // "": none, and no right
	Known  bool        // they may know of the lead; all that follows is empty else
	Script string
	// Withheld are fields of the card, and Unshown context fields, that they see and
	// who asks may not. Silenced counts the calls of which something is left out.
	Withheld []bridge.FieldName
	Unshown  []string
	Silenced int

	Write, Propose []bridge.FieldName
	May            []Deed
}

// Deed is something that people do with a lead.
type Deed string

// The deeds, as a call floor knows them.
const (
	DeedCall      Deed = "call"      // record a call
	DeedMeet      Deed = "meet"      // ask for an appointment
	DeedValidate  Deed = "validate"  // decide on appointments
	DeedSupervise Deed = "supervise" // reassign, close, correct
	DeedLift      Deed = "lift"      // lift an opposition
	DeedExport    Deed = "export"
)

// asDeed is what each deed asks of the policy.
var asDeed = []struct {
	Deed
	action policy.Action
	object bridge.Object
}{
	{DeedCall, policy.Create, bridge.Activity}, {DeedMeet, policy.Propose, bridge.Appointment},
	{DeedValidate, policy.Write, bridge.Appointment}, {DeedSupervise, policy.Write, bridge.CampaignObj},
	{DeedLift, policy.Delete, bridge.Activity}, {DeedExport, policy.Export, bridge.ProspectObj},
}

// Deeds lists them all.
func Deeds() (out []Deed) {
	for _, d := range asDeed {
		out = append(out, d.Deed)
	}
	return out
}

// SeeAs shows a lead as somebody sees it, for those who may have rights explained
// about that person and know of the lead themselves. The ledger says who looked.
func (d *Desk) SeeAs(ctx context.Context, actor bridge.Actor, q Seeing) (out SeenAs, err error) {
	err = d.run(ctx, actor, func(c *command) error {
		person, err := c.questioned(q.As)
		if err != nil {
			return err
		}
		l, p, mine, err := c.see(q.Lead)
		if err != nil {
			return err
		}
		as := c.inPlaceOf(bridge.Actor{Person: person, Connection: q.Connection})
		out = as.seen(l, p, q.InHand)
		out.keepTo(c.view(l, p, mine), c.Policy.Context(c.who.Connection, c.who.Profile))
		return c.note("see as", string(person.ID), slices.Collect(maps.Keys(out.Card.Fields)), l.Prospect.Key())
	})
	return out, err
}

// inPlaceOf is the command as another actor would have begun it.
func (c *command) inPlaceOf(other bridge.Actor) *command {
	out := &command{Desk: c.Desk, Rules: c.Rules, tx: c.tx, actor: other, who: policy.SubjectOf(other), now: c.now, happened: c.happened}
	out.role, _ = c.Policy.RoleOf(out.who.Connection, out.who.Profile)
	return out
}

func (c *command) seen(l bridge.Lead, p bridge.Prospect, inHand bool) SeenAs {
	scope := c.record(l, p)
	scope.Handed = scope.Handed || inHand
	out := SeenAs{Role: c.role, Known: c.Policy.Allows(c.who, policy.Read, bridge.ProspectObj, scope)}
	if !out.Known {
		return out
	}
	out.View = c.view(l, p, scope)
	if c.Policy.Allows(c.who, policy.Read, bridge.Script, scope) {
		out.Script = c.campaign(l.Campaign).Script
	}
	out.Write, out.Propose = c.changeable(l, scope)
	for _, d := range asDeed {
		about := scope
		if d.Deed == DeedCall || d.Deed == DeedMeet {
			about.Owner = c.who.Person // what somebody is about to make is their own
		}
		if c.Policy.Allows(c.who, d.action, d.object, about) {
			out.May = append(out.May, d.Deed)
		}
	}
	return out
}

// keepTo leaves of what somebody sees only what another reader of the lead sees
// as well, and says what it takes.
func (s *SeenAs) keepTo(mine View, context []string) {
	for name := range s.Card.Fields {
		if _, seen := mine.Card.Fields[name]; !seen {
			s.Withheld = append(s.Withheld, name)
			delete(s.Card.Fields, name)
		}
	}
	for name := range s.Card.Context {
		if !slices.Contains(context, name) {
			s.Unshown = append(s.Unshown, name)
			delete(s.Card.Context, name)
		}
	}
	slices.Sort(s.Withheld)
	slices.Sort(s.Unshown)
	if s.Lead.Last != mine.Lead.Last {
		s.Lead.Last = ""
	}
	s.keepCalls(mine.Outcomes)
}

// keepCalls leaves of the calls only what another reader sees of them as well.
func (s *SeenAs) keepCalls(mine []bridge.Outcome) {
	theirs := s.Outcomes
	s.Outcomes = []bridge.Outcome{}
	for _, o := range theirs {
		at := slices.IndexFunc(mine, func(m bridge.Outcome) bool { return m.ID == o.ID })
		if at < 0 {
			s.Silenced++
			continue
		}
		both := o
		if mine[at].Note == "" {
			both.Note = ""
		}
		if mine[at].Disposition == "" {
			both.Disposition, both.RawCode = "", ""
		}
		if mine[at].TalkS == 0 {
			both.TalkS = 0
		}
		if both.Note != o.Note || both.Disposition != o.Disposition || both.TalkS != o.TalkS {
			s.Silenced++
		}
		s.Outcomes = append(s.Outcomes, both)
	}
}
