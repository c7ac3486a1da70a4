package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"github.com/oklog/ulid/v2"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/identity"
	"passerelle/internal/problem"
	"passerelle/internal/schema"
)

// The routes whose bodies only their JSON Schema judges. They are what a call
// floor sends all day, so nothing stands between the router and the desk.
const (
	outcomePath     = "/v1/leads/{id}/outcomes"
	appointmentPath = "/v1/leads/{id}/appointments"
)

// receipt is what became of an outcome's fields.
type receipt struct {
	ID       bridge.OutcomeID   `json:"id,omitempty"`
	Lead     bridge.LeadID      `json:"lead"`
	Admitted []bridge.FieldName `json:"admitted" doc:"On their way to the CRM."`
	Proposed []bridge.FieldName `json:"proposed" doc:"Waiting for a supervisor."`
	Refused  []bridge.Refusal   `json:"refused" doc:"Kept with the reason, not written."`
	Proposal bridge.ProposalID  `json:"proposal,omitempty"`
	Flags    []string           `json:"flags,omitempty"`
}

func receiptOf(r desk.Receipt) receipt {
	out := receipt{ID: r.ID, Lead: r.Lead, Admitted: r.Admitted, Proposed: r.Proposed, Refused: r.Refused, Proposal: r.Proposal, Flags: r.Flags}
	if out.Admitted == nil {
		out.Admitted = []bridge.FieldName{}
	}
	if out.Proposed == nil {
		out.Proposed = []bridge.FieldName{}
	}
	if out.Refused == nil {
		out.Refused = []bridge.Refusal{}
	}
	return out
}

func (a *API) outcome(w http.ResponseWriter, r *http.Request) {
	start := a.opts.Now()
	actor, _ := identity.FromContext(r.Context())
	id := bridge.LeadID(chi.URLParam(r, "id"))
	got, err := a.record(r, actor, id)
	if err != nil {
		problem.Write(w, r, a.problem(r.Context(), in(err, "next")))
		return
	}
	a.opts.Acknowledged(actor.Connection, a.opts.Now().Sub(start))
	a.accepted(w, r, receiptOf(got))
}

func (a *API) record(r *http.Request, actor bridge.Actor, id bridge.LeadID) (desk.Receipt, error) {
	var event bridge.CallEvent
	if err := a.decode(r, "outcome_request.v1", &event); err != nil {
		return desk.Receipt{}, err
	}
	var err error
	if event.EventID, err = eventID("outcome", actor, r.Header.Get(keyHeader)); err != nil {
		return desk.Receipt{}, err
	}
	event.Connection, event.Agent = actor.Connection, actor.Person.Phoning[actor.Connection].Name
	asked, err := content(event, id)
	if err != nil {
		return desk.Receipt{}, err
	}
	got, err := a.opts.Desk.Record(r.Context(), actor, desk.Call{Event: event, Lead: id, Content: asked, Outside: a.opts.Guard.Shut(r) != nil})
	if err != nil {
		return got, err
	}
	return got, sameContent(got.Content, asked)
}

// content names what a call says, its id included.
func content(event bridge.CallEvent, lead bridge.LeadID) (string, error) {
	raw, err := json.Marshal(struct {
		Event bridge.CallEvent
		Lead  bridge.LeadID
	}{event, lead})
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12]), err
}

// appointmentRequest is the schema appointment_request.v1.
type appointmentRequest struct {
	bridge.Next
	Note string `json:"note"`
}

func (a *API) appointment(w http.ResponseWriter, r *http.Request) {
	actor, _ := identity.FromContext(r.Context())
	id := bridge.LeadID(chi.URLParam(r, "id"))
	p, err := a.propose(r, actor, id)
	if err != nil {
		problem.Write(w, r, a.problem(r.Context(), in(err, "")))
		return
	}
	a.accepted(w, r, proposalState{p.ID, p.State})
}

