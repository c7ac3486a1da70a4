package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/policy"
)

// way is somebody as they come through a connection: that gives them their role.
type way struct{ Value, Name, Role string }

// ways are those of everybody about whom the reader may ask, by role and name.
func (v *visit) ways() (out []way) {
	rules := v.opts.Desk.Rules().Policy
	who := policy.SubjectOf(v.actor)
	for _, p := range v.opts.People() {
		about := policy.Record{Team: p.Team, CampaignTeam: p.Team}
		if p.ID != v.actor.Person.ID && !rules.Allows(who, policy.Read, bridge.Report, about) {
			continue
		}
		for c, login := range p.Phoning {
			one := way{Value: string(p.ID) + " " + string(c), Name: cmp.Or(p.Name, string(p.ID)), Role: v.look.words.text("people.no_role")}
			if role, ok := rules.RoleOf(c, login.Profile); ok {
				one.Role = rules.Title(role)
			}
			if len(p.Phoning) > 1 {
				one.Name += " (" + string(c) + ")"
			}
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b way) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	return out
}

// through takes the value of a way apart.
func through(value string) (bridge.PersonID, bridge.ConnectionName) {
	person, connection, _ := strings.Cut(value, " ")
	return bridge.PersonID(person), bridge.ConnectionName(connection)
}

type known struct{ ID, Name string }

// leadsKnown are some of the leads that the reader may know of, by name, to choose
// from; any other may be named by its id.
func (v *visit) leadsKnown() (out []known, err error) {
	found, _, err := v.opts.Desk.Leads(v.actor, desk.Choice{}, desk.Page{Cards: true, Limit: 200})
	for _, l := range found {
		out = append(out, known{string(l.Lead.ID), cmp.Or(whole(headOf(l.Card.Fields)), string(l.Lead.ID))})
	}
	slices.SortStableFunc(out, func(a, b known) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}

type explainPage struct {
	Ways             []way
	As, Can, On      string
	Lead             string
	Leads            []known
	Must             bool // a lead must be named
	Actions          []policy.Action
	Objects, Fields  []choiceOf
	Asked            bool
	Allowed          bool
	Text             string
	Considered       []consideredRow
	Role, PolicyHash string
}

// consideredRow is a rule that was looked at, in the order of precedence.
type consideredRow struct {
	Rule, At                     string
	Deny, Holds, Opened, Decided bool
}

// explain says why somebody may or may not do something.
func (c *Console) explain(v *visit) error {
	q := v.r.URL.Query()
	page := explainPage{
		Ways: v.ways(), As: q.Get("as"), Can: cmp.Or(q.Get("can"), string(policy.Read)), On: q.Get("on"), Lead: strings.TrimSpace(q.Get("lead")),
		Actions: policy.Actions(),
	}
	for _, row := range v.opts.Desk.Rules().Policy.Matrix().Rows {
		if row.Field == "" {
			page.Objects = append(page.Objects, choiceOf{string(row.Object), row.Label(v.look.lang)})
		} else {
			page.Fields = append(page.Fields, choiceOf{string(row.Field), row.FullLabel(v.look.lang)})
		}
	}
	var err error
	if page.Leads, err = v.leadsKnown(); err != nil {
		return err
	}
	if page.As == "" || page.On == "" {
		return v.show(http.StatusOK, "explain", page)
	}
	if err := v.explained(&page); err != nil {
		status, text, known := v.wrong(err)
		if !known {
			return err
		}
		return v.showWith(status, "explain", &notice{"wrong", text}, page)
	}
	return v.show(http.StatusOK, "explain", page)
}

func (v *visit) explained(page *explainPage) error {
	target := policy.OnObject(bridge.Object(page.On))
	if strings.Contains(page.On, ".") {
		target = policy.OnField(bridge.FieldName(page.On))
	}
	who, via := through(page.As)
	e, err := v.opts.Desk.Explain(v.actor, desk.Question{
		As: who, Connection: via, Action: policy.Action(page.Can), Target: target, Lead: bridge.LeadID(page.Lead),
	})
	if err != nil {
		return err
	}
	rules := v.opts.Desk.Rules().Policy
	page.Asked, page.Allowed, page.Text, page.Role = true, e.Allowed, e.Text(v.look.lang), rules.Title(e.Role)
	page.PolicyHash = rules.Hash()
	for _, c := range e.Considered {
		page.Considered = append(page.Considered, consideredRow{
			Rule: c.Rule, At: c.Pos.String(), Deny: c.Deny, Holds: c.Holds, Opened: c.Opened, Decided: c.Decided,
		})
	}
	return nil
}
