package console

import (
	"cmp"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// filter is which leads a supervisor means.
type filter struct{ Campaign, Assignee, Status string }

func (f filter) choice() desk.Choice {
	return desk.Choice{Campaign: bridge.CampaignID(f.Campaign), Assignee: f.Assignee, State: bridge.LeadState(f.Status)}
}

// query is the filter as an address holds it.
func (f filter) query() url.Values {
	out := url.Values{}
	for name, value := range map[string]string{"campaign": f.Campaign, "assignee": f.Assignee, "status": f.Status} {
		if value != "" {
			out.Set(name, value)
		}
	}
	return out
}

// bulk says whether the filter is narrow enough for a command on all it finds.
func (f filter) bulk() bool { return f.Campaign != "" || f.Assignee != "" && f.Assignee != desk.Pool }

type leadsPage struct {
	filter
	Bulk      bool
	Campaigns []bridge.Campaign
	People    []bridge.Person
	States    []bridge.LeadState
	Rows      []leadRow
	Next      string
}

type leadRow struct {
	Who, Campaign, Assignee, NextAt string
	State                           bridge.LeadState
	Attempts                        int
	Last                            bridge.Disposition
}

// leads lists the leads that a filter finds.
func (c *Console) leads(v *visit) error { return v.leadsWith(http.StatusOK, nil, v.r.URL.Query()) }

func (v *visit) leadsWith(status int, n *notice, q url.Values) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: "list the floor's leads"}
	}
	page := v.leadsPage(filter{q.Get("campaign"), q.Get("assignee"), q.Get("status")})
	after, err := base64.RawURLEncoding.DecodeString(q.Get("cursor"))
	if err != nil {
		return &desk.NotFound{What: "page"}
	}
	found, next, err := v.opts.Desk.Leads(v.actor, page.choice(), desk.Page{After: string(after), Limit: 50, Cards: true})
	if err != nil {
		return err
	}
	for _, view := range found {
		l := view.Lead
		row := leadRow{
			Who: whole(headOf(view.Card.Fields)), Campaign: v.campaignName(l.Campaign), State: l.State, Attempts: l.Attempts, Last: l.Last,
		}
		if l.Assignee != "" {
			row.Assignee = v.name(l.Assignee)
		}
		if l.NextAt.After(v.now) {
			row.NextAt = v.look.moment(l.NextAt.In(v.zone), v.now.In(v.zone))
		}
		page.Rows = append(page.Rows, row)
	}
	if next != "" {
		more := page.query()
		more.Set("cursor", base64.RawURLEncoding.EncodeToString([]byte(next)))
		page.Next = "/leads?" + more.Encode()
	}
	return v.showWith(status, "leads", n, page)
}

func (v *visit) leadsPage(f filter) leadsPage {
	if !slices.Contains(bridge.LeadStates(), bridge.LeadState(f.Status)) {
		f.Status = ""
	}
	page := leadsPage{filter: f, Bulk: f.bulk(), Campaigns: v.opts.Desk.CampaignsOf(v.actor), States: bridge.LeadStates()}
	for _, p := range v.opts.People() {
		if p.Active && p.Team == v.actor.Person.Team {
			page.People = append(page.People, p)
		}
	}
	slices.SortFunc(page.People, func(a, b bridge.Person) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return page
}

type reassignPage struct {
	filter
	To, ToName, Motive string
	Moves, Stays       string
	Why                []whyRow
	None               bool
}

// Parts are what the confirmation posts again.
func (p reassignPage) Parts() map[string]string {
	return map[string]string{"campaign": p.Campaign, "assignee": p.Assignee, "status": p.Status, "to": p.To, "motive": p.Motive}
}

// Back is the list that it came from.
func (p reassignPage) Back() template.URL { return template.URL(p.query().Encode()) }

// whyRow is a reason why leads stay where they are.
type whyRow struct {
	Reason string
	N      int
}

// reassign shows what it would do, and does it once that was confirmed.
func (c *Console) reassign(v *visit) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: "reassign leads"}
	}
	f := filter{v.form("campaign"), v.form("assignee"), v.form("status")}
	to, motive := v.form("to"), v.form("motive")
	var err error
	var moved desk.Moved
	confirmed := v.form("confirm") != ""
	if confirmed {
		moved, err = c.opts.Desk.Reassign(v.r.Context(), v.actor, f.choice(), to, motive)
	} else {
		moved, err = c.opts.Desk.ForeseeReassign(v.actor, f.choice(), to)
	}
	if err != nil {
		status, text, known := v.wrong(err)
		if !known {
			return err
		}
		return v.leadsWith(status, &notice{"wrong", text}, f.query())
	}
	page := reassignPage{filter: f, To: to, ToName: v.recipient(to), Motive: motive, None: moved.Moved == 0}
	page.Moves = v.look.words.count("reassign.moves", moved.Moved)
	page.Stays = v.look.words.count("reassign.stays", len(moved.Skipped))
	page.Why = why(moved.Skipped)
	if !confirmed {
		return v.show(http.StatusOK, "reassign", page)
	}
	v.flash("done", v.look.words.text("reassign.done", page.Moves, page.Stays))
	v.redirect("/leads?" + f.query().Encode())
	return nil
}

func (v *visit) recipient(to string) string {
	if to == desk.Pool {
		return v.look.words.text("leads.pool")
	}
	return v.name(bridge.PersonID(to))
}

// why counts the reasons, the most frequent first.
func why(skipped []desk.Skipped) (out []whyRow) {
	counts := map[string]int{}
	for _, s := range skipped {
		counts[s.Reason]++
	}
	for reason, n := range counts {
		out = append(out, whyRow{reason, n})
	}
	slices.SortFunc(out, func(a, b whyRow) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Reason, b.Reason)) })
	return out
}
