package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Round is what a probe needs beside the connection.
type Round struct {
	Record    string // id of the one prospect that may be touched
	User      string // id in the CRM of whom the appointment is with
	Selection string // of the pull
	Leave     bool   // go on where the connector cannot take away what is made
}

// Outcome says how a step of a probe ended.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // the connector cannot, or a step before failed
)

// Step is one thing that a probe did.
type Step struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	TookMS  float64 `json:"took_ms,omitempty"`
	Text    string  `json:"text,omitempty"`
}

// ProbeReport is a probe from its beginning to its clean-up.
type ProbeReport struct {
	Connection bridge.ConnectionName `json:"connection"`
	Record     string                `json:"record"`
	Steps      []Step                `json:"steps"`
	Left       []string              `json:"left,omitempty"` // what stays in the CRM, in words to find it by
}

// OK says whether no step failed and nothing is left.
func (r ProbeReport) OK() bool {
	failed := func(s Step) bool { return s.Outcome == Failed }
	return len(r.Left) == 0 && !slices.ContainsFunc(r.Steps, failed)
}

// probe is a probe under way.
type probe struct {
	Patient
	Round
	guard *guard
	note  bridge.Write // what was written, or tried
	meet  bridge.Write
	tried map[bridge.WriteKind]bool
	lost  bool // an answer was: what it was to may still appear
	sick  bool // a step failed: only the clean-up is left
	out   ProbeReport
}

// cleanWithin bounds the clean-up, which a stop does not stop.
const cleanWithin = time.Minute

// Probe makes the whole round on one record: it reads five prospects, writes a
// note, an appointment, moves it, cancels it, and takes all of it away again. A
// step that fails, or the end of ctx, leads to the clean-up at once.
func Probe(ctx context.Context, p Patient, r Round) ProbeReport {
	pr := &probe{Patient: p, Round: r, tried: map[bridge.WriteKind]bool{}, out: ProbeReport{Connection: p.Name, Record: r.Record}}
	pr.prepare()
	for _, s := range []struct {
		name string
		run  func(context.Context) (string, error)
	}{
		{"check", pr.checks}, {"pull", pr.pulls}, {"remover", pr.removes}, {"note", pr.notes}, {"appointment", pr.meets},
		{"move", pr.moves}, {"cancel", pr.cancels},
	} {
		pr.step(ctx, s.name, s.run)
	}
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanWithin)
	defer cancel()
	pr.clean(clean)
	return pr.out
}

// errCannot is a step that the connector is not made for.
var errCannot = errors.New("the connector cannot")

// removes makes sure that what is made can be taken away again.
func (p *probe) removes(context.Context) (string, error) {
	remover, ok := p.Conn.(connector.Remover)
	if ok {
		ended, end := context.WithCancel(context.Background())
		end() // asks nothing
		ok = !errors.Is(remover.Remove(ended, bridge.WriteMeeting, p.meet.Meeting.ID), errors.ErrUnsupported)
	}
	switch {
	case ok:
		return say(p.Lang, "probe.removes"), nil
	case p.Leave:
		return say(p.Lang, "probe.leaves"), nil
	}
	return "", errors.New(say(p.Lang, "probe.cannot.remove"))
}

func (p *probe) step(ctx context.Context, name string, run func(context.Context) (string, error)) {
	if p.sick {
		p.out.Steps = append(p.out.Steps, Step{Name: name, Outcome: Skipped})
		return
	}
	began := time.Now()
	text, err := run(ctx)
	s := Step{Name: name, Outcome: Done, Text: text, TookMS: float64(time.Since(began).Microseconds()) / 1000}
	switch {
	case errors.Is(err, errCannot):
		s.Outcome, s.Text = Skipped, say(p.Lang, "probe.cannot")
	case err != nil:
		s.Outcome, s.Text, p.sick = Failed, err.Error(), name != "remove"
	}
	p.out.Steps = append(p.out.Steps, s)
}

