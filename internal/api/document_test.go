package api

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"
)

// load reads the document as a client gets it: without a token.
func load(t testing.TB, w *world) *openapi3.T {
	t.Helper()
	rec := httptest.NewRecorder()
	w.api.Routes().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, documentPath, nil))
	doc, err := openapi3.NewLoader().LoadFromData(rec.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc := load(t, newWorld(t))
	if err := doc.Validate(t.Context(), openapi3.IsOpenAPI31OrLater()); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %s", doc.OpenAPI)
	}
	seen := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Summary == "" || op.OperationID == "" || seen[op.OperationID] {
				t.Errorf("%s %s: summary %q, id %q", method, path, op.Summary, op.OperationID)
			}
			seen[op.OperationID] = true
			if op.Responses.Default() == nil && op.Responses.Status(http.StatusForbidden) == nil {
				t.Errorf("%s %s says nothing of errors", method, path)
			}
		}
	}
}

// Every route is described, and nothing else is.
func TestDocumentHasEveryRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var described []string
	for path, item := range load(t, w).Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	served := slices.DeleteFunc(w.api.Patterns(), func(p string) bool { return p == "GET "+documentPath })
	slices.Sort(served)
	slices.Sort(described)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("(-served +described):\n%s", diff)
	}
}

// conform makes the world check every answer, and every request that was
// accepted, against the document.
func (w *world) conform() {
	doc := load(w.t, w)
	w.checks = append(w.checks, func(r *http.Request, res *http.Response, raw []byte) {
		input := &openapi3filter.RequestValidationInput{
			Request: r, Route: w.find(doc, r), PathParams: map[string]string{},
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
		}
		if input.Route == nil {
			w.t.Errorf("%s %s is not in the document", r.Method, r.URL.Path)
			return
		}
		bind(input)
		if res.StatusCode < http.StatusBadRequest {
			r.Header.Set("Content-Type", "application/json")
			if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
				w.t.Errorf("request %s %s: %v", r.Method, r.URL, err)
			}
		}
		answer := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: input, Status: res.StatusCode, Header: res.Header,
			Body: io.NopCloser(strings.NewReader(string(raw))), Options: input.Options,
		}
		if err := openapi3filter.ValidateResponse(context.Background(), answer); err != nil {
			w.t.Errorf("answer to %s %s: %v\n%s", r.Method, r.URL, err, raw)
		}
	})
}

// find is the operation behind a request.
func (w *world) find(doc *openapi3.T, r *http.Request) *routers.Route {
	want := strings.Split(r.URL.Path, "/")
	var found *routers.Route
	literal := -1
	for path, item := range doc.Paths.Map() {
		op := item.GetOperation(r.Method)
		if n := matches(strings.Split(path, "/"), want); op != nil && n > literal {
			literal, found = n, &routers.Route{Spec: doc, Path: path, PathItem: item, Method: r.Method, Operation: op}
		}
	}
	return found
}

// matches counts the steps that are the same, -1 if the path is another.
func matches(pattern, path []string) int {
	if len(pattern) != len(path) {
		return -1
	}
	n := 0
	for i := range pattern {
		switch {
		case pattern[i] == path[i]:
			n++
		case !strings.HasPrefix(pattern[i], "{"):
			return -1
		}
	}
	return n
}

func bind(input *openapi3filter.RequestValidationInput) {
	path := strings.Split(input.Request.URL.Path, "/")
	for i, step := range strings.Split(input.Route.Path, "/") {
		if name, ok := strings.CutPrefix(step, "{"); ok {
			input.PathParams[strings.TrimSuffix(name, "}")] = path[i]
		}
	}
}
