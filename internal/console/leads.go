package console

import (
	"cmp"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"passerelle/internal/bilingual"
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
	Acts      []actRow
}

// Filter is the list's own, as an address holds it.
func (p leadsPage) Filter() template.URL { return template.URL(p.query().Encode()) }

type leadRow struct {
	ID                              bridge.LeadID
	Who, Campaign, Assignee, NextAt string
	State                           bridge.LeadState
	Attempts                        int
	Last                            bridge.Disposition
}

// leads lists the leads that a filter finds.
func (c *Console) leads(v *visit) error { return v.leadsWith(http.StatusOK, nil, v.r.URL.Query()) }

func (v *visit) leadsWith(status int, n *notice, q url.Values) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: bilingual.Text{"list the floor's leads", "lister les fiches du plateau"}}
	}
	page := v.leadsPage(filter{q.Get("campaign"), q.Get("assignee"), q.Get("status")})
	after, err := base64.RawURLEncoding.DecodeString(q.Get("cursor"))
	if err != nil {
		return &desk.NotFound{What: bilingual.Text{"page", "de page"}}
	}
	found, next, err := v.opts.Desk.Leads(v.actor, page.choice(), desk.Page{After: string(after), Limit: 50, Cards: true})
	if err != nil {
		return err
	}
	for _, view := range found {
		l := view.Lead
		row := leadRow{
			ID: l.ID, Who: whole(headOf(view.Card.Fields)), Campaign: v.campaignName(l.Campaign), State: l.State, Attempts: l.Attempts, Last: l.Last,
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
	if page.Acts, err = v.acts(); err != nil {
		return err
	}
	return v.showWith(status, "leads", n, page)
}

func (v *visit) leadsPage(f filter) leadsPage {
	if !slices.Contains(bridge.LeadStates(), bridge.LeadState(f.Status)) {
		f.Status = ""
	}
	page := leadsPage{filter: f, Bulk: f.bulk(), Campaigns: v.opts.Desk.CampaignsOf(v.actor), States: bridge.LeadStates()}
	page.People = v.colleagues()
	return page
}

// colleagues are those of the reader's team to whom leads may go, by name.
func (v *visit) colleagues() (out []bridge.Person) {
	for _, p := range v.opts.People() {
		if p.Active && p.Team == v.actor.Person.Team {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b bridge.Person) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}
