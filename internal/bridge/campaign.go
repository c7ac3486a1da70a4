package bridge

import "time"

// CampaignID names a campaign.
type CampaignID string

// Campaign is a selection of prospects of a CRM and how they are called.
type Campaign struct {
	ID        CampaignID     `json:"id"`
	Name      string         `json:"name"`
	CRM       ConnectionName `json:"crm"`
	Selection string         `json:"selection,omitempty"` // in the CRM's own terms
	Feeds     []PlatformList `json:"feeds,omitempty"`     // platform lists that get its cards
	Team      string         `json:"team,omitempty"`      // whose campaign it is
	Principal string         `json:"principal,omitempty"` // whose product is sold
	Rules     string         `json:"rules"`               // the calling rule set
	Script    string         `json:"script,omitempty"`
	Ends      time.Time      `json:"ends,omitzero"`
}

// Ended says whether the campaign is over at now.
func (c Campaign) Ended(now time.Time) bool { return !c.Ends.IsZero() && !now.Before(c.Ends) }

// PlatformList is a list of a phoning platform and the profile its cards are
// made for.
type PlatformList struct {
	Connection ConnectionName `json:"connection"`
	List       string         `json:"list"`
	Profile    Profile        `json:"profile"`
}

// Prospect is a record of a CRM as the bridge last read it.
type Prospect struct {
	Ref      Ref                 `json:"ref"`
	Fields   map[FieldName]Value `json:"fields"`
	Modified time.Time           `json:"modified,omitzero"` // by the CRM's clock, if it tells
	ReadAt   time.Time           `json:"read_at"`           // when the read began, by our clock
}

// LeadID names a prospect inside a campaign.
type LeadID string

// LeadState is where a lead stands on the call floor. The transitions are
// drawn in internal/desk/STATES.md.
type LeadState string

// The states of a lead.
const (
	LeadWaiting   LeadState = "waiting"   // may be handed out, from NextAt on
	LeadLeased    LeadState = "leased"    // on somebody's line until the lease ends
	LeadPending   LeadState = "pending"   // a proposal waits for a supervisor
	LeadFinished  LeadState = "finished"  // its outcome is final
	LeadClosed    LeadState = "closed"    // a supervisor ended the sequence
	LeadWithdrawn LeadState = "withdrawn" // left the selection, or must not be called
)

// LeadStates lists them all.
func LeadStates() []LeadState {
	return []LeadState{LeadWaiting, LeadLeased, LeadPending, LeadFinished, LeadClosed, LeadWithdrawn}
}

// Lease gives one person the lead alone until it ends.
type Lease struct {
	Person PersonID  `json:"person"`
	Until  time.Time `json:"until"`
}

// Lead is a prospect inside a campaign.
type Lead struct {
	ID          LeadID           `json:"id"`
	Campaign    CampaignID       `json:"campaign"`
	Prospect    Ref              `json:"prospect"`
	Team        string           `json:"team,omitempty"`
	Assignee    PersonID         `json:"assignee,omitempty"` // "" is the pool
	State       LeadState        `json:"state"`
	Attempts    int              `json:"attempts"`
	LastAt      time.Time        `json:"last_at,omitzero"` // of the last call
	Last        Disposition      `json:"last_disposition,omitempty"`
	NextAt      time.Time        `json:"next_at,omitzero"` // not before
	Numbers     []string         `json:"numbers,omitempty"`
	Lease       *Lease           `json:"lease,omitempty"`
	HeldBy      []ConnectionName `json:"held_by,omitempty"` // platforms that were pushed this lead
	Flags       []string         `json:"flags,omitempty"`   // rules that a call broke
	CreatedAt   time.Time        `json:"created_at"`
	WithdrawnBy string           `json:"withdrawn_by,omitempty"`
}

// Card is the projection of a prospect that one role may see. Only cards leave
// for callers.
type Card struct {
	Prospect Ref                 `json:"-"`
	Role     Role                `json:"-"`
	Policy   string              `json:"-"` // hash of the policy that made it
	ReadAt   time.Time           `json:"-"` // when the CRM read behind it began
	Fields   map[FieldName]Value `json:"fields"`
	Context  map[string]string   `json:"context,omitempty"`
}
