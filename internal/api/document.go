package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"passerelle/internal/problem"
	"passerelle/schemas"
)

const documentPath = "/v1/openapi.json"

// config is huma without what it adds of its own: no pages, no links to
// schemas in the answers.
func config(version string) huma.Config {
	const prefix = "#/components/schemas/"
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Passerelle", Version: version,
				Description: "The bridge between a CRM and a phoning platform. Errors are RFC 9457 problem documents. " +
					"Lists answer `items` and, while there is more, `next`: give it as `cursor` to go on. " +
					"Commands that would otherwise happen twice take an Idempotency-Key.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(prefix, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "A person's token, for one connection."},
				},
			},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats:       huma.DefaultFormats,
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{inPlace},
	}
}

// inPlace gives a problem the path it arose at.
func inPlace(ctx huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*problem.Problem)
	if !ok || p.Instance != "" {
		return v, nil
	}
	out, at := *p, ctx.URL()
	out.Instance = at.EscapedPath()
	return &out, nil
}

// operationID names an operation after its route: postLeadsIdOutcomes.
func operationID(method, path string) string {
	out := strings.ToLower(method)
	for word := range strings.FieldsFuncSeq(strings.TrimPrefix(path, "/v1"), func(r rune) bool { return !isLetter(r) }) {
		out += strings.ToUpper(word[:1]) + word[1:]
	}
	return out
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// bodies are the schemas that judge the bodies of raw routes.
var bodies = []string{"outcome_request.v1", "appointment_request.v1", "call_outcome.v1"}

const components = "#/components/schemas/"

// document is the OpenAPI document, with the published schemas among its
// components.
func document(api *huma.OpenAPI) ([]byte, error) {
	raw, err := json.Marshal(api)
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	all := doc["components"].(map[string]any)["schemas"].(map[string]any)
	for _, name := range bodies {
		if err := include(all, name); err != nil {
			return nil, err
		}
	}
	return json.Marshal(doc)
}

// include adds a published schema and its definitions to the components.
func include(all map[string]any, name string) error {
	raw, err := schemas.FS.ReadFile(name + ".json")
	if err != nil {
		return err
	}
	var s map[string]any
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("schema %s: %w", name, err)
	}
	point(name, s)
	defs, _ := s["$defs"].(map[string]any)
	for def, sub := range defs {
		all[name+"."+def] = sub
	}
	delete(s, "$defs")
	delete(s, "$schema")
	all[name] = s
	return nil
}

// point makes references between the schema files point into the components.
func point(name string, node any) {
	switch n := node.(type) {
	case []any:
		for _, sub := range n {
			point(name, sub)
		}
	case map[string]any:
		for _, sub := range n {
			point(name, sub)
		}
		ref, ok := n["$ref"].(string)
		if !ok {
			return
		}
		file, def, _ := strings.Cut(ref, "#/$defs/")
		if file == "" {
			file = name
		}
		n["$ref"] = components + strings.TrimSuffix(file, ".json") + "." + def
	}
}

func (a *API) serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(a.document)
}

// errorResponse describes an answer that is a problem.
func errorResponse(api huma.API, text string) *huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "")
	return &huma.Response{Description: text, Content: map[string]*huma.MediaType{problem.MediaType: {Schema: schema}}}
}