// prepare makes the two writes. The appointment is at half past midnight of the
// connection's zone: an hour that is lost shows as another day.
func (p *probe) prepare() {
	key := "probe " + rand.Text()
	record := bridge.Ref{Connection: p.Name, Object: bridge.ProspectObj, ID: p.Record}
	write := func(kind bridge.WriteKind) bridge.Write {
		return bridge.Write{Operation: bridge.Operation(p.Name, key, kind, 0), Kind: kind, Prospect: record, Author: author, CRMUser: p.User}
	}
	p.note = write(bridge.WriteActivity)
	p.note.Call = &bridge.CallLog{
		At: p.Now().Truncate(time.Second), Attempt: 1, Technical: bridge.Answered, Disposition: bridge.DispNotInterested,
		Note: say(p.Lang, "probe.note"), Caller: author,
	}
	p.meet = write(bridge.WriteMeeting)
	p.meet.Meeting = &bridge.Meeting{
		ID: "probe-" + strings.ToLower(rand.Text()), Slot: p.slot(3), Salesperson: author, CRMUser: p.User,
		Subject: say(p.Lang, "probe.note"), ValidatedBy: author,
	}
	p.guard = newGuard(p.Conn, record, p.meet.Meeting.ID)
}

// author is whom a probe's records name: nobody of the company.
const author = bridge.PersonID("passerelle")

// slot is half past midnight so many days from now.
func (p *probe) slot(days int) bridge.Slot {
	now := p.Now().In(p.Zone)
	at := time.Date(now.Year(), now.Month(), now.Day()+days, 0, 30, 0, 0, p.Zone)
	return bridge.Slot{Local: at.Format("2006-01-02T15:04:05"), Zone: p.Zone.String(), UTC: at.UTC(), Minutes: 30}
}

func (p *probe) checks(ctx context.Context) (string, error) { return "", p.Conn.Check(ctx) }

func (p *probe) pulls(ctx context.Context) (string, error) {
	puller, ok := p.Conn.(connector.Puller)
	if !ok {
		return "", errCannot
	}
	w := ward{Patient: p.Patient}
	asked := w.needed(p.Read)
	page, err := puller.Pull(ctx, connector.PullRequest{Selection: p.Selection, Fields: asked, Limit: 5})
	return say(p.Lang, "probe.pulled", len(page.Prospects), len(asked)), err
}

// write carries one out and looks whether it is there.
func (p *probe) write(ctx context.Context, w bridge.Write) error {
	if !slices.Contains(p.Takes, w.Kind) {
		return errCannot
	}
	p.tried[w.Kind] = true
	r, err := p.guard.apply(ctx, w)
	if err != nil {
		p.lost = p.lost || fault.Of(err).MayHaveApplied
		return err
	}
	if r.State == connector.Stored {
		return nil
	}
	return p.confirmed(ctx, w, true)
}

// confirmed waits until the CRM shows a write, or does not any more: as long as
// it may be late with it, and a little.
func (p *probe) confirmed(ctx context.Context, w bridge.Write, there bool) error {
	if _, finds := p.Conn.(connector.Finder); !finds {
		return nil
	}
	for until := time.Now().Add(p.Settle + time.Second); ; {
		seen, err := p.guard.find(ctx, w)
		if err != nil {
			return err
		}
		switch {
		case seen.Present == there:
			return nil
		case time.Now().After(until) && there:
			return errors.New(say(p.Lang, "probe.missing"))
		case time.Now().After(until):
			return errors.New(say(p.Lang, "probe.still"))
		}
		if wait(ctx, 200*time.Millisecond); ctx.Err() != nil {
			return fault.New(fault.Unavailable, "probe", ctx.Err())
		}
	}
}

// wait is patient until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (p *probe) notes(ctx context.Context) (string, error) { return "", p.write(ctx, p.note) }

func (p *probe) meets(ctx context.Context) (string, error) {
	if err := p.write(ctx, p.meet); err != nil {
		return "", err
	}
	return p.stands(ctx, p.meet.Meeting.Slot, false)
}

