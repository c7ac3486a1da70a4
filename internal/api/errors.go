package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"passerelle/internal/bilingual"
	"passerelle/internal/desk"
	"passerelle/internal/identity"
	"passerelle/internal/outbox"
	"passerelle/internal/problem"
	"passerelle/internal/schema"
	"passerelle/internal/store"
	"passerelle/internal/strict"
)

// tryAgain is when a client may come back that the store could not serve.
const tryAgain = time.Second

// problem says an error in the words of the API. What is not known here is an
// error of ours: it is logged and its text stays inside.
func (a *API) problem(ctx context.Context, err error) *problem.Problem {
	return a.told(ctx, err).In(languageOf(ctx))
}

func (a *API) told(ctx context.Context, err error) *problem.Problem {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p
	}
	if no, ok := errors.AsType[*desk.Denied](err); ok {
		return denied(ctx, no)
	}
	if p := ofDesk(err); p != nil {
		return p
	}
	if p := ofAccounts(err); p != nil {
		return p
	}
	if _, ok := errors.AsType[*outbox.NotNow](err); ok {
		return problem.Conflict("").Says(bilingual.Of(err))
	}
	if _, ok := errors.AsType[*outbox.ErrNoEntry](err); ok {
		return problem.NotFound("").Says(bilingual.Of(err))
	}
	if why, refused := store.Refused(err); refused {
		// Whoever opened the store has told of it, once.
		a.opts.Log.Debug("the store refused a command", "request", identity.RequestID(ctx), "err", err)
		return problem.Unavailable("", tryAgain).Says(why)
	}
	if _, ok := errors.AsType[*store.NoRoom](err); ok {
		return problem.New(http.StatusInsufficientStorage, err.Error())
	}
	return a.internal(ctx, err)
}

func (a *API) internal(ctx context.Context, err error) *problem.Problem {
	id := identity.RequestID(ctx)
	a.opts.Log.Error("a request failed", "request", id, "err", err)
	return problem.Internal().Says(bilingual.Text{
		"an error of ours; it is in the log under request {id}", "une erreur de notre fait ; elle est dans le journal sous la requête {id}",
	}.With("{id}", id))
}

var operatorOnly = bilingual.Text{
	"without a token you are the operator, who only maintains", "sans jeton vous êtes l'exploitant, qui ne fait que la maintenance",
}

func denied(ctx context.Context, no *desk.Denied) *problem.Problem {
	if actor, _ := identity.FromContext(ctx); actor.Operator {
		no = &desk.Denied{What: no.What, Why: operatorOnly}
	}
	return problem.Forbidden("").Says(no.Said())
}

func ofDesk(err error) *problem.Problem {
	if _, ok := errors.AsType[*desk.NotFound](err); ok {
		return problem.NotFound("").Says(bilingual.Of(err))
	}
	if _, ok := errors.AsType[*desk.Clash](err); ok {
		return problem.Conflict("").Says(bilingual.Of(err))
	}
	if closed, ok := errors.AsType[*desk.Closed](err); ok {
		return problem.NotBefore(closed.Next, "").Says(closed.Reason)
	}
	if no, ok := errors.AsType[*desk.Spent](err); ok {
		p := problem.New(http.StatusTooManyRequests, "").Says(no.Said())
		p.NotBefore = no.Free
		return p
	}
	if wrong, ok := errors.AsType[*desk.Invalid](err); ok {
		return invalid(pointer(wrong.Part), wrong.Why)
	}
	return nil
}

// invalid is 422 for one part of the body.
func invalid(pointer string, why bilingual.Text) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, "").Says(bilingual.Text{"a part of the body makes no sense here", "une partie de la demande n'a pas de sens ici"})
	p.Errors = []problem.Item{{Pointer: pointer, Detail: why.In(bilingual.English), French: why.In(bilingual.French)}}
	return p
}

// pointer turns "next.at" into "/next/at".
func pointer(part string) string { return "/" + strings.ReplaceAll(part, ".", "/") }

