package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"passerelle/internal/bridge"
	"passerelle/internal/identity"
	"passerelle/internal/problem"
)

const forgetPath = "/v1/forget"

// Forget has a prospect forgotten: connection/object/id, or a lead's id.
type Forget func(ctx context.Context, actor bridge.Actor, record, motive string) (Forgotten, error)

// Forgotten is what was done to forget somebody, and what is left to do.
type Forgotten struct {
	Done      bool                    `json:"done" doc:"Nothing of them is kept any more."`
	Since     time.Time               `json:"since" doc:"When the bridge was first told to forget them."`
	Already   bool                    `json:"already,omitempty" doc:"That was before this command."`
	Erased    map[string]int          `json:"erased" doc:"Records by kind."`
	Discarded int                     `json:"discarded_writes,omitempty" doc:"Writes that the CRM will not get any more."`
	InFlight  int                     `json:"in_flight_writes,omitempty" doc:"Of these: with a writer, so that the CRM may show them yet."`
	Opposing  int                     `json:"oppositions_on_their_way,omitempty" doc:"That the CRM must confirm before who it is can be erased."`
	Listed    []bridge.ConnectionName `json:"still_listed_by,omitempty" doc:"Platforms that have not confirmed yet that they took them off their lists."`
	Copies    []string                `json:"copies_removed,omitempty" doc:"Old copies of the store that were removed."`
	Remaining []string                `json:"remaining" doc:"What a person must still do."`
}

type forgetRequest struct {
	Prospect string `json:"prospect" doc:"connection/object/id as in crm.main/prospect/123, or the id of a lead."`
	Motive   string `json:"motive" doc:"It stays in the ledger: it names nobody."`
}

func (a *API) forgetRoute(r chi.Router) {
	r.Post(forgetPath, a.forget)
	schemas := a.huma.OpenAPI().Components.Schemas
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: operationID(http.MethodPost, forgetPath), Method: http.MethodPost, Path: forgetPath,
		Summary: "Forget a prospect", Description: "Erases everything that is kept of them, and takes as long as the store is large. Repeating it is harmless.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: schemas.Schema(reflect.TypeFor[forgetRequest](), true, "")},
		}},
		Responses: map[string]*huma.Response{
			"200": {Description: "Done, or begun.", Content: map[string]*huma.MediaType{
				"application/json": {Schema: schemas.Schema(reflect.TypeFor[Forgotten](), true, "")},
			}},
			"default": errorResponse(a.huma, "Error"),
		},
	})
}

func (a *API) forget(w http.ResponseWriter, r *http.Request) {
	actor, _ := identity.FromContext(r.Context())
	var asked forgetRequest
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		problem.Write(w, r, a.problem(r.Context(), unread(err)))
		return
	}
	if err := json.Unmarshal(raw, &asked); err != nil || asked.Prospect == "" {
		problem.Write(w, r, problem.BadRequest(`the body is {"prospect": "crm.main/prospect/123", "motive": "..."}`))
		return
	}
	unhurried(w)
	// What was begun is carried on also if the client does not wait.
	out, err := a.opts.Forget(context.WithoutCancel(r.Context()), actor, asked.Prospect, asked.Motive)
	if err != nil {
		problem.Write(w, r, a.problem(r.Context(), err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // the client may be gone
}
