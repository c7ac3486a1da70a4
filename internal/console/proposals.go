package console

import (
	"encoding/base64"
	"net/http"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

type proposalsPage struct {
	Rows []proposalRow
	Next string
}

type proposalRow struct {
	ID       bridge.ProposalID
	Who      string
	By       string
	At       string // when it was proposed
	Own      bool   // the reader's: another has to decide
	Moved    bool
	Meeting  *meetingRow
	Changes  []changeRow
	Campaign string
	Flags    []string
}

type meetingRow struct {
	When, With, Subject, Place, Note string
	Local                            string // as a form takes it
	Minutes                          int
}

type changeRow struct{ Label, From, To string }

// proposals lists what waits for a decision, the oldest first.
func (c *Console) proposals(v *visit) error { return v.proposalsWith(http.StatusOK, nil) }

func (v *visit) proposalsWith(status int, n *notice) error {
	if !v.duties.Decides {
		return &desk.Denied{What: bilingual.Text{"decide on proposals", "décider des propositions"}}
	}
	after, err := base64.RawURLEncoding.DecodeString(v.r.URL.Query().Get("cursor"))
	if err != nil {
		return &desk.NotFound{What: bilingual.Text{"page", "de page"}}
	}
	var page proposalsPage
	if len(after) == 0 { // those moved stand on the first page
		moved, _, err := v.opts.Desk.Proposals(v.actor, bridge.Rescheduled, desk.Page{Limit: 100})
		if err != nil {
			return err
		}
		for _, p := range moved {
			page.Rows = append(page.Rows, v.proposalRow(p))
		}
	}
	found, next, err := v.opts.Desk.Proposals(v.actor, bridge.Proposed, desk.Page{After: string(after), Limit: 25})
	if err != nil {
		return err
	}
	for _, p := range found {
		page.Rows = append(page.Rows, v.proposalRow(p))
	}
	if next != "" {
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(next))
	}
	return v.showWith(status, "proposals", n, page)
}

func (v *visit) proposalRow(p bridge.Proposal) proposalRow {
	row := proposalRow{
		ID: p.ID, Who: v.prospect(p.Lead), By: v.name(p.Author), At: v.look.moment(p.CreatedAt.In(v.zone), v.now.In(v.zone)),
		Own: p.Author == v.actor.Person.ID, Moved: p.State == bridge.Rescheduled, Campaign: v.campaignName(p.Campaign), Flags: p.Flags,
	}
	for _, name := range p.Names() {
		def := v.def(name)
		row.Changes = append(row.Changes, changeRow{def.Label(v.look.lang), v.value(def, p.Expected[name]), v.value(def, p.Fields[name])})
	}
	if m := p.Meeting; m != nil {
		row.Meeting = &meetingRow{
			When: v.slot(m.Slot), Subject: m.Subject, Place: m.Place, Note: m.Note, Minutes: m.Slot.Minutes,
		}
		if m.Salesperson != "" {
			row.Meeting.With = v.name(m.Salesperson)
		}
		if len(m.Slot.Local) >= len("2006-01-02T15:04") {
			row.Meeting.Local = m.Slot.Local[:len("2006-01-02T15:04")]
		}
	}
	return row
}

// slot is when an appointment is, on the salesperson's wall.
func (v *visit) slot(s bridge.Slot) string {
	t, err := time.Parse("2006-01-02T15:04:05", s.Local)
	if err != nil {
		return s.Local
	}
	text := v.look.day(t) + ", " + v.look.words.text("hour", t.Hour(), t.Minute())
	if s.Zone != v.zone.String() {
		text += " (" + s.Zone + ")"
	}
	return text
}

// decide validates, rejects, moves or cancels a proposal.
func (c *Console) decide(v *visit) error {
	if !v.duties.Decides {
		return &desk.Denied{What: bilingual.Text{"decide on proposals", "décider des propositions"}}
	}
	ruling := desk.Ruling{Verb: desk.Verb(v.param("verb")), Reason: v.form("reason")}
	if ruling.Verb == desk.Reschedule {
		ruling.Next = &bridge.Next{Kind: bridge.NextAppointment, At: v.form("at")}
	}
	p, err := c.opts.Desk.Decide(v.r.Context(), v.actor, bridge.ProposalID(v.param("id")), ruling)
	if err != nil {
		status, text, known := v.wrong(err)
		if !known || status == http.StatusNotFound {
			return err
		}
		return v.proposalsWith(status, &notice{"wrong", text})
	}
	v.flash("done", v.look.words.text("proposals.done."+string(p.State)))
	v.redirect("/proposals")
	return nil
}
