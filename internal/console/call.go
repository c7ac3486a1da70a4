package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

type callPage struct {
	Campaigns []campaignChoice
	Day       *figures // nil for those who see none
}

type campaignChoice struct {
	bridge.Campaign
	Ended bool
}

// figures are what somebody's calls came to.
type figures struct{ Calls, Contacts, Appointments int }

func figuresOf(t desk.Tally) figures {
	return figures{Calls: t.Calls(), Contacts: t.Contacts(), Appointments: t.Appointments()}
}

func (c *Console) callPage(v *visit) error { return v.callWith(http.StatusOK, nil) }

func (v *visit) callWith(status int, n *notice) error {
	if !v.duties.Calls {
		return &desk.Denied{What: bilingual.Text{"be handed leads", "recevoir de fiches"}}
	}
	var data callPage
	for _, camp := range v.opts.Desk.CampaignsOf(v.actor) {
		data.Campaigns = append(data.Campaigns, campaignChoice{camp, camp.Ended(v.now)})
	}
	if v.duties.Counts {
		mine, err := v.today()
		if err != nil {
			return err
		}
		day := figuresOf(mine)
		data.Day = &day
	}
	return v.showWith(status, "call", n, data)
}

// today is what the reader's own calls of the day came to.
func (v *visit) today() (desk.Tally, error) {
	local := v.now.In(v.zone)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, v.zone)
	all, err := v.opts.Desk.Figures(v.actor, midnight, v.now.Add(time.Hour))
	return all[v.actor.Person.ID], err
}

// next hands the caller a lead and shows it.
func (c *Console) next(v *visit) error { return v.nextOf(bridge.CampaignID(v.form("campaign"))) }

func (v *visit) nextOf(id bridge.CampaignID) error {
	out, err := v.opts.Desk.Next(v.r.Context(), v.actor, id)
	if err != nil {
		status, text, known := v.wrong(err)
		if !known || status == http.StatusForbidden {
			return err
		}
		return v.notHanded(&notice{"wait", text})
	}
	if out == nil {
		return v.notHanded(&notice{"wait", v.look.words.text("call.none")})
	}
	v.redirect("/work/" + url.PathEscape(string(out.Lead.ID)))
	return nil
}

// notHanded goes on at the list of campaigns, and says beside what was just
// saved why there is no lead.
func (v *visit) notHanded(n *notice) error {
	if before := v.flashes.take(v.session.ID); before != nil {
		n.Text = before.Text + " " + n.Text
	}
	v.flash(n.Kind, n.Text)
	v.redirect("/call")
	return nil
}

type dayPage struct {
	Day     string
	Figures figures
	Rows    []dayRow
}

type dayRow struct {
	Disposition bridge.Disposition
	N           int
	Width       int // percent of the most frequent one
}

// day is what somebody has done today: their own figures, nobody else's.
func (c *Console) day(v *visit) error {
	if !v.duties.Calls || !v.duties.Counts {
		return &desk.Denied{What: bilingual.Text{"see what your calls came to", "voir ce qu'ont donné vos appels"}}
	}
	mine, err := v.today()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "day", dayPage{
		Day: v.look.day(v.now.In(v.zone)), Figures: figuresOf(mine), Rows: rowsOf(mine),
	})
}

// rowsOf is a tally in the order of the vocabulary.
func rowsOf(t desk.Tally) (out []dayRow) {
	most := 1
	for _, n := range t {
		most = max(most, n)
	}
	for _, info := range bridge.Dispositions() {
		if n := t[info.Code]; n > 0 {
			out = append(out, dayRow{info.Code, n, 100 * n / most})
		}
	}
	return out
}

// telephone is the address that a telephone dials, "" for what is no number.
func telephone(value bridge.Value) string {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r == '+':
			return r
		}
		return -1
	}, strings.Replace(string(value), "(0)", "", 1))
	if len(digits) < 4 {
		return ""
	}
	return "tel:" + digits
}