// moves puts the appointment half a year on: where clocks change, theirs are
// other than today.
func (p *probe) moves(ctx context.Context) (string, error) {
	w := p.later(bridge.WriteMove)
	w.Meeting.Slot = p.slot(182)
	if err := p.write(ctx, w); err != nil {
		return "", err
	}
	p.meet.Meeting.Slot = w.Meeting.Slot
	return p.stands(ctx, w.Meeting.Slot, false)
}

func (p *probe) cancels(ctx context.Context) (string, error) {
	w := p.later(bridge.WriteCancel)
	w.Motive = say(p.Lang, "probe.note")
	if err := p.write(ctx, w); err != nil {
		return "", err
	}
	return p.stands(ctx, w.Meeting.Slot, true)
}

// later is a write that changes the appointment.
func (p *probe) later(kind bridge.WriteKind) bridge.Write {
	w, m := p.meet, *p.meet.Meeting
	w.Kind, w.Meeting = kind, &m
	w.Operation = bridge.Operation(p.Name, m.ID, kind, 1)
	if made := p.guard.made[bridge.WriteMeeting]; len(made) > 0 {
		m.ExternalID = made[0]
	}
	return w
}

// stands reads the appointment back: the proof that the zone is right.
func (p *probe) stands(ctx context.Context, slot bridge.Slot, ended bool) (string, error) {
	calendar, ok := p.Conn.(connector.Calendar)
	if !ok {
		return say(p.Lang, "probe.unproved"), nil
	}
	held, err := calendar.Appointments(ctx, []bridge.Meeting{*p.later(bridge.WriteMove).Meeting})
	if errors.Is(err, errors.ErrUnsupported) {
		return say(p.Lang, "probe.unproved"), nil
	}
	if err != nil {
		return "", err
	}
	h, where := held[0], slot.UTC.In(p.Zone).Format("2006-01-02 15:04 -07:00")
	switch off := h.Slot.UTC.Sub(slot.UTC); {
	case h.Unseen:
		return "", errors.New(say(p.Lang, "probe.missing"))
	case ended && h.Present && !h.Cancelled:
		return "", errors.New(say(p.Lang, "probe.stands"))
	case ended:
		return "", nil
	case !h.Present || h.Cancelled:
		return "", errors.New(say(p.Lang, "probe.missing"))
	case off != 0:
		return "", errors.New(say(p.Lang, "probe.off", where, off))
	case h.CRMUser != "" && p.User != "" && h.CRMUser != p.User:
		return "", errors.New(say(p.Lang, "probe.user", h.CRMUser, p.User))
	}
	return say(p.Lang, "probe.proved", where), nil
}

// clean takes away what was made. A write that was tried and failed may have
// been carried out all the same: it is looked for.
func (p *probe) clean(ctx context.Context) {
	p.sick = false
	for _, w := range []bridge.Write{p.meet, p.note} {
		if !p.tried[w.Kind] {
			continue
		}
		p.step(ctx, "remove", func(ctx context.Context) (string, error) {
			err := p.take(ctx, w)
			if err != nil {
				p.out.Left = append(p.out.Left, p.leftover(w))
			}
			return say(p.Lang, "probe.removed."+string(w.Kind)), err
		})
	}
}

func (p *probe) take(ctx context.Context, w bridge.Write) error {
	if _, finds := p.Conn.(connector.Finder); finds && len(p.guard.made[w.Kind]) == 0 {
		if p.lost {
			wait(ctx, p.Settle)
		}
		if seen, err := p.guard.find(ctx, w); err != nil || !seen.Present {
			return err
		}
	}
	if len(p.guard.made[w.Kind]) == 0 {
		return errors.New(say(p.Lang, "probe.unknown"))
	}
	for _, id := range p.guard.made[w.Kind] {
		if err := p.guard.remove(ctx, w.Kind, id); err != nil {
			return err
		}
	}
	return p.confirmed(ctx, w, false)
}

// leftover words what stays, so that somebody finds it.
func (p *probe) leftover(w bridge.Write) string {
	id := strings.Join(p.guard.made[w.Kind], ", ")
	if id == "" {
		id = fmt.Sprintf("%s %s", say(p.Lang, "probe.operation"), w.Operation)
	}
	return say(p.Lang, "probe.left."+string(w.Kind), id, p.Record)
}
