package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// Call is a finished call to be recorded.
type Call struct {
	Event bridge.CallEvent
	Lead  bridge.LeadID // if known; else Event names campaign and prospect or phone
	// Content names what was asked, for those who must tell a repeat from
	// another call under the same id; may be "".
	Content string
	Outside bool // its author is outside their access window: it is flagged
}

// Receipt is what became of a recorded call.
type Receipt struct {
	ID        bridge.OutcomeID   `json:"id,omitempty"`
	Lead      bridge.LeadID      `json:"lead,omitempty"`
	Admitted  []bridge.FieldName `json:"admitted,omitempty"`
	Proposed  []bridge.FieldName `json:"proposed,omitempty"`
	Refused   []bridge.Refusal   `json:"refused,omitempty"`
	Proposal  bridge.ProposalID  `json:"proposal,omitempty"`
	Flags     []string           `json:"flags,omitempty"`
	Content   string             `json:"content,omitempty"` // of the call it answers, as [Call] gave it
	Act       string             `json:"act,omitempty"`     // of a correction: by which [Desk.Undo] undoes it
	Duplicate bool               `json:"-"`                 // the event was known already
}

// Flags of a call that should not have been made, or not so. It is taken all
// the same.
const (
	FlagOpposed = "called_although_opposed"
	FlagOnLine  = "called_while_on_anothers_line"
	FlagEnded   = "called_after_the_lead_was_closed"
	FlagNoTime  = "appointment_without_a_time"
	FlagOutside = "reported_outside_the_access_window"
	FlagFuture  = "reported_as_of_the_future" // the platform's clock is ahead
)

// Record records a finished call: what the caller may write goes to the CRM,
// what they may propose waits for a supervisor, the rest is refused with its
// reason.
func (d *Desk) Record(ctx context.Context, actor bridge.Actor, call Call) (Receipt, error) {
	return d.Submit(ctx, actor, call)()
}

// Submit is [Desk.Record] for those who have more calls to record before they
// wait: calls submitted one after the other are recorded in that order, and may
// share a commit.
func (d *Desk) Submit(ctx context.Context, actor bridge.Actor, call Call) (wait func() (Receipt, error)) {
	var out Receipt
	kept := d.submit(ctx, actor, func(c *command) (err error) {
		out, err = c.take(call)
		return err
	})
	return func() (Receipt, error) {
		err := kept()
		return out, err
	}
}

func eventKey(connection bridge.ConnectionName, id string) string {
	return string(connection) + "\x00" + id
}

func (c *command) take(call Call) (Receipt, error) {
	if c.ofForgotten(call.Event) {
		return Receipt{}, &Forgotten{}
	}
	c.happened = call.Event.OccurredAt
	key := eventKey(c.actor.Connection, call.Event.EventID)
	known, ok, err := events.Get(c.tx, key)
	if err != nil || ok {
		known.Duplicate = true
		return known, err
	}
	var out Receipt
	amends := call.Event.Amends != ""
	if amends {
		out, err = c.amend(key, call)
	} else {
		out, err = c.first(key, call)
	}
	if err != nil {
		return Receipt{}, err
	}
	out.Content = call.Content
	if amends {
		return out, c.answerOnce(key, out)
	}
	return out, events.Put(c.tx, key, out)
}

// answerOnce keeps what was answered to an event that no outcome names.
func (c *command) answerOnce(key string, r Receipt) error {
	if err := eventsOf.Put(c.tx, string(r.Lead)+"\x00"+key, nil); err != nil {
		return err
	}
	return events.Put(c.tx, key, r)
}

// recording is one call on its way through the gate.
type recording struct {
	*command
	key   string
	event bridge.CallEvent
	shut  bool // reported outside the author's access window
	info  bridge.DispositionInfo
	lead  bridge.Lead
	was   bridge.Lead
	p     bridge.Prospect
	scope policy.Record
	gate  gated
	out   bridge.Outcome
	meet  *bridge.Meeting
	verb  policy.Action // of an amendment
}

func (c *command) first(key string, call Call) (Receipt, error) {
	info, err := disposition(call.Event)
	if err != nil {
		return Receipt{}, err
	}
	id, err := c.find(call)
	if err != nil {
		return Receipt{}, err
	}
	l, p, err := c.load(id)
	if err != nil {
		return Receipt{}, err
	}
	r := recording{command: c, key: key, event: call.Event, shut: call.Outside, info: info, lead: l, was: l, p: p, scope: c.record(l, p)}
	given, err := c.given(l)
	if err != nil {
		return Receipt{}, err
	}
	r.scope.Handed = r.scope.Handed || given || slices.Contains(l.HeldBy, c.actor.Connection)
	c.trying(Decision{Kind: "outcome", Record: r.scope}, l)
	r.scope.Owner = c.who.Person // of the call itself
	if err := c.need(policy.Create, bridge.Activity, r.scope, recordACall); err != nil {
		return Receipt{}, err
	}
	r.scope.Owner = c.owner(p)
	return r.run()
}