// unfit is a body that its schema refuses: 400 if it is no JSON at all, else
// 422.
func unfit(body []byte, bad *schema.Error) *problem.Problem {
	p := problem.BadRequest("").Says(bilingual.Text{"the body is not JSON", "la demande n'est pas du JSON"})
	if json.Valid(body) {
		p = problem.New(http.StatusUnprocessableEntity, "").Says(bilingual.Text{
			"the body does not fit the schema {schema}", "la demande ne correspond pas au schéma {schema}",
		}.With("{schema}", bad.Schema))
	}
	for _, f := range bad.Findings {
		p.Errors = append(p.Errors, problem.Item{Pointer: f.Pointer, Detail: f.Text})
	}
	return p
}

// unread is a body that could not be read to its end.
func unread(err error) *problem.Problem {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem.TooLarge(tooLarge.Limit)
	}
	return problem.BadRequest("").Says(bilingual.Text{"the body could not be read to its end", "la demande n'a pas pu être lue jusqu'au bout"})
}

// huma makes its own errors by a variable of its package; there is no other
// way to give them our form. The same goes for arrays, which ours never leave
// null.
func init() {
	huma.NewError = func(status int, text string, errs ...error) huma.StatusError { return fromHuma(status, text, errs...) }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, text string, errs ...error) huma.StatusError {
		p := fromHuma(status, text, errs...).In(languageOf(ctx.Context()))
		ctx.SetHeader("Content-Language", cmp.Or(p.Language, bilingual.English)) // huma sends no headers of these
		return p
	}
	huma.DefaultArrayNullable = false
}

func fromHuma(status int, _ string, errs ...error) *problem.Problem {
	for _, err := range errs {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return unread(err)
		}
	}
	p := problem.New(status, "").Says(details[status])
	for _, err := range errs {
		if d, ok := err.(*huma.ErrorDetail); ok {
			p.Errors = append(p.Errors, item(status, d))
		}
	}
	return p
}

var details = map[int]bilingual.Text{
	http.StatusBadRequest:     {"the body is missing or not JSON", "la demande manque ou n'est pas du JSON"},
	http.StatusRequestTimeout: {"the body did not arrive in time", "la demande n'est pas arrivée à temps"},
	http.StatusUnprocessableEntity: {
		"the request does not fit; the OpenAPI document at " + documentPath + " says how it should look",
		"la demande ne convient pas ; le document OpenAPI en " + documentPath + " dit comment elle doit être",
	},
	http.StatusInternalServerError: {"the request could not be read, or an error of ours", "la demande n'a pas pu être lue, ou une erreur de notre fait"},
}

// item is what huma found. Its words for a body that is no JSON quote it.
func item(status int, d *huma.ErrorDetail) problem.Item {
	place, rest, _ := strings.Cut(d.Location, ".")
	if place != "body" {
		return problem.Item{Detail: place + " " + rest + ": " + d.Message}
	}
	if rest == "" && (status == http.StatusBadRequest || strings.HasPrefix(d.Message, "json:")) {
		return problem.Item{Detail: "not valid JSON, or of another type than described", French: "pas du JSON valide, ou d'un autre type que décrit"}
	}
	if rest == "" {
		return problem.Item{Detail: d.Message}
	}
	return problem.Item{Pointer: "/" + steps.Replace(rest), Detail: d.Message}
}

var steps = strings.NewReplacer(".", "/", "[", "/", "]", "")

// unloadable says what is wrong with a policy's text, finding by finding.
func unloadable(err error) error {
	found, ok := errors.AsType[strict.Findings](err)
	if !ok {
		return err
	}
	p := problem.New(http.StatusUnprocessableEntity, "").Says(bilingual.Text{"the policy cannot be used", "cette politique ne peut pas servir"})
	for _, f := range found {
		p.Errors = append(p.Errors, problem.Item{Pointer: "/text", Detail: f.String(), French: f.In(bilingual.French).String()})
	}
	return p
}
