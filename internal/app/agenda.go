package app

import (
	"context"
	"time"

	"passerelle/internal/agenda"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
)

// keepAgenda gives every the chores that keep appointments in step with the CRMs'
// calendars.
func (a *App) keepAgenda(every func(time.Duration, string, func(context.Context) error)) {
	var lines []agenda.Line
	for _, l := range a.lines {
		if l.desc.Kind == connector.CRM {
			lines = append(lines, agenda.Line{
				Name: l.cfg.Name, Conn: l.conn,
				Ready: func() bool { return l.breaker.State() == httpx.BreakerClosed },
			})
		}
	}
	keeper := agenda.New(agenda.Options{Desk: a.desk, Lines: lines, Now: a.opts.Now, Log: a.log})
	every(a.opts.AgendaEvery, "compare appointments with the CRM", keeper.Compare)
	every(min(a.opts.AgendaEvery, askEvery), "ask when salespeople are taken", keeper.AskBusy)
}
