package api

import (
	"context"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/policy"
)

func (a *API) statisticsRoutes() {
	get(a, "/v1/statistics", "Calls, contacts and appointments by day and person, of those whose statistics you may see", a.statistics)
}

type statisticsQuery struct {
	From     string            `query:"from" required:"true" doc:"The first day, like 2026-11-23."`
	To       string            `query:"to" required:"true" doc:"The last day; 92 days at most."`
	Campaign bridge.CampaignID `query:"campaign" doc:"Absent: all."`
}

type statistics struct {
	Visible policy.Scope `json:"visible" enum:"own,team,all" doc:"Whose statistics you see."`
	Zone    string       `json:"zone" doc:"Of the days."`
	Items   []count      `json:"items" doc:"By day, then person; nobody who made no call."`
}

type count struct {
	Day          string          `json:"day"`
	Person       bridge.PersonID `json:"person"`
	Calls        int             `json:"calls"`
	Contacts     int             `json:"contacts" doc:"Calls that reached the person."`
	Appointments int             `json:"appointments" doc:"That they set, whatever became of it."`
}

func (a *API) statistics(_ context.Context, actor bridge.Actor, in *statisticsQuery) (statistics, error) {
	found, err := a.opts.Desk.Statistics(actor, desk.Period{From: in.From, To: in.To, Campaign: in.Campaign})
	if err != nil {
		return statistics{}, err
	}
	items := listOf(found.Counts, "", func(c desk.Count) count {
		return count{c.Day, c.Person, c.Calls, c.Contacts, c.Appointments}
	})
	return statistics{found.Visible, found.Zone, items.Items}, nil
}
