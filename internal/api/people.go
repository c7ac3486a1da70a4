package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/identity/roster"
	"passerelle/internal/problem"
)

func (a *API) peopleRoutes() {
	post(a, "/v1/people/import", "Who joins, changes and leaves by a list of people; nothing is changed unless `apply` says so", a.importPeople)
}

type importPeopleRequest struct {
	Lang string `query:"lang" enum:"en,fr" default:"en" doc:"Of what is wrong with the list."`
	Body struct {
		CSV      string `json:"csv" doc:"The whole list. Columns: person (required), name, team, profile, connection, zone, territory, principal, ends (the first day on which they are gone), handover, and a CRM's connection for the user id there. Who does not stand in it leaves."`
		Apply    bool   `json:"apply,omitempty" doc:"Absent: nothing is changed."`
		AtMost   int    `json:"leavers_at_most,omitempty" minimum:"0" maximum:"100" default:"20" doc:"Percent of those who are active that may leave; a list by which more would is refused."`
		Handover string `json:"handover,omitempty" default:"pool" maxLength:"63" doc:"Of the leads of who leaves, where their line does not say: pool, later, or a person."`
	}
}

// staffed is what a list comes to.
type staffed struct {
	Applied bool              `json:"applied"`
	Changes []staffChange     `json:"changes"`
	Same    int               `json:"unchanged"`
	Written []bridge.PersonID `json:"of_config" doc:"They stand in the config, and are read-only here."`
	Closed  []bridge.PersonID `json:"closed,omitempty" doc:"Their account was closed by hand: a list does not open it."`
	Later   map[string]string `json:"leave_later,omitempty" doc:"Who leaves on a day to come: the list of that day lets them go."`
}

type staffChange struct {
	Line     int             `json:"line,omitempty" doc:"Absent: they do not stand in the list."`
	Person   bridge.PersonID `json:"person"`
	Kind     roster.Kind     `json:"kind" enum:"joins,moves,leaves,returns"`
	Text     string          `json:"text" doc:"The kind, in the reader's language."`
	What     []staffPart     `json:"what,omitempty"`
	Handover string          `json:"handover,omitempty" doc:"Where the leads go of who leaves."`
	Moved    int             `json:"moved,omitempty" doc:"How many leads did."`
	Kept     int             `json:"kept,omitempty" doc:"How many stayed."`
}

// staffPart is a part of a record that becomes another.
type staffPart struct {
	Column string `json:"column"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
}

func (a *API) importPeople(ctx context.Context, actor bridge.Actor, in *importPeopleRequest) (staffed, error) {
	if !actor.Operator {
		return staffed{}, errUsers
	}
	plan, err := a.planPeople(in)
	if wrong, ok := errors.AsType[roster.Findings](err); ok {
		return staffed{}, unfitList(wrong, in.Lang)
	}
	if err != nil {
		return staffed{}, err
	}
	out := staffedOf(plan, in.Lang)
	if !in.Body.Apply {
		return out, nil
	}
	if err := a.opts.Accounts.Restaff(ctx, actor, plan.Moves()); err != nil {
		return staffed{}, err
	}
	out.Applied = true
	for i, c := range out.Changes {
		if c.Kind != roster.Leaves {
			continue
		}
		moved, err := a.opts.Desk.HandOverLeft(ctx, actor, c.Person, c.Handover, "left, by the list of people")
		if err != nil {
			return staffed{}, problem.Conflict("the people are changed; not all leads of " + string(c.Person) + " could be handed over: hand them over in the console, where theirs stand first")
		}
		out.Changes[i].Moved, out.Changes[i].Kept = moved.Moved, len(moved.Skipped)
	}
	return out, nil
}

func (a *API) planPeople(in *importPeopleRequest) (roster.Plan, error) {
	written, added, closed, err := a.opts.Accounts.Staffed()
	if err != nil {
		return roster.Plan{}, err
	}
	rules, today := a.opts.Desk.Rules().Policy, a.opts.Now().Local().Format(time.DateOnly)
	against := roster.Against{
		Added: added, Written: written, Doors: a.opts.Accounts.Doors(), Role: rules.RoleOf, Governs: a.opts.Accounts.Governs,
		Today: today, AtMost: in.Body.AtMost, Handover: in.Body.Handover,
		Closed: func(id bridge.PersonID) bool { return closed[id] },
		Excepted: func(id bridge.PersonID) (until string, ok bool) {
			for _, e := range rules.Exceptions() {
				if e.Person == id && e.Until >= today {
					until, ok = max(until, e.Until), true
				}
			}
			return until, ok
		},
	}
	for _, c := range a.opts.Connections() {
		if c.Kind == connector.CRM {
			against.CRMs = append(against.CRMs, c.Name)
		}
	}
	return roster.Make(in.Body.CSV, against)
}

func staffedOf(p roster.Plan, lang string) staffed {
	out := staffed{Changes: []staffChange{}, Same: p.Same, Written: append([]bridge.PersonID{}, p.Written...), Closed: p.Closed}
	for _, c := range p.Changes {
		change := staffChange{Line: c.Line, Person: c.Move.Is.ID, Kind: c.Kind, Text: c.Kind.Text(lang), Handover: c.Handover}
		for _, d := range c.What {
			change.What = append(change.What, staffPart(d))
		}
		out.Changes = append(out.Changes, change)
	}
	for who, day := range p.Later {
		if out.Later == nil {
			out.Later = map[string]string{}
		}
		out.Later[string(who)] = day
	}
	return out
}

// unfitList says all that is wrong with a list, by line and column.
func unfitList(wrong roster.Findings, lang string) *problem.Problem {
	text := "the list is not taken: nothing is changed"
	if lang == "fr" {
		text = "la liste n'est pas prise : rien ne change"
	}
	p := problem.New(http.StatusUnprocessableEntity, text)
	for _, f := range wrong {
		p.Errors = append(p.Errors, problem.Item{Pointer: "/csv", Detail: f.In(lang)})
	}
	return p
}
