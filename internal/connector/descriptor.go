package connector

import (
	"context"
	"net/http"
	"slices"
	"time"

	"passerelle/internal/bridge"
)

// Kind says which side of the bridge a connector is on.
type Kind string

// The two sides.
const (
	CRM     Kind = "crm"
	Phoning Kind = "phoning"
)

// Idempotency says what the CRM does with the same write twice.
type Idempotency string

// How a second try is kept from a second effect.
const (
	Native   Idempotency = "native"    // the CRM refuses or absorbs the repeat
	ByLookup Idempotency = "by_lookup" // the operation id can be found before a second try
	None     Idempotency = "none"      // neither: a lost answer is parked for a person
)

// Confirmation says what proves that a write is stored.
type Confirmation string

// The proofs.
const (
	ByAnswer   Confirmation = "answer"   // the response shows the stored record
	ByList     Confirmation = "list"     // one read confirms many, within five minutes
	ByReadback Confirmation = "readback" // a read of each record
)

// Setting is one key of a connection's `settings` in the config.
type Setting struct {
	Key    string
	Secret bool
	Doc    string
}

// Descriptor says as data what a system is and can do.
type Descriptor struct {
	Name     string // the config's `type`
	Kind     Kind
	Doc      string // one line
	Settings []Setting

	Kinds        []bridge.WriteKind // writes it can take; others are refused at start or parked
	Idempotency  Idempotency
	Confirmation Confirmation
	Batch        int           // writes one Apply takes; 1 where the CRM has no batches
	Tokens       int           // requests one write may cost at worst; 0 where requests are free (local files)
	Local        bool          // only the hub's own writer may serve it
	Settle       time.Duration // how late a timed-out write may still appear

	// Open checks the settings and makes the connection; no network I/O.
	Open func(ctx context.Context, env Env) (Conn, error)
}

// Takes says whether the CRM can take writes of this kind.
func (d Descriptor) Takes(kind bridge.WriteKind) bool { return slices.Contains(d.Kinds, kind) }

// FieldMap is how a connection names our fields: canonical to vendor.
type FieldMap map[bridge.FieldName]string

// Names lists the canonical names in order.
func (m FieldMap) Names() []bridge.FieldName {
	names := make([]bridge.FieldName, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Env is what the bridge gives a connection when it opens it.
type Env struct {
	Name    bridge.ConnectionName
	Decode  func(into any) error // the connection's `settings`, strictly; findings name file:line:col
	Fields  FieldMap
	Catalog bridge.Catalog
	HTTP    *http.Client       // the one outbound client (connector/httpx): limits, counting, address guard
	Meter   func(requests int) // counts requests that do not go through HTTP; never nil
	Now     func() time.Time
	Zone    *time.Location // of the connection: how its naive times are meant
	Dir     string         // relative paths of the settings start here

	// Session gives a connection whose credentials buy sessions the way to its
	// tokens: shared by all processes that serve it, kept sealed over a restart.
	Session func(Login) Access
}

// Registry is the connectors of a binary, by name.
type Registry map[string]Descriptor

// Names lists the connectors in order.
func (r Registry) Names() []string {
	names := make([]string, 0, len(r))
	for n := range r {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
