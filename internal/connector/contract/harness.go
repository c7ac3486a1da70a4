package contract

import (
	"net/http"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Harness is what a connector's own test supplies.
type Harness struct {
	Descriptor connector.Descriptor

	// World makes a system in miniature that shares nothing with another.
	World func(t *testing.T) *World

	// Bad are settings that Open must refuse.
	Bad []Bad

	// Kinds are the statuses that this system means something else by than
	// others do.
	Kinds map[int]fault.Kind

	// Answers are the system's own ways to say no: success:false under 200, an
	// empty 500. The suite brings each to everything that can be asked.
	Answers []Answer

	// Alters are the texts of the suite ("quotes", "emoji") that the system would
	// store as something else. A field write of one must be refused before it is
	// sent; a note is changed so that it passes.
	Alters []string

	// Validate judges an event's body by its schema. Needed by a Hook.
	Validate func(schema string, body []byte) error
}

// Answer is an answer of the system and what it means.
type Answer struct {
	Name   string
	Status int
	Header map[string]string
	Body   string // JSON unless Header says otherwise
	Kind   fault.Kind
	After  time.Duration
	Only   []string // of what can be asked (check, pull, apply, find, catalogue, rights, people, busy, appointments, remove); nil is everything
}

// Bad is settings that must be refused, and the key that the error names.
type Bad struct {
	Name     string // of the case
	Settings string // YAML
	Names    string
}

// World is a system in miniature and how to connect to it.
type World struct {
	// Server is the system, for a connector that speaks HTTP; Client reaches it
	// and is best made by httpx, private addresses allowed. Both may be nil.
	Server http.Handler
	Client *http.Client

	// Writes says whether a request changes something; nil: all but GETs do. It
	// may read the body.
	Writes func(r *http.Request) bool

	// Later moves the system's clock on; nil if it has none. The suite's own,
	// which the connection's Env has, is moved with it.
	Later func(time.Duration)

	// Settings is a good connection's settings in YAML; url is where the
	// server's root is, "" without one.
	Settings func(url string) string

	Fields connector.FieldMap
	Dir    string         // of the connection's Env
	Zone   *time.Location // of the connection's Env; nil is Europe/Paris

	Secrets  []string // stand in the settings, under keys that are flagged as secret
	Personal []string // values that the system holds; its refusals quote them

	CRM      *CRM      // of a CRM
	Platform *Platform // of a Pusher
	Hook     *Hook     // of a Hook
	Sessions *Sessions // of a CRM whose credentials buy sessions
}

// CRM is a CRM seen from its own screen.
type CRM struct {
	Prospects []string           // the ids of all prospects of Selection, at least five; every mapped field of each has a value
	Selection string             // what to ask for; "" is everything
	Texts     []bridge.FieldName // two mapped fields of type text, at least
	Users     []string           // the ids of active users, two at least: calls are the first one's, appointments stand with the second

	Get     func(id string, field bridge.FieldName) bridge.Value        // what the CRM holds, in canonical form
	Set     func(id string, field bridge.FieldName, value bridge.Value) // as a person would at its screen
	Asked   func() []string                                             // its field names that were ever asked for, less the id and what the paging itself needs; nil where a read cannot be told what to read
	Effects func(w bridge.Write) int                                    // how many calls or appointments of this write it holds
	Slot    func(meeting string) (start time.Time, live bool)           // an appointment of ours, by its id
	Barred  func(id string) bool                                        // whether a prospect is marked as not to be called

	Screen Screen
}

// Screen is what else people do at a CRM's own screen. What a connector declares
// or implements decides which of it must be there.
type Screen struct {
	Add      func() string         // a new prospect of the selection, every mapped field filled; its id
	Delete   func(id string)       // deletes a prospect
	Withdraw func(id string)       // takes a prospect out of the selection; where the world names one
	Oppose   func(id string)       // marks a prospect as not to be called; where FieldDoNotCall is mapped
	Assign   func(id, user string) // gives a prospect to a user; where FieldOwner is mapped

	// Freeze takes the right to write a mapped field from the connection's key;
	// nil where the CRM has no rights on fields.
	Freeze func(field bridge.FieldName)

	Retire func(user string)                                 // a user leaves; of a PeopleLister
	Occupy func(user string, from, to time.Time) (id string) // an appointment that is none of ours; of a Diary or a Remover

	// What they do to an appointment of ours, by its id; of a Calendar. Nil where
	// the CRM has no such thing; Move, Retouch and one way to end it must be there.
	Move   func(meeting string, to time.Time)
	Cancel func(meeting string) // marks it as not to take place
	Drop   func(meeting string) // deletes it
	Give   func(meeting, user string)
	Hide   func(meeting string) // the key may no longer see it, or cannot read when it is

	// Retouch writes a text into everything that says what an appointment is about,
	// and marks it as held where the CRM knows that. It answers what they see there
	// from then on, by the names of the CRM.
	Retouch func(meeting, text string) (seen func() map[string]string)
}

// Platform is a phoning platform seen from its own screen.
type Platform struct {
	List   string
	Fields []bridge.FieldName // some that cards may hold, two at least

	// Held is what each lead shows, in canonical names and form.
	Held func() map[bridge.LeadID]map[bridge.FieldName]bridge.Value
}

// Hook is how a system calls us.
type Hook struct {
	// Sign gives the header that the system sends a body with, at that time.
	Sign func(body []byte, at time.Time) http.Header

	// Undated says that the system signs no time, so that an old request
	// cannot be told from a new one.
	Undated bool

	Good    []Message
	Unknown []Message // well signed, but not to be understood: Decode must fail
}

// Message is the body of a webhook.
type Message struct {
	Name   string
	Body   []byte
	Events int // that it means
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	t.Run("descriptor", h.descriptor)
	t.Run("settings", h.settings)
	t.Run("life", h.life)
	if h.Descriptor.Kind == connector.CRM {
		t.Run("pull", h.pull)
		t.Run("follows", h.follows)
		t.Run("fields", h.fields)
		t.Run("values", h.values)
		t.Run("activity", h.activity)
		t.Run("appointment", h.appointment)
		t.Run("opposition", h.opposition)
		t.Run("batch", h.batch)
		t.Run("parallel", h.parallel)
		t.Run("sessions", h.sessions)
		t.Run("insight", h.insight)
	} else {
		t.Run("push", h.push)
		t.Run("hook", h.hook)
	}
	t.Run("faults", h.faults)
}

func (h Harness) takes(t *testing.T, kind bridge.WriteKind) bool {
	t.Helper()
	if h.Descriptor.Takes(kind) {
		return true
	}
	o := h.open(t)
	w := o.writeOf(kind, o.CRM.Prospects[0])
	receipt := o.apply(t, w)
	if receipt.State != connector.Failed || fault.Of(receipt.Err).Kind != fault.Rejected {
		t.Errorf("%s is not declared: want it rejected, got %+v", kind, receipt)
	}
	return false
}
