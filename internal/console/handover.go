package console

import (
	"cmp"
	"net/http"
	"slices"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

type handoverPage struct {
	Holders []holderRow
	People  []bridge.Person
	From    string // chosen so far
	To      string
	Motive  string
}

// holderRow is somebody who has leads.
type holderRow struct {
	ID   bridge.PersonID
	Name string
	N    int
	Left bool // they are not active any more
}

// handover shows whose leads can be handed over: first of those who have left.
func (c *Console) handover(v *visit) error {
	return v.handoverWith(http.StatusOK, nil, order{filter: filter{Assignee: v.r.URL.Query().Get("from")}})
}

func (v *visit) handoverWith(status int, n *notice, o order) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: bilingual.Text{"hand leads over", "transmettre des fiches"}}
	}
	found, err := v.opts.Desk.Holders(v.actor)
	if err != nil {
		return err
	}
	page := handoverPage{People: v.colleagues(), From: o.Assignee, To: o.To, Motive: o.Motive}
	for _, h := range found {
		p, known := v.opts.Desk.Rules().Person(h.Person)
		page.Holders = append(page.Holders, holderRow{h.Person, v.name(h.Person), h.Leads, !known || !p.Active})
	}
	slices.SortStableFunc(page.Holders, func(a, b holderRow) int {
		if a.Left == b.Left {
			return cmp.Compare(a.Name, b.Name)
		}
		if a.Left {
			return -1
		}
		return 1
	})
	return v.showWith(status, "handover", n, page)
}
