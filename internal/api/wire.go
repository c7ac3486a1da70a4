package api

import (
	"encoding/base64"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/outbox"
	"passerelle/internal/problem"
)

// list is one page of things.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Give it as cursor to go on; absent at the end."`
}

// listOf is a page whose items are made of what was found.
func listOf[F, T any](found []F, next string, make func(F) T) list[T] {
	out := list[T]{Items: []T{}, Next: next}
	for _, f := range found {
		out.Items = append(out.Items, make(f))
	}
	return out
}

// Page is where a list goes on, as a client says it. It is exported for huma,
// which looks into exported members only; so is [WritesPage].
type Page struct {
	Cursor string `query:"cursor" doc:"What the page before answered as next."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" doc:"Items wanted at most; 50 if absent."`
}

func (p Page) desk() (desk.Page, error) {
	after, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return desk.Page{}, problem.BadRequest("").Says(bilingual.Text{
			"query cursor: not one that this API gave out",
			"query cursor : ce n'est pas un curseur que cette API ait donné",
		})
	}
	return desk.Page{After: string(after), Limit: p.Limit}, nil
}

// cursor hides a key of the store from clients that would make up their own.
func cursor(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

// lead is a lead without anything of its prospect but the id: what the reader
// may see of that is on the card.
type lead struct {
	ID          bridge.LeadID      `json:"id"`
	Campaign    bridge.CampaignID  `json:"campaign"`
	ProspectID  string             `json:"prospect_id"`
	State       bridge.LeadState   `json:"state"`
	Attempts    int                `json:"attempts"`
	Assignee    bridge.PersonID    `json:"assignee,omitempty" doc:"Absent: the pool."`
	HeldBy      bridge.PersonID    `json:"held_by,omitempty" doc:"Who has it on the line."`
	HeldUntil   time.Time          `json:"held_until,omitzero" doc:"When it goes back if nothing is heard of it."`
	NextAt      time.Time          `json:"next_at,omitzero" doc:"Not before."`
	Disposition bridge.Disposition `json:"last_disposition,omitempty"`
	Flags       []string           `json:"flags,omitempty" doc:"Rules that a call broke."`
}

func leadOf(l bridge.Lead) lead {
	out := lead{
		ID: l.ID, Campaign: l.Campaign, ProspectID: l.Prospect.ID, State: l.State, Attempts: l.Attempts,
		Assignee: l.Assignee, NextAt: l.NextAt, Disposition: l.Last, Flags: l.Flags,
	}
	if l.Lease != nil {
		out.HeldBy, out.HeldUntil = l.Lease.Person, l.Lease.Until
	}
	return out
}

// card is fields by canonical name: those that the reader may read.
type card map[bridge.FieldName]bridge.Value

// MarshalJSON writes what encoding/json would, several times as fast: a page of
// leads is mostly cards.
func (c card) MarshalJSON() ([]byte, error) {
	const usual = 40 // bytes of a field
	return bridge.AppendFields(make([]byte, 0, usual*(1+len(c))), c), nil
}

// outcome is a call that was recorded.
type outcome struct {
	ID          bridge.OutcomeID   `json:"id"`
	At          time.Time          `json:"at"`
	Author      bridge.PersonID    `json:"author"`
	Attempt     int                `json:"attempt"`
	Technical   bridge.Technical   `json:"technical"`
	Disposition bridge.Disposition `json:"disposition"`
	TalkS       int                `json:"talk_s,omitempty"`
	Note        string             `json:"note,omitempty"`
	Proposal    bridge.ProposalID  `json:"proposal,omitempty"`
	Refused     []bridge.Refusal   `json:"refused,omitempty"`
	Flags       []string           `json:"flags,omitempty"`
}

func outcomeOf(o bridge.Outcome) outcome {
	return outcome{
		ID: o.ID, At: o.At, Author: o.Author, Attempt: o.Attempt, Technical: o.Technical, Disposition: o.Disposition,
		TalkS: o.TalkS, Note: o.Note, Proposal: o.Proposal, Refused: o.Refused, Flags: o.Flags,
	}
}

// meeting is an appointment, in the salesperson's local time.
type meeting struct {
	ID          string          `json:"id"`
	Local       string          `json:"local" doc:"2006-01-02T15:04:05, in zone."`
	Zone        string          `json:"zone"`
	UTC         time.Time       `json:"utc"`
	Minutes     int             `json:"minutes"`
	Salesperson bridge.PersonID `json:"salesperson,omitempty"`
	Subject     string          `json:"subject,omitempty"`
	Place       string          `json:"place,omitempty"`
	Note        string          `json:"note,omitempty"`
	ValidatedBy bridge.PersonID `json:"validated_by,omitempty"`
}

// proposal is a change that waits for a supervisor, or waited.
type proposal struct {
	ID         bridge.ProposalID    `json:"id"`
	Lead       bridge.LeadID        `json:"lead"`
	Campaign   bridge.CampaignID    `json:"campaign"`
	ProspectID string               `json:"prospect_id"`
	Author     bridge.PersonID      `json:"author"`
	State      bridge.ProposalState `json:"state"`
	Meeting    *meeting             `json:"meeting,omitempty"`
	Fields     card                 `json:"fields,omitempty" doc:"Proposed values that you may read."`
	Expected   card                 `json:"expected,omitempty" doc:"What the author's card showed."`
	CreatedAt  time.Time            `json:"created_at"`
	DecidedAt  time.Time            `json:"decided_at,omitzero"`
	DecidedBy  bridge.PersonID      `json:"decided_by,omitempty"`
	Reason     string               `json:"reason,omitempty"`
	Refused    []bridge.Refusal     `json:"refused,omitempty" doc:"Proposed fields that the validator may not write."`
	Revision   int                  `json:"revision"`
	Flags      []string             `json:"flags,omitempty" doc:"busy: the salesperson has something else in the CRM then; moved_in_crm, reassigned_in_crm, cancelled_in_crm, deleted_in_crm: what its people did."`
}

func proposalOf(p bridge.Proposal) proposal {
	out := proposal{
		ID: p.ID, Lead: p.Lead, Campaign: p.Campaign, ProspectID: p.Prospect.ID, Author: p.Author, State: p.State,
		Fields: card(p.Fields), Expected: card(p.Expected), CreatedAt: p.CreatedAt,
		DecidedAt: p.DecidedAt, DecidedBy: p.DecidedBy, Reason: p.Reason, Refused: p.Refused, Revision: p.Revision, Flags: p.Flags,
	}
	if m := p.Meeting; m != nil {
		out.Meeting = &meeting{
			ID: m.ID, Local: m.Slot.Local, Zone: m.Slot.Zone, UTC: m.Slot.UTC, Minutes: m.Slot.Minutes,
			Salesperson: m.Salesperson, Subject: m.Subject, Place: m.Place, Note: m.Note, ValidatedBy: m.ValidatedBy,
		}
	}
	return out
}

// ruled is where a command left a proposal or a write. What they hold is to be
// asked for: the one who decides need not be one who may read it.
type ruled[ID, State ~string] struct {
	ID    ID    `json:"id"`
	State State `json:"state"`
}

type (
	proposalState = ruled[bridge.ProposalID, bridge.ProposalState]
	writeState    = ruled[string, outbox.State]
)

// change is a field of a write; value and expected are empty for those who may
// not read it.
type change struct {
	Name     bridge.FieldName `json:"name"`
	Value    bridge.Value     `json:"value,omitempty"`
	Expected bridge.Value     `json:"expected,omitempty"`
	Found    bridge.Value     `json:"found,omitempty" doc:"What the CRM held instead."`
	Conflict bool             `json:"conflict,omitempty"`
}

// write is an entry of the outbox.
type write struct {
	ID         string                `json:"id"`
	Connection bridge.ConnectionName `json:"connection"`
	Kind       bridge.WriteKind      `json:"kind"`
	State      outbox.State          `json:"state"`
	ProspectID string                `json:"prospect_id"`
	Lead       bridge.LeadID         `json:"lead,omitempty"`
	Proposal   bridge.ProposalID     `json:"proposal,omitempty"`
	Operation  bridge.OperationID    `json:"operation"`
	Author     bridge.PersonID       `json:"author,omitempty"`
	Fields     []change              `json:"fields,omitempty"`
	Attempts   int                   `json:"attempts"`
	Created    time.Time             `json:"created"`
	Changed    time.Time             `json:"changed"`
	NotUntil   time.Time             `json:"not_until,omitzero"`
	Deadline   time.Time             `json:"deadline,omitzero"`
	Reason     string                `json:"reason,omitempty" doc:"The CRM's words, or a person's."`
	Finding    string                `json:"finding,omitempty" doc:"What the CRM last got wrong with it."`
	ExternalID string                `json:"external_id,omitempty"`
	By         string                `json:"superseded_by,omitempty"`
}

func writeOf(e outbox.Entry) write {
	out := write{
		ID: e.ID, Connection: e.Connection(), Kind: e.Write.Kind, State: e.State, ProspectID: e.Write.Prospect.ID,
		Lead: e.Lead, Proposal: e.Proposal, Operation: e.Write.Operation, Author: e.Write.Author, Attempts: e.Attempts,
		Created: e.Created, Changed: e.Changed, NotUntil: e.NotUntil, Deadline: e.Deadline, Reason: e.Reason,
		Finding: e.Finding, ExternalID: e.External, By: e.By,
	}
	for _, f := range e.Write.Fields {
		c := change{Name: f.Name, Value: f.Value, Expected: f.Expected}
		for _, conflict := range e.Conflict {
			if conflict.Field == f.Name {
				c.Conflict, c.Found = true, conflict.Found
			}
		}
		out.Fields = append(out.Fields, c)
	}
	return out
}
