package bridge

import (
	"maps"
	"slices"
	"time"
)

// NextKind is the next step that a caller asks for.
type NextKind string

// The next steps.
const (
	NextNone        NextKind = "none"
	NextRetry       NextKind = "retry"
	NextCallback    NextKind = "callback"
	NextAppointment NextKind = "appointment"
	NextSuppress    NextKind = "suppress"
)

// Next is the next step after a call. At is a local time in Zone if it has no
// offset of its own.
type Next struct {
	Kind    NextKind `json:"kind"`
	At      string   `json:"at,omitempty"`
	Zone    string   `json:"zone,omitempty"`
	With    string   `json:"with,omitempty"` // the salesperson: a person id
	Minutes int      `json:"minutes,omitempty"`
	Subject string   `json:"subject,omitempty"`
	Place   string   `json:"place,omitempty"`
}

// CallEvent is one finished call as a platform reports it: the canonical form
// of the schema call_outcome.v1.
type CallEvent struct {
	EventID     string            `json:"event_id"`
	OccurredAt  time.Time         `json:"occurred_at"`
	Connection  ConnectionName    `json:"connection"`
	Campaign    CampaignID        `json:"campaign"`
	ProspectID  string            `json:"prospect_id,omitempty"`
	Phone       string            `json:"phone,omitempty"`
	Agent       string            `json:"agent"` // a login on the connection
	Technical   Technical         `json:"technical"`
	Disposition Disposition       `json:"disposition,omitempty"`
	RawCode     string            `json:"raw_code,omitempty"`
	AttemptID   string            `json:"attempt_id,omitempty"`
	TalkS       int               `json:"talk_s,omitempty"`
	Note        string            `json:"note,omitempty"`
	Fields      map[FieldName]any `json:"fields,omitempty"` // string, number, boolean or null
	Next        *Next             `json:"next,omitempty"`
	Amends      string            `json:"amends,omitempty"` // the event id of the call this adds to
}

// OutcomeID names an outcome.
type OutcomeID string

// Outcome is one finished call as the bridge keeps it.
type Outcome struct {
	ID          OutcomeID      `json:"id"`
	EventKey    string         `json:"event_key"`
	Connection  ConnectionName `json:"connection"`
	Lead        LeadID         `json:"lead"`
	Campaign    CampaignID     `json:"campaign"`
	Prospect    Ref            `json:"prospect"`
	Author      PersonID       `json:"author"`
	Role        Role           `json:"role"`
	At          time.Time      `json:"at"`
	ReceivedAt  time.Time      `json:"received_at"`
	Attempt     int            `json:"attempt"` // counted per lead, from 1
	AttemptID   string         `json:"attempt_id,omitempty"`
	Technical   Technical      `json:"technical"`
	Disposition Disposition    `json:"disposition"`
	RawCode     string         `json:"raw_code,omitempty"`
	TalkS       int            `json:"talk_s,omitempty"`
	Note        string         `json:"note,omitempty"`
	Revision    int            `json:"revision"` // raised by each amendment
	Admitted    []FieldName    `json:"admitted,omitempty"`
	Proposed    []FieldName    `json:"proposed,omitempty"`
	Refused     []Refusal      `json:"refused,omitempty"`
	Proposal    ProposalID     `json:"proposal,omitempty"`
	Flags       []string       `json:"flags,omitempty"` // what a supervisor should know
}

// Refusal is what the gate did not let through. It never holds a value.
type Refusal struct {
	Field  FieldName `json:"field"`
	Reason string    `json:"reason"`              // for people
	French string    `json:"reason_fr,omitempty"` // the same in French
	Rule   string    `json:"rule,omitempty"`      // where in the policy
	Remedy string    `json:"remedy,omitempty"`    // the smallest change that would allow it
}

// In is the reason in French if lang is "fr" and it is known so, else in English.
func (r Refusal) In(lang string) string {
	if lang == "fr" && r.French != "" {
		return r.French
	}
	return r.Reason
}

// ProposalID names a proposal.
type ProposalID string

// ProposalState is where a proposal stands. The transitions are drawn in
// internal/desk/STATES.md.
type ProposalState string

// The states of a proposal.
const (
	Proposed    ProposalState = "proposed"
	Validated   ProposalState = "validated"
	Synced      ProposalState = "synced"
	Rejected    ProposalState = "rejected"
	Rescheduled ProposalState = "rescheduled" // moved after validation; must be validated again
	Cancelled   ProposalState = "cancelled"
	Expired     ProposalState = "expired"
)

// Slot is a moment on a salesperson's wall: local time in Zone, and the same
// in UTC. If zone rules change, local time wins.
type Slot struct {
	Local   string    `json:"local"` // 2006-01-02T15:04:05
	Zone    string    `json:"zone"`  // IANA
	UTC     time.Time `json:"utc"`
	Minutes int       `json:"minutes"`
}

// Meeting is an appointment.
type Meeting struct {
	ID          string   `json:"id"` // ours; the UID in calendars
	Slot        Slot     `json:"slot"`
	Salesperson PersonID `json:"salesperson,omitempty"`
	CRMUser     string   `json:"crm_user,omitempty"` // the salesperson's user id in the CRM
	Subject     string   `json:"subject,omitempty"`
	Place       string   `json:"place,omitempty"`
	Note        string   `json:"note,omitempty"`
	ValidatedBy PersonID `json:"validated_by,omitempty"`
	ExternalID  string   `json:"external_id,omitempty"` // the CRM's, once it exists there
}

// Proposal is a change that needs a supervisor.
type Proposal struct {
	ID         ProposalID          `json:"id"`
	Lead       LeadID              `json:"lead"`
	Campaign   CampaignID          `json:"campaign"`
	Prospect   Ref                 `json:"prospect"`
	Author     PersonID            `json:"author"`
	Connection ConnectionName      `json:"connection"` // the author came through
	EventKey   string              `json:"event_key"`
	State      ProposalState       `json:"state"`
	Meeting    *Meeting            `json:"meeting,omitempty"`
	Fields     map[FieldName]Value `json:"fields,omitempty"`   // proposed new values
	Expected   map[FieldName]Value `json:"expected,omitempty"` // what the author's card showed
	CardReadAt time.Time           `json:"card_read_at"`
	CreatedAt  time.Time           `json:"created_at"`
	DecidedAt  time.Time           `json:"decided_at,omitzero"`
	DecidedBy  PersonID            `json:"decided_by,omitempty"`
	Reason     string              `json:"reason,omitempty"`
	Refused    []Refusal           `json:"refused,omitempty"` // proposed fields that the validator may not write
	Revision   int                 `json:"revision"`          // raised by each change, ours and the CRM's people's
	Entries    []string            `json:"entries,omitempty"` // outbox entries it became
	Policy     string              `json:"policy"`
	Flags      []string            `json:"flags,omitempty"` // what a supervisor should know
}

// Names lists the proposed fields in alphabetical order.
func (p Proposal) Names() []FieldName { return slices.Sorted(maps.Keys(p.Fields)) }

// Log is the outcome as a CRM's history shows it. revises is the operation that
// first logged the call, "" for a first log.
func (o Outcome) Log(revises OperationID) *CallLog {
	return &CallLog{
		At: o.At, Attempt: o.Attempt, TalkS: o.TalkS, Technical: o.Technical,
		Disposition: o.Disposition, Note: o.Note, Caller: o.Author, Revises: revises,
	}
}
