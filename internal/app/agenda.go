package app

import (
	"context"
	"time"

	"passerelle/internal/agenda"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/relay"
	"passerelle/internal/store"
)

// diaryLines are the CRM connections.
func (a *App) diaryLines() (lines []agenda.Line) {
	for _, l := range a.lines {
		if l.desc.Kind == connector.CRM {
			lines = append(lines, agenda.Line{
				Name: l.cfg.Name, Conn: l.conn,
				Ready: func() bool { return l.breaker.State() == httpx.BreakerClosed && !a.paused(l.cfg.Name) },
			})
		}
	}
	return lines
}

// keepAgenda gives every the chores that keep appointments in step with the CRMs'
// calendars.
func (a *App) keepAgenda(every func(time.Duration, string, func(context.Context) error)) {
	keeper := agenda.New(agenda.Options{Desk: a.desk, Lines: a.diaryLines(), Now: a.opts.Now, Log: a.log})
	every(a.opts.AgendaEvery, "compare appointments with the CRM", keeper.Compare)
	every(min(a.opts.AgendaEvery, askEvery), "ask when salespeople are taken", keeper.AskBusy)
}

// paused says whether a connection is: one that was set back has lost what
// nobody has deleted.
func (a *App) paused(name bridge.ConnectionName) (is bool) {
	err := a.store.View(func(tx *store.Tx) (err error) {
		_, is, err = relay.Paused(tx, name)
		return err
	})
	return is || err != nil
}
