package console

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/ical"
	"passerelle/internal/identity"
	"passerelle/internal/problem"
)

// A feed holds what was and what is to come within so many days.
const (
	feedBack    = 60
	feedForward = 730
)

// feedPath is where calendars find a feed; its key follows.
const feedPath = "/calendar/"

// feed answers somebody's calendar with their appointments, as their role may
// read them now. Its address is all that it asks for.
func (c *Console) feed(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Robots-Tag", "noindex")
	actor, feed, err := c.opts.Accounts.Subscriber(r, chi.URLParam(r, "key"))
	if err != nil {
		c.noFeed(w, r, err)
		return
	}
	r = r.WithContext(identity.NewContext(r.Context(), actor))
	if shut := c.opts.Guard.Shut(r); shut != nil {
		problem.Write(w, r, problem.Shut(shut.Text(feed.Language), shut.Next))
		return
	}
	v := c.visitAs(w, r, actor)
	v.look = cmp.Or(c.looks[feed.Language], v.look)
	body, err := v.feedOf()
	if err != nil {
		c.noFeed(w, r, err)
		return
	}
	sum := sha256.Sum256(body)
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="passerelle.ics"`)
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func (c *Console) noFeed(w http.ResponseWriter, r *http.Request, err error) {
	if slow, ok := errors.AsType[*identity.TooOften](err); ok {
		problem.Write(w, r, problem.TooManyRequests(slow.Wait))
		return
	}
	if errors.Is(err, identity.ErrNoFeed) {
		problem.Write(w, r, problem.NotFound(identity.ErrNoFeed.Error()))
		return
	}
	if no, ok := errors.AsType[*desk.Denied](err); ok {
		problem.Write(w, r, problem.Forbidden(no.Error()))
		return
	}
	c.opts.Log.Error("a calendar was not answered", "request", identity.RequestID(r.Context()), "err", err)
	problem.Write(w, r, problem.Internal())
}

// feedOf is the reader's appointments as a calendar.
func (v *visit) feedOf() ([]byte, error) {
	if !v.duties.Sells {
		return nil, &desk.Denied{What: bilingual.Text{"have appointments of your own", "avoir vos propres rendez-vous"}}
	}
	today := midnight(v.now.In(v.zone))
	found, err := v.opts.Desk.Visits(v.actor, today.AddDate(0, 0, -feedBack), today.AddDate(0, 0, feedForward))
	if err != nil {
		return nil, err
	}
	out := ical.NewFeed("console", "Passerelle · "+cmp.Or(v.actor.Person.Name, string(v.actor.Person.ID)))
	for _, visit := range found {
		e := v.event(visit)
		out.Add(e.Start, e.Text())
	}
	return out.Bytes()
}

// event is an appointment as the reader's calendar shows it.
func (v *visit) event(found desk.Visit) ical.Event {
	start := found.Slot.UTC
	if zone, err := time.LoadLocation(found.Slot.Zone); err == nil {
		start = start.In(zone)
	}
	var who face
	if view, err := v.opts.Desk.Lead(v.actor, found.Lead); err == nil {
		who = v.faceOf(view)
	}
	m := found.Meeting
	text := []string{m.Note}
	for _, p := range who.Phones {
		text = append(text, p.Label+" : "+p.Text)
	}
	if found.State == bridge.Rescheduled {
		text = append(text, v.look.words.text("agenda.then", v.slot(m.Slot)))
	}
	text = append(text, identity.Origin(v.r)+"/agenda/"+string(found.ID))
	return ical.Event{
		UID: m.ID, Start: start, Minutes: found.Slot.Minutes, Changed: maxTime(found.CreatedAt, found.DecidedAt),
		Sequence: sequence(found), Cancelled: found.State == bridge.Cancelled,
		Summary: title(whole(who.Name, who.Sub), m.Subject, v.look.words.text("title.meeting")), Place: m.Place,
		Description: strings.TrimPrefix(strings.Join(text, "\n"), "\n"),
	}
}

// title is whom an appointment is with and what it is about, as far as the reader
// may know; else that it is one.
func title(who, subject, otherwise string) string {
	if who != "" && subject != "" {
		return who + " · " + subject
	}
	return cmp.Or(who, subject, otherwise)
}

// sequence rises with each change, so that calendars take it over. While another
// time waits for a supervisor, the former one stands.
func sequence(v desk.Visit) int {
	n := 2 * v.Revision
	switch v.State {
	case bridge.Rescheduled:
		n--
	case bridge.Cancelled:
		n++
	}
	return n
}

// makeFeed gives the reader an address for their calendar: it is shown this once.
func (c *Console) makeFeed(v *visit) error {
	if !v.duties.Sells {
		return &desk.Denied{What: bilingual.Text{"have appointments of your own", "avoir vos propres rendez-vous"}}
	}
	key, err := c.opts.Accounts.MakeFeed(v.r.Context(), v.actor, v.look.lang)
	if err != nil {
		return err
	}
	page, err := v.accountPage()
	if err != nil {
		return err
	}
	page.Feed.Address = identity.Origin(v.r) + feedPath + key + ".ics"
	return v.showWith(http.StatusOK, "account", &notice{"done", v.look.words.text("feed.made")}, page)
}

func (c *Console) endFeed(v *visit) error {
	if err := c.opts.Accounts.EndFeed(v.r.Context(), v.actor, v.actor.Person.ID); err != nil {
		return err
	}
	v.flash("done", v.look.words.text("feed.ended"))
	v.redirect("/account")
	return nil
}

// feedRow is the reader's feed on their account's page.
type feedRow struct {
	Made, Used string // "" for none, and for never
	Address    string // just made
}

func (v *visit) feedRow() (*feedRow, error) {
	f, there, err := v.opts.Accounts.FeedOf(v.actor.Person.ID)
	if err != nil || !there && !v.duties.Sells {
		return nil, err
	}
	row := &feedRow{}
	if there {
		row.Made = v.look.moment(f.Made.In(v.zone), v.now.In(v.zone))
	}
	if !f.Used.IsZero() {
		row.Used = v.look.moment(f.Used.In(v.zone), v.now.In(v.zone))
	}
	return row, nil
}
