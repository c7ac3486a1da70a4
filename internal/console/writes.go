package console

import (
	"errors"
	"net/http"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/outbox"
)

type writesPage struct {
	Conflicts, Parked         []writeRow
	MoreConflicts, MoreParked bool
}

type writeRow struct {
	ID       string
	Kind     bridge.WriteKind
	Who, By  string
	At       string
	Reason   string // the CRM's words
	Differ   []differRow
	Attempts int
}

// differRow is a field of which the CRM holds something else.
type differRow struct{ Label, Ours, CRM string }

// writes lists what does not reach the CRM by itself.
func (c *Console) writes(v *visit) error { return v.writesWith(http.StatusOK, nil) }

func (v *visit) writesWith(status int, n *notice) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: bilingual.Text{"look after writes", "suivre les écritures"}}
	}
	var page writesPage
	for _, list := range []struct {
		state outbox.State
		rows  *[]writeRow
		more  *bool
	}{{outbox.Conflicted, &page.Conflicts, &page.MoreConflicts}, {outbox.Parked, &page.Parked, &page.MoreParked}} {
		found, more, err := v.opts.Desk.Writes(v.actor, outbox.Filter{State: list.state})
		if err != nil {
			return err
		}
		*list.more = more
		for _, e := range found {
			*list.rows = append(*list.rows, v.writeRow(e))
		}
	}
	return v.showWith(status, "writes", n, page)
}

func (v *visit) writeRow(e outbox.Entry) writeRow {
	row := writeRow{
		ID: e.ID, Kind: e.Write.Kind, Who: v.prospect(e.Lead), By: v.name(e.Write.Author), Reason: e.Reason, Attempts: e.Attempts,
		At: v.look.moment(e.Created.In(v.zone), v.now.In(v.zone)),
	}
	hidden := v.look.words.text("writes.hidden")
	for _, conflict := range e.Conflict {
		def := v.def(conflict.Field)
		d := differRow{Label: def.Label(v.look.lang), CRM: v.value(def, conflict.Found)}
		for _, f := range e.Write.Fields {
			if f.Name == conflict.Field {
				d.Ours = v.value(def, f.Value)
			}
		}
		if d.Ours == "" && d.CRM == "" {
			d.Ours, d.CRM = hidden, hidden
		}
		row.Differ = append(row.Differ, d)
	}
	return row
}

// tend tries a write again, gives it up, or settles a conflict.
func (c *Console) tend(v *visit) error {
	if !v.duties.Supervises {
		return &desk.Denied{What: bilingual.Text{"look after writes", "suivre les écritures"}}
	}
	id, ctx := v.param("id"), v.r.Context()
	var err error
	switch v.param("verb") {
	case "retry":
		_, err = c.opts.Desk.RetryWrite(ctx, v.actor, id)
	case "discard":
		_, err = c.opts.Desk.DiscardWrite(ctx, v.actor, id, v.form("motive"))
	case "ours":
		_, err = c.opts.Desk.Resolve(ctx, v.actor, id, desk.KeepOurs)
	case "crm":
		_, err = c.opts.Desk.Resolve(ctx, v.actor, id, desk.KeepCRM)
	default:
		err = &desk.NotFound{What: bilingual.Text{"command", "de commande"}}
	}
	if err != nil {
		status, text, known := v.wrong(err)
		if !known {
			return err
		}
		return v.writesWith(status, &notice{"wrong", text})
	}
	v.flash("done", v.look.words.text("writes.done"))
	v.redirect("/writes")
	return nil
}

// ofOutbox says what is wrong with a command on a write.
func ofOutbox(err error) (status int, known bool) {
	if _, ok := errors.AsType[*outbox.NotNow](err); ok {
		return http.StatusConflict, true
	}
	if _, ok := errors.AsType[*outbox.ErrNoEntry](err); ok {
		return http.StatusNotFound, true
	}
	return 0, false
}
