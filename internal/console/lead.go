package console

import (
	"crypto/rand"
	"net/http"
	"net/url"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// leadPage is a lead as a supervisor looks at it.
type leadPage struct {
	face
	ID         bridge.LeadID
	Campaign   string
	Assignee   string
	NextAt     string
	OnLine     string // who has it on their line, "" for nobody
	State      bridge.LeadState
	Supervises bool
	Open       bool // its sequence goes on
	Corrects   bool
	Statuses   []string
	Status     string // of the prospect, as far as it may be seen
	Key        string // names the correction: the same one twice has one effect
	People     []bridge.Person
}

// lead shows one lead to a supervisor.
func (c *Console) lead(v *visit) error {
	return v.leadWith(http.StatusOK, nil, bridge.LeadID(v.param("id")))
}

func (v *visit) leadWith(status int, n *notice, id bridge.LeadID) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: bilingual.Text{"look at the floor's leads", "regarder les fiches du plateau"}}
	}
	o, err := v.opts.Desk.Overview(v.actor, id)
	if err != nil {
		return err
	}
	l := o.Lead
	page := leadPage{
		face: v.faceOf(o.View), ID: l.ID, Campaign: v.campaignName(l.Campaign), State: l.State, Supervises: o.Supervises, Corrects: o.Corrects,
		Open:   l.State == bridge.LeadWaiting || l.State == bridge.LeadLeased || l.State == bridge.LeadPending,
		Status: string(o.Card.Fields[bridge.FieldStatus]), Statuses: v.statuses(), Key: rand.Text(), People: v.colleagues(),
	}
	if l.Assignee != "" {
		page.Assignee = v.name(l.Assignee)
	}
	if l.NextAt.After(v.now) {
		page.NextAt = v.look.moment(l.NextAt.In(v.zone), v.now.In(v.zone))
	}
	if l.Lease != nil && v.now.Before(l.Lease.Until) {
		page.OnLine = v.name(l.Lease.Person)
	}
	return v.showWith(status, "lead", n, page)
}

// statuses are those that a prospect can have, each once.
func (v *visit) statuses() (out []string) {
	if own := v.def(bridge.FieldStatus).Values; len(own) > 0 {
		return own
	}
	seen := map[string]bool{"": true}
	for _, info := range bridge.Dispositions() {
		if !seen[info.Status] {
			seen[info.Status] = true
			out = append(out, info.Status)
		}
	}
	return out
}

// correct sets a prospect's status by a supervisor's hand.
func (c *Console) correct(v *visit) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: bilingual.Text{"correct a status", "corriger un statut"}}
	}
	id, key := bridge.LeadID(v.param("id")), v.form("key")
	var got desk.Receipt
	err := error(&desk.Invalid{Part: "key", Why: bilingual.Same(v.look.words.text("error.key"))})
	if keyPattern.MatchString(key) {
		got, err = c.opts.Desk.Correct(v.r.Context(), v.actor, id, "console:"+url.QueryEscape(string(v.actor.Person.ID))+":"+key, v.form("prospect_status"), v.form("motive"))
	}
	if err != nil {
		status, text, known := v.wrong(err)
		if !known || status == http.StatusNotFound || status == http.StatusForbidden {
			return err
		}
		return v.leadWith(status, &notice{"wrong", text}, id)
	}
	v.flashAct(v.corrected(got), got.Act)
	v.redirect("/leads/" + url.PathEscape(string(id)))
	return nil
}

// corrected says what became of a correction.
func (v *visit) corrected(r desk.Receipt) string {
	t := v.look.words.text
	switch {
	case len(r.Refused) > 0:
		return t("receipt.refused", inSentence(v.label(r.Refused[0].Field)), r.Refused[0].In(v.look.lang))
	case r.Proposal != "":
		return t("receipt.waits", inSentence(v.label(bridge.FieldStatus)))
	case r.Act == "":
		return t("lead.correct.same")
	}
	return t("lead.correct.done")
}
