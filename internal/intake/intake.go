package intake

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/faultpoint"
	"passerelle/internal/identity"
	"passerelle/internal/problem"
	"passerelle/internal/schema"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Line is one phoning connection that reports by webhook.
type Line struct {
	Name      bridge.ConnectionName
	Hook      connector.Hook
	Codes     map[string]bridge.Disposition
	Campaigns map[string]bridge.CampaignID // by the platform's list
}

// Options make an intake.
type Options struct {
	Desk      *desk.Desk
	People    *identity.People
	Store     *store.Store
	Seal      secret.Key // parked events are sealed with it
	Schemas   *schema.Set
	Lines     []Line
	BodyLimit int64
	Now       func() time.Time
	Log       *slog.Logger
	// Acknowledged is told how long an accepted request took; may be nil.
	Acknowledged func(c bridge.ConnectionName, took time.Duration)
}

// Intake takes events in. It is safe for concurrent use.
type Intake struct {
	opts  Options
	lines map[bridge.ConnectionName]Line
}

// New makes an intake.
func New(opts Options) *Intake {
	in := &Intake{opts: opts, lines: map[bridge.ConnectionName]Line{}}
	for _, l := range opts.Lines {
		in.lines[l.Name] = l
	}
	return in
}

// Result is what became of one event of a request.
type Result struct {
	EventID string `json:"event_id,omitempty"`
	State   string `json:"state"` // recorded, duplicate, parked or forgotten
	desk.Receipt
	Parked string `json:"parked,omitempty"` // its id among the parked events
	Reason string `json:"reason,omitempty"` // why it was parked
}

// The states of a [Result].
const (
	Recorded  = "recorded"
	Duplicate = "duplicate"
	Parked    = "parked"
)

// ServeHTTP takes a webhook of the connection named by the path's last part.
func (in *Intake) Serve(w http.ResponseWriter, r *http.Request, name bridge.ConnectionName) {
	start := in.opts.Now()
	line, ok := in.lines[name]
	if !ok {
		problem.Write(w, r, problem.NotFound("there is no phoning connection of this name that takes webhooks"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, in.opts.BodyLimit))
	if err != nil {
		in.unread(w, r, err)
		return
	}
	if err := line.Hook.Verify(r.Header, body, in.opts.Now()); err != nil {
		in.opts.Log.Info("a webhook was refused", "connection", name, "err", err)
		problem.Write(w, r, problem.Unauthorized("the signature is missing, wrong or too old"))
		return
	}
	results, err := in.take(r.Context(), line, r.Header, body)
	if err != nil {
		in.notKept(w, r, name, err)
		return
	}
	faultpoint.Hit("intake.commit.after")
	if in.opts.Acknowledged != nil {
		in.opts.Acknowledged(name, in.opts.Now().Sub(start))
	}
	answer(w, results)
}

// notKept asks the platform to send a body again.
func (in *Intake) notKept(w http.ResponseWriter, r *http.Request, name bridge.ConnectionName, err error) {
	why, refused := store.Refused(err)
	if refused { // whoever opened the store has told of it, once
		in.opts.Log.Debug("the store refused an event", "connection", name, "err", err)
	} else {
		in.opts.Log.Error("an event could not be kept", "connection", name, "err", err)
		why = bilingual.Text{"the event could not be kept; send it again", "l'événement n'a pas pu être conservé ; envoyez-le de nouveau"}
	}
	problem.Write(w, r, problem.Unavailable(why.String(), 5*time.Second))
}

func (in *Intake) unread(w http.ResponseWriter, r *http.Request, err error) {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		problem.Write(w, r, problem.TooLarge(tooLarge.Limit))
		return
	}
	problem.Write(w, r, problem.BadRequest("the body could not be read to its end"))
}

// understood says whether an error is about the event, not about us.
func understood(err error) bool {
	var (
		schemaErr *schema.Error
		denied    *desk.Denied
		notFound  *desk.NotFound
		invalid   *desk.Invalid
		clash     *desk.Clash
		unknown   *unknownError
		unread    *unreadError
	)
	return errors.As(err, &schemaErr) || errors.As(err, &denied) || errors.As(err, &notFound) ||
		errors.As(err, &invalid) || errors.As(err, &clash) || errors.As(err, &unknown) || errors.As(err, &unread)
}

// inOurWords says why an event was not understood without a word of it: log and
// ledger are not erased when a person is, and a platform may write anything
// anywhere. The parked event's reason says more.
func inOurWords(err error) string {
	if e, ok := errors.AsType[*schema.Error](err); ok {
		return "it does not fit " + e.Schema
	}
	if e, ok := errors.AsType[*desk.NotFound](err); ok {
		return "there is no such " + strings.TrimSuffix(e.What.String(), ":")
	}
	if e, ok := errors.AsType[*desk.Invalid](err); ok {
		return "its " + e.Part + " makes no sense"
	}
	if e, ok := errors.AsType[*unknownError](err); ok {
		return e.why
	}
	if understood(err) {
		return "it is not allowed, or not now"
	}
	return "it cannot be read"
}

// forgotten says whether an event was about somebody of whom nothing is kept.
func forgotten(err error) bool {
	_, ok := errors.AsType[*desk.Forgotten](err)
	return ok
}

// unknownError is an event that names somebody or something we do not know. Its
// words are ours.
type unknownError struct{ why string }

func (e *unknownError) Error() string { return e.why }

// unreadError is a body in which the connector finds no event.
type unreadError struct{ error }