// disposition settles what the caller concluded.
func disposition(e bridge.CallEvent) (bridge.DispositionInfo, error) {
	code := e.Disposition
	if code == "" {
		return bridge.DispositionInfo{}, &Invalid{"disposition", phrase{"missing, and raw_code {code} is mapped to none", "absent, et raw_code {code} ne correspond à aucun"}.With("{code}", quoteCode(e.RawCode))}
	}
	info, ok := code.Info()
	if !ok {
		return info, &Invalid{"disposition", phrase{"not one of the dispositions", "pas un des résultats d'appel"}}
	}
	if info.Class == bridge.ClassTransient {
		return info, &Invalid{"disposition", phrase{"the call is not finished ({code})", "l'appel n'est pas terminé ({code})"}.With("{code}", code)}
	}
	return info, nil
}

func quoteCode(code string) string {
	if code == "" {
		return "(none)"
	}
	return fmt.Sprintf("%q", code)
}

func (r *recording) run() (Receipt, error) {
	r.begin()
	if err := r.admitFields(!r.late()); err != nil {
		return Receipt{}, err
	}
	if err := r.proposeMeeting(); err != nil {
		return Receipt{}, err
	}
	if err := r.oppose(); err != nil {
		return Receipt{}, err
	}
	if err := r.writeOut(); err != nil {
		return Receipt{}, err
	}
	if err := r.moveLead(); err != nil {
		return Receipt{}, err
	}
	if err := r.finish(); err != nil {
		return Receipt{}, err
	}
	return Receipt{
		ID: r.out.ID, Lead: r.lead.ID, Admitted: r.out.Admitted, Proposed: r.out.Proposed,
		Refused: r.out.Refused, Proposal: r.out.Proposal, Flags: r.out.Flags,
	}, nil
}

func (r *recording) begin() {
	at := r.event.OccurredAt
	future := at.After(r.now.Add(clockSkew))
	if at.IsZero() || future {
		at = r.now
	}
	if r.info.Counts {
		r.lead.Attempts++
	}
	r.out = bridge.Outcome{
		ID:       bridge.OutcomeID(bridge.Operation(r.actor.Connection, r.key, bridge.WriteActivity, 0)),
		EventKey: r.key, Connection: r.actor.Connection, Lead: r.lead.ID, Campaign: r.lead.Campaign,
		Prospect: r.lead.Prospect, Author: r.actor.Person.ID, Role: r.role,
		At: at.UTC(), ReceivedAt: r.now.UTC(), Attempt: r.lead.Attempts, AttemptID: r.event.AttemptID,
		Technical: r.event.Technical, Disposition: r.info.Code, RawCode: r.event.RawCode,
		TalkS: r.event.TalkS, Note: r.event.Note,
	}
	r.out.Flags = r.flags()
	if future {
		r.out.Flags = merge(r.out.Flags, []string{FlagFuture})
	}
}

// clockSkew is how far ahead of ours a platform's clock may be. A call of next
// year would otherwise be the lead's last one until then.
const clockSkew = 5 * time.Minute

// late says whether a later call to the lead was reported before: this one must
// not undo what that one did.
func (r *recording) late() bool { return r.out.At.Before(r.lead.LastAt) }

// flags names the rules that the call broke.
func (r *recording) flags() []string {
	var out []string
	if r.opposed(r.lead) {
		out = append(out, FlagOpposed)
	}
	if r.onLine(r.lead) && r.lead.Lease.Person != r.who.Person {
		out = append(out, FlagOnLine)
	}
	switch r.lead.State {
	case bridge.LeadClosed, bridge.LeadWithdrawn, bridge.LeadFinished:
		out = append(out, FlagEnded)
	}
	if r.info.Code == bridge.DispAppointmentSet && (r.event.Next == nil || r.event.Next.Kind != bridge.NextAppointment) {
		out = append(out, FlagNoTime)
	}
	if r.shut {
		out = append(out, FlagOutside)
	}
	return out
}

