package connector

import (
	"context"
	"net/http"
	"time"

	"passerelle/internal/bridge"
)

// Conn is an open connection. What more it can do it says by implementing
// Puller, Applier, Finder, Pusher or Hook, and of what it can tell about the
// CRM, Cataloguer, Namer, RightsTeller, PeopleLister, Diary, Calendar and
// Remover. Where it is its settings that leave one of these out, the methods fail
// with [errors.ErrUnsupported] in their chain, before anything is asked.
type Conn interface {
	// Check makes one harmless request: reachable, credentials good, mapped
	// fields exist. Its error is for the integrator.
	Check(ctx context.Context) error
	Close() error
}

// PullRequest asks for one page of a campaign's prospects.
type PullRequest struct {
	Selection string             // in the CRM's terms; "" is everything
	Fields    []bridge.FieldName // only these may be asked of the CRM
	Cursor    string             // "" starts; else what the last page gave
	Limit     int                // prospects wanted at most
}

// Page is one page of prospects. The pages up to one without More are a read.
// The next read begins at that page's Cursor: "" for a read of everything again,
// else at a mark of the connector's (a time, a token) from which it lists only
// what changed. Where deletions and withdrawals leave no trace, such a read lists
// everything from time to time and says so by Whole: once a day at least. A
// prospect may be listed again; none may be left out because others moved.
type Page struct {
	Prospects []bridge.Prospect // ReadAt is the start of the read
	Gone      []string          // ids known to have left the selection
	Cursor    string            // where to go on, also after a restart
	More      bool              // false: this read is at its end
	Whole     bool              // with More false: this read listed all of the selection, so who was not on it has left
}

// Puller reads prospects of a CRM.
type Puller interface {
	Pull(ctx context.Context, req PullRequest) (Page, error)
}

// ReceiptState says what the CRM made of a write.
type ReceiptState string

// The states of a receipt.
const (
	Stored   ReceiptState = "stored"   // the answer shows it stored: no confirmation needed
	Accepted ReceiptState = "accepted" // 2xx: stored if the CRM tells the truth
	Failed   ReceiptState = "failed"   // Err says how
)

// Conflict is a field that the CRM holds another value in than expected. It
// was not written.
type Conflict struct {
	Field bridge.FieldName `json:"field"`
	Found bridge.Value     `json:"found"`
}

// Receipt is what became of one write.
type Receipt struct {
	State      ReceiptState
	ExternalID string     // of the record made, if any
	Conflicts  []Conflict // of a write of fields: these were left as found; the others are as State says
	Err        error      // with Failed; see package fault
}

// Applier writes to a CRM.
type Applier interface {
	// Apply carries the writes out in the given order and answers one receipt
	// for each, in that order. len(writes) is at most the descriptor's Batch.
	// For a write of fields it compares each field with Expected first: equal
	// to Value already counts as written, anything else than Expected is a
	// Conflict. When ctx ends, what was not begun fails as unavailable without
	// MayHaveApplied.
	Apply(ctx context.Context, writes []bridge.Write) []Receipt
}

// Sighting is what a look into the CRM found of a write.
type Sighting struct {
	Present    bool                              // its effect is there
	ExternalID string                            // of the record found
	Copies     int                               // of the record the write made, where that can be told; more than one: the CRM stored it twice
	Fields     map[bridge.FieldName]bridge.Value // of a write of fields: what the CRM holds now
}

// Finder looks for the effects of writes: by operation id, or for a write of
// fields by reading them. It serves both the look before a second try and the
// confirmation.
type Finder interface {
	// Find answers one sighting for each write, in order.
	Find(ctx context.Context, writes []bridge.Write) ([]Sighting, error)
}

// PushItem is one change of a platform's list.
type PushItem struct {
	List     string
	Campaign bridge.CampaignID
	Card     bridge.Card // its Fields are all that may leave
	Lead     bridge.LeadID
	Withdraw bool // take it off the list; Card.Fields is empty
}

// Pusher feeds a phoning platform's lists.
type Pusher interface {
	// Push carries the items out in order and answers one error (or nil) for
	// each. Pushing the same card again changes nothing.
	Push(ctx context.Context, items []PushItem) []error
}

// Event is what a hook request meant, in canonical form.
type Event struct {
	Schema string // "call_outcome.v1"
	Body   []byte // JSON, for the schema to judge
}

// Hook takes a system's webhooks.
type Hook interface {
	// Verify says whether the request is from the system: an error means 401
	// and that nothing is kept.
	Verify(header http.Header, body []byte, now time.Time) error
	// Decode translates a verified request. An error means that it was not
	// understood and will be parked.
	Decode(header http.Header, body []byte) ([]Event, error)
}
