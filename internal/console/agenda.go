package console

import (
	"net/http"
	"net/url"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// agendaWeeks is how much of somebody's own appointments a page holds.
const agendaWeeks = 4

type agendaPage struct {
	From, To   string
	Prev, Next string // where the page before and the next one are
	Show       string // a state, "" for all
	First      string // day of the page, as a date
	States     []bridge.ProposalState
	Days       []agendaDay
}

type agendaDay struct {
	Day  string
	Rows []agendaRow
}

// agendaRow is an appointment as the salesperson it is for may read it.
type agendaRow struct {
	ID                   bridge.ProposalID
	Hour, Zone           string
	Minutes              int
	Who                  string // "" for somebody whom they may not see
	Subject, Place, Note string
	State                bridge.ProposalState
	Flags                []string
	Then                 string // the time that waits for a supervisor
	Campaign, By         string
	Over                 bool
}

// agenda is the reader's own appointments, those that were validated.
func (c *Console) agenda(v *visit) error {
	if !v.duties.Sells {
		return &desk.Denied{What: bilingual.Text{"have appointments of your own", "avoir vos propres rendez-vous"}}
	}
	first := midnight(v.now.In(v.zone))
	if asked, err := time.ParseInLocation(time.DateOnly, v.r.URL.Query().Get("from"), v.zone); err == nil {
		first = asked
	}
	next := first.AddDate(0, 0, 7*agendaWeeks)
	found, err := v.opts.Desk.Visits(v.actor, first, next)
	if err != nil {
		return err
	}
	page := agendaPage{
		From: v.look.day(first), To: v.look.day(next.AddDate(0, 0, -1)), First: first.Format(time.DateOnly),
		States: []bridge.ProposalState{bridge.Validated, bridge.Synced, bridge.Rescheduled, bridge.Cancelled},
	}
	for _, s := range page.States {
		if string(s) == v.r.URL.Query().Get("state") {
			page.Show = string(s)
		}
	}
	page.Prev, page.Next = page.at(first.AddDate(0, 0, -7*agendaWeeks)), page.at(next)
	for _, visit := range found {
		if page.Show == "" || page.Show == string(visit.State) {
			page.add(v.look.day(visit.Slot.UTC.In(v.zone)), v.agendaRow(visit))
		}
	}
	return v.show(http.StatusOK, "agenda", page)
}

// at is the address of the page that begins with a day.
func (p agendaPage) at(day time.Time) string {
	q := url.Values{"from": {day.Format(time.DateOnly)}}
	if p.Show != "" {
		q.Set("state", p.Show)
	}
	return "/agenda?" + q.Encode()
}

func (p *agendaPage) add(day string, row agendaRow) {
	if last := len(p.Days) - 1; last >= 0 && p.Days[last].Day == day {
		p.Days[last].Rows = append(p.Days[last].Rows, row)
		return
	}
	p.Days = append(p.Days, agendaDay{day, []agendaRow{row}})
}

func (v *visit) agendaRow(found desk.Visit) agendaRow {
	at, m := found.Slot.UTC.In(v.zone), found.Meeting
	row := agendaRow{
		ID: found.ID, Hour: v.look.words.text("hour", at.Hour(), at.Minute()), Minutes: found.Slot.Minutes, Who: v.prospect(found.Lead),
		Subject: m.Subject, Place: m.Place, Note: m.Note, State: found.State, Flags: found.Flags,
		Campaign: v.campaignName(found.Campaign), By: v.name(found.Author),
		Over: at.Add(time.Duration(found.Slot.Minutes) * time.Minute).Before(v.now),
	}
	if found.Slot.Zone != v.zone.String() {
		row.Zone = v.slot(found.Slot)
	}
	if found.State == bridge.Rescheduled {
		row.Then = v.slot(m.Slot)
	}
	return row
}

type meetingPage struct {
	agendaRow
	Day string
	face
	Known bool // the reader may see the prospect
}

// meeting is one of the reader's own appointments, with what their role may see
// of whom it is with.
func (c *Console) meeting(v *visit) error {
	if !v.duties.Sells {
		return &desk.Denied{What: bilingual.Text{"have appointments of your own", "avoir vos propres rendez-vous"}}
	}
	found, err := v.opts.Desk.Visit(v.actor, bridge.ProposalID(v.param("id")))
	if err != nil {
		return err
	}
	page := meetingPage{agendaRow: v.agendaRow(found), Day: v.look.day(found.Slot.UTC.In(v.zone))}
	if view, err := v.opts.Desk.Lead(v.actor, found.Lead); err == nil {
		page.face, page.Known = v.faceOf(view), true
	}
	return v.show(http.StatusOK, "meeting", page)
}