// admitFields sends the event's fields through the gate, and with them, if
// concluded says that the disposition is news, the prospect status that follows
// from it, where the role may write it.
func (r *recording) admitFields(concluded bool) error {
	values, refused := r.parse(r.event.Fields)
	var follows []bridge.FieldName
	if _, given := values[bridge.FieldStatus]; concluded && !given && r.info.Status != "" && r.Mapped[r.lead.Prospect.Connection][bridge.FieldStatus] {
		follows = []bridge.FieldName{bridge.FieldStatus}
		if len(r.Policy.Admit(r.who, r.scope, follows).Write) == 1 {
			values[bridge.FieldStatus] = bridge.Value(r.info.Status)
		}
	}
	var err error
	r.gate, err = r.admit(r.lead, r.p, r.scope, values)
	r.gate.refused = append(refused, r.gate.refused...)
	r.gate.follows = follows
	r.gate.asked = slices.DeleteFunc(r.gate.asked, func(name bridge.FieldName) bool { return slices.Contains(follows, name) })
	r.out.Admitted, r.out.Proposed = r.gate.admitted, r.gate.names()
	return err
}

// writeOut appends what was admitted to the outbox and keeps what waits.
func (r *recording) writeOut() error {
	if r.info.Code != bridge.DispTest {
		w := r.write(bridge.WriteActivity, r.key, 0)
		w.Call = r.out.Log("")
		if err := r.append(w, r.key, r.lead.ID, ""); err != nil {
			return err
		}
	}
	if len(r.gate.changes) > 0 {
		w := r.write(bridge.WriteFields, r.key, 0)
		w.Fields = r.gate.changes
		if err := r.append(w, r.key, r.lead.ID, ""); err != nil {
			return err
		}
	}
	if r.meet == nil && len(r.gate.proposed) == 0 {
		return nil
	}
	id, err := r.propose(r.lead, r.key, r.meet, r.gate)
	r.out.Proposal = id
	return err
}

// write is the frame of a write on the lead's prospect.
func (r *recording) write(kind bridge.WriteKind, key string, revision int) bridge.Write {
	return r.frame(r.lead.Prospect, kind, key, revision)
}

// moveLead takes the lead where the disposition leads, unless the call was
// reported late. Another's line stays theirs.
func (r *recording) moveLead() error {
	l := &r.lead
	l.Flags = merge(l.Flags, r.out.Flags)
	if l.Lease != nil && (l.Lease.Person == r.who.Person || !r.onLine(*l)) {
		l.Lease = nil
	}
	if r.late() {
		if l.State == bridge.LeadLeased && l.Lease == nil {
			l.State = bridge.LeadWaiting
		}
		return r.keep(&r.was, *l)
	}
	waits, err := r.waits()
	if err != nil {
		return err
	}
	l.LastAt, l.Last = r.out.At, r.out.Disposition
	l.NextAt = time.Time{}
	switch {
	case l.WithdrawnBy != "" && !mayReturn(*l):
		l.State = bridge.LeadWithdrawn
	case waits:
		l.State = bridge.LeadPending
	case l.State == bridge.LeadClosed:
	case r.info.Class == bridge.ClassRetry || r.info.Class == bridge.ClassScheduled:
		l.State, l.NextAt = bridge.LeadWaiting, r.nextAt()
		if l.WithdrawnBy != "" {
			l.State = bridge.LeadWithdrawn
		}
	default:
		l.State = bridge.LeadFinished
	}
	return r.keep(&r.was, *l)
}

// waits says whether a proposal of the call waits for a supervisor.
func (r *recording) waits() (bool, error) {
	p, ok, err := proposals.Get(r.tx, string(r.out.Proposal))
	return ok && p.State == bridge.Proposed, err
}

// nextAt is when the lead may be called again: when they asked to be, or after
// the disposition's rest.
func (r *recording) nextAt() time.Time {
	if next := r.event.Next; next != nil && next.At != "" {
		if slot, err := r.slot(next.At, next.Zone, "", r.lead.Prospect.Connection); err == nil {
			return slot.UTC
		}
	}
	return r.out.At.Add(r.info.Retry)
}

// finish keeps the outcome, its decision and its ledger line.
func (r *recording) finish() error {
	r.out.Refused = r.gate.refused
	if err := r.used(r.lead); err != nil {
		return err
	}
	if err := outcomes.Put(r.tx, string(r.out.ID), r.out); err != nil {
		return err
	}
	if err := byLead.Put(r.tx, string(r.lead.ID)+"\x00"+due(r.out.At)+string(r.out.ID), nil); err != nil {
		return err
	}
	if err := r.tally(r.out); err != nil {
		return err
	}
	all := slices.Concat(r.out.Admitted, r.out.Proposed)
	if err := r.decidedCall("outcome", all); err != nil {
		return err
	}
	return r.note("outcome", strings.Join(r.out.Flags, " "), all, r.lead.Prospect.Key())
}

func merge(a, b []string) []string {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}
