package console

import (
	"cmp"
	"slices"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/outbox"
)

type plateauPage struct {
	On        []lineRow
	Proposals count
	Conflicts count
	Parked    count
	Overdue   string // how long ago, "" for none
	Late      bridge.LeadID
	Refused   []writeRow // the first of those that are parked
	Hour      []dayRow
	Course    chart
	People    []personRow
	At        string
}

// count is how many there are, as far as one page goes.
type count struct {
	N    int
	More bool
}

type lineRow struct {
	ID       bridge.LeadID
	Person   string
	Campaign string
	Who      string
	Minutes  int
	Since    string
}

type personRow struct {
	Name string
	figures
}

// plateau is the call floor as it is now.
func (c *Console) plateau(v *visit) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: bilingual.Text{"watch the floor", "suivre le plateau"}}
	}
	page := plateauPage{At: clock(v.now.In(v.zone))}
	for _, fill := range []func(*plateauPage) error{v.fillLines, v.fillQueues, v.fillFigures} {
		if err := fill(&page); err != nil {
			return err
		}
	}
	return v.show(200, "plateau", page)
}

func (v *visit) fillLines(page *plateauPage) error {
	on, err := v.opts.Desk.OnLines(v.actor)
	for _, l := range on {
		row := lineRow{ID: l.Lead.ID, Person: v.name(l.Person), Campaign: v.campaignName(l.Lead.Campaign), Who: v.prospect(l.Lead.ID)}
		if !l.Since.IsZero() {
			row.Minutes = int(v.now.Sub(l.Since).Minutes())
			row.Since = clock(l.Since.In(v.zone))
		}
		page.On = append(page.On, row)
	}
	return err
}

func (v *visit) campaignName(id bridge.CampaignID) string {
	return cmp.Or(v.opts.Desk.Rules().Campaigns[id].Name, string(id))
}

// prospect is what the reader may know of a lead's prospect, in a line; "" if
// that is nothing.
func (v *visit) prospect(id bridge.LeadID) string {
	l, err := v.opts.Desk.Lead(v.actor, id)
	if err != nil {
		return "" // it is gone, or not theirs to see
	}
	return whole(headOf(l.Card.Fields))
}

func whole(name, sub string) string {
	if sub == "" {
		return name
	}
	return name + ", " + sub
}

func (v *visit) fillQueues(page *plateauPage) error {
	for _, state := range []bridge.ProposalState{bridge.Proposed, bridge.Rescheduled} {
		found, next, err := v.opts.Desk.Proposals(v.actor, state, desk.Page{})
		if err != nil {
			return err
		}
		page.Proposals.N += len(found)
		page.Proposals.More = page.Proposals.More || next != ""
	}
	for state, into := range map[outbox.State]*count{outbox.Conflicted: &page.Conflicts, outbox.Parked: &page.Parked} {
		found, more, err := v.opts.Desk.Writes(v.actor, outbox.Filter{State: state})
		if err != nil {
			return err
		}
		*into = count{len(found), more}
		if state == outbox.Parked {
			for _, e := range found[:min(len(found), refusedAtMost)] {
				page.Refused = append(page.Refused, v.writeRow(e))
			}
		}
	}
	oldest, late, err := v.opts.Desk.Overdue(v.actor)
	if err == nil && late {
		page.Overdue, page.Late = v.ago(v.now.Sub(oldest.NextAt)), oldest.ID
	}
	return err
}

// refusedAtMost bounds how many parked writes the floor shows; the others are on
// their own page.
const refusedAtMost = 3

// ago is how long something has waited.
func (v *visit) ago(d time.Duration) string {
	if d < time.Hour {
		return v.look.words.text("ago.minutes", int(d.Minutes()))
	}
	if d < 48*time.Hour {
		return v.look.words.text("ago.hours", int(d.Hours()), int(d.Minutes())%60)
	}
	return v.look.words.text("ago.days", int(d.Hours())/24)
}

func (v *visit) fillFigures(page *plateauPage) error {
	until := v.now.Truncate(chartStep).Add(chartStep)
	parts, err := v.opts.Desk.Course(v.actor, until.Add(-chartParts*chartStep), until, chartParts)
	if err != nil {
		return err
	}
	all := desk.Tally{}
	for _, t := range parts {
		for d, n := range t {
			all[d] += n
		}
	}
	page.Hour, page.Course = rowsOf(all), v.chartOf(parts, until)
	today, err := v.opts.Desk.Figures(v.actor, midnight(v.now.In(v.zone)), v.now.Add(time.Hour))
	for who, t := range today {
		page.People = append(page.People, personRow{v.name(who), figuresOf(t)})
	}
	slices.SortFunc(page.People, func(a, b personRow) int { return cmp.Or(b.Calls-a.Calls, cmp.Compare(a.Name, b.Name)) })
	return err
}
