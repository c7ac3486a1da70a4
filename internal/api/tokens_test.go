package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A program's token, from its making to its end, every answer checked against
// the document.
func TestServiceTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conform()
	w.ask("sam", "GET /v1/tokens", "").want(403)
	w.ask("sam", "POST /v1/tokens", `{"name": "export", "person": "sam"}`).want(403)
	w.ask("sam", "POST /v1/tokens/x/revoke", `{}`).want(403)
	w.ask(operator, "POST /v1/tokens", `{"name": "export", "person": "sam", "days": 400}`).want(422)
	w.ask(operator, "POST /v1/tokens", `{"name": "export", "person": "nobody"}`).want(422)

	var made serviceToken
	w.ask(operator, "POST /v1/tokens", `{"name": "export", "person": "sam", "read_only": true}`).want(200).into(&made)
	if made.Token == "" || made.Role != "supervisor" || !made.Expires.Equal(w.clock().AddDate(0, 0, 90)) {
		t.Fatalf("made: %+v", made)
	}
	ask := func(method, path string) int {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(`{"motive": "x"}`))
		r.Header.Set("Authorization", "Bearer "+made.Token)
		rec := httptest.NewRecorder()
		w.api.Routes().ServeHTTP(rec, r)
		return rec.Code
	}
	for route, want := range map[string]int{
		"GET /v1/leads": 200, "GET /v1/policy": 403, // sam's own rights
		"POST /v1/leads/close": 403, "POST /v1/leads/" + leadFor("1") + "/outcomes": 403,
		"GET /v1/leads?access_token=1": 400,
	} {
		method, path, _ := strings.Cut(route, " ")
		if got := ask(method, path); got != want {
			t.Errorf("%s: %d, want %d", route, got, want)
		}
	}
	var found list[serviceToken]
	w.ask(operator, "GET /v1/tokens", "").want(200).into(&found)
	if len(found.Items) != 1 || found.Items[0].ID != made.ID || found.Items[0].Used.IsZero() || found.Items[0].Ended {
		t.Errorf("listed: %+v", found)
	}
	if strings.Count(w.answer, made.Token) != 1 || strings.Contains(w.log.String(), made.Token) {
		t.Error("the token is shown again")
	}
	w.ask(operator, "POST /v1/tokens/"+made.ID+"/revoke", `{"motive": "rotated"}`).want(204)
	w.ask(operator, "POST /v1/tokens/none/revoke", `{}`).want(404)
	if got := ask(http.MethodGet, "/v1/leads"); got != 401 {
		t.Errorf("revoked: %d", got)
	}
	w.pass(time.Hour)
	w.ask(operator, "GET /v1/tokens", "").want(200).into(&found)
	if !found.Items[0].Ended || found.Items[0].Revoked.IsZero() {
		t.Errorf("listed: %+v", found)
	}
}