func (a *API) propose(r *http.Request, actor bridge.Actor, id bridge.LeadID) (bridge.Proposal, error) {
	var req appointmentRequest
	if err := a.decode(r, "appointment_request.v1", &req); err != nil {
		return bridge.Proposal{}, err
	}
	event, err := eventID("appointment", actor, r.Header.Get(keyHeader))
	if err != nil {
		return bridge.Proposal{}, err
	}
	req.Kind = bridge.NextAppointment
	p, err := a.opts.Desk.ProposeMeeting(r.Context(), actor, id, event, req.Next, req.Note)
	if err != nil {
		return p, err
	}
	return p, sameLead(p.Lead, id)
}

// decode reads the body by its schema.
func (a *API) decode(r *http.Request, name string, into any) error {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return unread(err)
	}
	err = a.opts.Schemas.Decode(name, raw, into)
	if bad, ok := errors.AsType[*schema.Error](err); ok {
		return unfit(raw, bad)
	}
	return err
}

// accepted answers 202: it is kept.
func (a *API) accepted(w http.ResponseWriter, r *http.Request, answer any) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil {
		problem.Write(w, r, a.internal(r.Context(), err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(raw.Bytes()) // the client may be gone
}

// in puts the parts of a next step that the desk names where they stand in the
// body: under member, "" for the body itself.
func in(err error, member string) error {
	wrong, ok := errors.AsType[*desk.Invalid](err)
	if !ok {
		return err
	}
	part := strings.TrimPrefix(wrong.Part, "next.")
	if member != "" && (part != wrong.Part || part == "at" || part == "zone") {
		part = member + "." + part
	}
	return &desk.Invalid{Part: part, Why: wrong.Why}
}

const (
	keyHeader = "Idempotency-Key"
	maxKey    = 200
)

// eventID names a command so that its repeat is known: by the client's key,
// which is theirs alone and for one kind of command; without one each is new.
func eventID(kind string, actor bridge.Actor, key string) (string, error) {
	if key == "" {
		key = ulid.Make().String()
	}
	if len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", problem.BadRequest("").Says(bilingual.Text{
			keyHeader + ": at most 200 visible ASCII characters", keyHeader + " : au plus 200 caractères ASCII visibles",
		})
	}
	return "api:" + kind + ":" + url.QueryEscape(string(actor.Person.ID)) + ":" + key, nil
}

// sameLead refuses a key that was used for another lead: what is answered then
// is not what was asked.
func sameLead(got, want bridge.LeadID) error {
	if got == want {
		return nil
	}
	return problem.New(http.StatusUnprocessableEntity, "").Says(bilingual.Text{
		"this " + keyHeader + " was used for another lead: take a new one", "cette " + keyHeader + " a servi pour une autre fiche : prenez-en une nouvelle",
	})
}

// sameContent refuses a key that was used for another call: to answer with what
// became of that one would lose this one.
func sameContent(got, want string) error {
	if got == want {
		return nil
	}
	return problem.New(http.StatusUnprocessableEntity, "").Says(bilingual.Text{
		"this " + keyHeader + " was used for another call: take a new one", "cette " + keyHeader + " a servi pour un autre appel : prenez-en une nouvelle",
	})
}

// describeRaw puts the raw routes into the document.
func describeRaw(api huma.API) {
	describe(api, outcomePath, "Record the outcome of a call",
		"The same Idempotency-Key has one effect and the same answer.", "outcome_request.v1",
		api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[receipt](), true, ""))
	describe(api, appointmentPath, "Propose an appointment without a call",
		"The same Idempotency-Key has one effect and the same answer.", "appointment_request.v1",
		api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[proposalState](), true, ""))
}

func describe(api huma.API, path, summary, text, request string, answer *huma.Schema) {
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: operationID(http.MethodPost, path), Method: http.MethodPost, Path: path, Summary: summary, Description: text,
		Parameters: []*huma.Param{
			{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}},
			{Name: keyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString}},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Ref: components + request}},
		}},
		Responses: map[string]*huma.Response{
			"202":     {Description: "Kept.", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}},
			"default": errorResponse(api, "Error"),
		},
	})
}
