package console

import (
	"cmp"
	"slices"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

type appointmentsPage struct {
	Week       string
	Prev, Next string // weeks, as dates
	Days       []string
	Rows       []diaryRow
}

// diaryRow is a salesperson's week.
type diaryRow struct {
	Name string
	Days [][]appointmentCell
}

type appointmentCell struct {
	Hour, Who string
	Minutes   int
	State     bridge.ProposalState
	Flags     []string
	Clash     bool // with another of the same salesperson's
}

// appointments is the week of all salespeople.
func (c *Console) appointments(v *visit) error {
	if !v.duties.Decides {
		return &desk.Denied{What: bilingual.Text{"read the appointments of all", "lire les rendez-vous de tous"}}
	}
	monday := mondayOf(v.now.In(v.zone))
	if asked, err := time.ParseInLocation(time.DateOnly, v.r.URL.Query().Get("week"), v.zone); err == nil {
		monday = mondayOf(asked)
	}
	next := monday.AddDate(0, 0, 7)
	found, err := v.opts.Desk.Appointments(v.actor, monday, next)
	if err != nil {
		return err
	}
	page := appointmentsPage{
		Week: v.look.day(monday), Prev: monday.AddDate(0, 0, -7).Format(time.DateOnly), Next: next.Format(time.DateOnly), Rows: v.diaries(found, monday),
	}
	for i := range 7 {
		page.Days = append(page.Days, v.look.day(monday.AddDate(0, 0, i)))
	}
	return v.show(200, "appointments", page)
}

func mondayOf(t time.Time) time.Time {
	return midnight(t).AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

// diaries are the appointments by salesperson and day; those for nobody yet come
// last.
func (v *visit) diaries(found []bridge.Proposal, monday time.Time) (out []diaryRow) {
	by := map[bridge.PersonID]*diaryRow{}
	var order []bridge.PersonID
	for i, p := range found {
		who := p.Meeting.Salesperson
		if by[who] == nil {
			by[who] = &diaryRow{Name: v.name(who), Days: make([][]appointmentCell, 7)}
			order = append(order, who)
		}
		start := p.Meeting.Slot.UTC.In(v.zone)
		day := int(midnight(start).Sub(monday).Hours()+12) / 24 // a day may have 23 hours, or 25
		if day < 0 || day > 6 {
			continue
		}
		by[who].Days[day] = append(by[who].Days[day], appointmentCell{
			Hour: clock(start), Who: v.prospect(p.Lead), Minutes: p.Meeting.Slot.Minutes, State: p.State, Flags: p.Flags, Clash: clashes(found, i),
		})
	}
	slices.SortFunc(order, func(a, b bridge.PersonID) int {
		if (a == "") != (b == "") {
			return cmp.Compare(b, a)
		}
		return cmp.Compare(by[a].Name, by[b].Name)
	})
	for _, who := range order {
		out = append(out, *by[who])
	}
	return out
}

// clashes says whether an appointment overlaps another of the same salesperson.
func clashes(found []bridge.Proposal, i int) bool {
	a := found[i].Meeting
	if a.Salesperson == "" || found[i].State == bridge.Cancelled {
		return false
	}
	end := func(m *bridge.Meeting) time.Time { return m.Slot.UTC.Add(time.Duration(m.Slot.Minutes) * time.Minute) }
	return slices.ContainsFunc(found, func(p bridge.Proposal) bool {
		b := p.Meeting
		return p.ID != found[i].ID && p.State != bridge.Cancelled && b.Salesperson == a.Salesperson && a.Slot.UTC.Before(end(b)) && b.Slot.UTC.Before(end(a))
	})
}
