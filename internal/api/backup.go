package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"passerelle/internal/bilingual"
	"passerelle/internal/identity"
	"passerelle/internal/problem"
)

const (
	backupPath = "/v1/backup"
	binary     = "application/octet-stream"
)

// Backup writes a backup of the store as it is at one moment.
type Backup func(ctx context.Context, w io.Writer) error

func (a *API) backupRoute(r chi.Router) {
	r.Post(backupPath, a.backup)
	a.huma.OpenAPI().AddOperation(&huma.Operation{
		OperationID: operationID(http.MethodPost, backupPath), Method: http.MethodPost, Path: backupPath,
		Summary: "Take a backup of the store, while the hub goes on", Description: "The operator's: at the hub's socket only.",
		Responses: map[string]*huma.Response{
			"200":     {Description: "The backup.", Content: map[string]*huma.MediaType{binary: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}},
			"default": errorResponse(a.huma, "Error"),
		},
	})
}

func (a *API) backup(w http.ResponseWriter, r *http.Request) {
	actor, _ := identity.FromContext(r.Context())
	if !actor.Operator {
		problem.Write(w, r, problem.Forbidden("").Says(bilingual.Text{
			"a backup holds everything: it is the operator's, on the hub's machine, without a token",
			"une sauvegarde contient tout : elle revient à l'exploitant, sur la machine du pont, sans jeton",
		}))
		return
	}
	if err := a.note(r.Context(), actor, "backup", "", ""); err != nil {
		problem.Write(w, r, a.problem(r.Context(), err))
		return
	}
	unhurried(w)
	out := &late{ResponseWriter: w}
	err := a.opts.Backup(r.Context(), out)
	switch {
	case err == nil:
	case out.begun:
		a.opts.Log.Error("a backup broke off", "request", identity.RequestID(r.Context()), "err", err)
		panic(http.ErrAbortHandler) // the only way to say so now
	default:
		a.opts.Log.Error("no backup", "request", identity.RequestID(r.Context()), "err", err)
		problem.Write(w, r, problem.New(http.StatusInsufficientStorage, err.Error()))
	}
}

// unhurried lifts the deadlines of an answer that takes as long as a disk, or a
// CRM, does. What cannot be lifted stays: then the answer breaks off and is seen
// to.
func unhurried(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_, _ = c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})
}

// late begins a binary answer with its first byte: until then an error can be
// told.
type late struct {
	http.ResponseWriter
	begun bool
}

func (l *late) Write(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		l.Header().Set("Content-Type", binary)
	}
	return l.ResponseWriter.Write(p)
}
