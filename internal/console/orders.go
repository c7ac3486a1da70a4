package console

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
)

// order is what a supervisor wants done with leads: those of a filter, one, or
// those of somebody who leaves.
type order struct {
	filter
	Kind   string // reassign, close or handover
	Path   string // that takes it
	Lead   string // the one; "" for those of the filter
	To     string
	Motive string
}

func (o order) choice() desk.Choice {
	if o.Lead != "" {
		return desk.Choice{IDs: []bridge.LeadID{bridge.LeadID(o.Lead)}}
	}
	return o.filter.choice()
}

// foresee says what the order would do.
func (o order) foresee(v *visit) (desk.Moved, error) {
	switch o.Kind {
	case "close":
		return v.opts.Desk.ForeseeClose(v.actor, o.choice())
	case "handover":
		return v.opts.Desk.ForeseeHandover(v.actor, bridge.PersonID(o.Assignee), o.To)
	}
	return v.opts.Desk.ForeseeReassign(v.actor, o.choice(), o.To)
}

// carryOut gives the order.
func (o order) carryOut(ctx context.Context, v *visit) (desk.Moved, error) {
	switch o.Kind {
	case "close":
		return v.opts.Desk.Close(ctx, v.actor, o.choice(), o.Motive)
	case "handover":
		return v.opts.Desk.Handover(ctx, v.actor, bridge.PersonID(o.Assignee), o.To, o.Motive)
	}
	return v.opts.Desk.Reassign(ctx, v.actor, o.choice(), o.To, o.Motive)
}

// back is where the order was given.
func (o order) back() string {
	switch {
	case o.Kind == "handover":
		return "/handover"
	case o.Lead != "":
		return "/leads/" + url.PathEscape(o.Lead)
	}
	return "/leads?" + o.query().Encode()
}

type orderPage struct {
	order
	ToName string
	Moves  string
	Stays  string
	Why    []whyRow
	None   bool // there is nothing to confirm
}

// Parts are what the confirmation posts again.
func (p orderPage) Parts() map[string]string {
	return map[string]string{
		"campaign": p.Campaign, "assignee": p.Assignee, "status": p.Status, "lead": p.Lead, "to": p.To, "motive": p.Motive,
	}
}

// Back is the page that it came from.
func (p orderPage) Back() template.URL { return template.URL(p.back()) }

// whyRow is a reason why leads stay where they are.
type whyRow struct {
	Reason string
	N      int
}

// order answers an order of a kind: it shows what that would do, and does it once
// that was confirmed.
func (c *Console) order(kind, path string) page {
	return func(v *visit) error {
		if !v.duties.Supervises {
			return &desk.Denied{What: bilingual.Text{"move leads", "déplacer des fiches"}}
		}
		o := order{
			filter: filter{v.form("campaign"), v.form("assignee"), v.form("status")},
			Kind:   kind, Path: path, Lead: v.form("lead"), To: v.form("to"), Motive: v.form("motive"),
		}
		if v.form("confirm") != "" {
			return v.carryOut(o)
		}
		seen, err := o.foresee(v)
		if err == nil && o.Motive == "" {
			err = &desk.Invalid{Part: "motive", Why: bilingual.Same(v.look.words.text("orders.why"))}
		}
		if err != nil {
			return v.notDone(o, err)
		}
		return v.show(http.StatusOK, "order", v.orderPage(o, seen))
	}
}

func (v *visit) carryOut(o order) error {
	done, err := o.carryOut(v.r.Context(), v)
	if err != nil {
		return v.notDone(o, err)
	}
	kind := o.Kind
	if kind == "handover" {
		kind = "reassign"
	}
	text := v.look.words.count("acts."+kind, done.Moved)
	if page := v.orderPage(o, done); len(page.Why) > 0 {
		text = v.look.words.text("orders.done", text, page.Stays)
	}
	v.flashAct(text, done.Act)
	v.redirect(o.back())
	return nil
}

// notDone shows the page on which the order was given, with what is wrong with
// it.
func (v *visit) notDone(o order, err error) error {
	status, text, known := v.wrong(err)
	n := &notice{"wrong", text}
	switch {
	case !known || status == http.StatusForbidden:
		return err
	case o.Kind == "handover":
		return v.handoverWith(status, n, o)
	case o.Lead != "":
		return v.leadWith(status, n, bridge.LeadID(o.Lead))
	}
	return v.leadsWith(status, n, o.query())
}

func (v *visit) orderPage(o order, m desk.Moved) orderPage {
	count := v.look.words.count
	page := orderPage{order: o, None: m.Moved == 0 && o.To != desk.Later, Moves: count("orders."+o.Kind, m.Moved), Why: v.why(m.Skipped)}
	if page.Stays = count("orders.stays", len(m.Skipped)); o.Kind == "close" {
		page.Stays = count("orders.stays_open", len(m.Skipped))
	}
	switch o.To {
	case "":
	case desk.Pool:
		page.ToName = v.look.words.text("leads.pool")
	case desk.Later:
		page.ToName = v.look.words.text("handover.later")
	default:
		page.ToName = v.name(bridge.PersonID(o.To))
	}
	return page
}

// why counts the reasons, the most frequent first.
func (v *visit) why(skipped []desk.Skipped) (out []whyRow) {
	counts := map[string]int{}
	for _, s := range skipped {
		counts[v.stays(s)]++
	}
	for reason, n := range counts {
		out = append(out, whyRow{reason, n})
	}
	slices.SortFunc(out, func(a, b whyRow) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Reason, b.Reason)) })
	return out
}

// stays says in the reader's words why a lead was left alone.
func (v *visit) stays(s desk.Skipped) string {
	t := v.look.words.text
	switch s.Why {
	case desk.StaysOnLine, desk.StaysForLater:
		return t("stays."+string(s.Why), v.name(bridge.PersonID(s.Of)))
	case desk.StaysInState:
		return t("stays.state", t("lead."+s.Of))
	}
	return t("stays." + string(s.Why))
}

// actRow is something that was done to leads today, and can be undone.
type actRow struct {
	desk.Act
	At, By, ToName, What string
}

// acts are the latest of them.
func (v *visit) acts() (out []actRow, err error) {
	found, err := v.opts.Desk.Acts(v.actor)
	for _, a := range found[:min(len(found), actsAtMost)] {
		row := actRow{Act: a, At: v.look.moment(a.At.In(v.zone), v.now.In(v.zone)), By: v.name(a.By), What: v.look.words.count("acts."+string(a.Kind), a.Leads)}
		if row.ToName = v.name(bridge.PersonID(a.To)); a.To == desk.Pool {
			row.ToName = v.look.words.text("leads.pool")
		}
		out = append(out, row)
	}
	return out, err
}

// actsAtMost bounds how many of the day's acts a page shows.
const actsAtMost = 20

// undo takes back what was done to leads.
func (c *Console) undo(v *visit) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: bilingual.Text{"move leads", "déplacer des fiches"}}
	}
	back, err := c.opts.Desk.Undo(v.r.Context(), v.actor, v.param("id"))
	if err != nil {
		status, text, known := v.wrong(err)
		if !known || status == http.StatusNotFound {
			return err
		}
		return v.leadsWith(status, &notice{"wrong", text}, url.Values{})
	}
	text := v.look.words.count("acts.undone", back.Moved)
	for _, w := range v.why(back.Skipped) {
		text = v.look.words.text("acts.stays", text, w.N, w.Reason)
	}
	v.flash("done", text)
	v.redirect("/leads#acts")
	return nil
}
