package problem_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bilingual"
	"passerelle/internal/problem"
)

var (
	_ huma.StatusError       = (*problem.Problem)(nil)
	_ huma.HeadersError      = (*problem.Problem)(nil)
	_ huma.ContentTypeFilter = (*problem.Problem)(nil)
)

func TestWrite(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("CET", 3600))
	tests := []struct {
		name    string
		problem *problem.Problem
		want    string
		headers map[string]string
	}{
		{"bad request", problem.BadRequest("the body does not fit", problem.Item{Pointer: "/a", Detail: "is missing"}),
			`{"title":"Bad Request","status":400,"detail":"the body does not fit","instance":"/v1/x","errors":[{"pointer":"/a","detail":"is missing"}]}`, nil},
		{"unauthorized", problem.Unauthorized("no token"),
			`{"title":"Unauthorized","status":401,"detail":"no token","instance":"/v1/x"}`, map[string]string{"WWW-Authenticate": "Bearer"}},
		{"forbidden", problem.Forbidden("not yours"), `{"title":"Forbidden","status":403,"detail":"not yours","instance":"/v1/x"}`, nil},
		{"not found", problem.NotFound(""), `{"title":"Not Found","status":404,"instance":"/v1/x"}`, nil},
		{"conflict", problem.Conflict("leased"), `{"title":"Conflict","status":409,"detail":"leased","instance":"/v1/x"}`, nil},
		{"not before", problem.NotBefore(at, "outside the hours"),
			`{"title":"Conflict","status":409,"detail":"outside the hours","instance":"/v1/x","next_lawful":"2026-11-23T09:00:00Z"}`, nil},
		{"shut", problem.Shut("closed", at), `{"title":"Forbidden","status":403,"detail":"closed","instance":"/v1/x","not_before":"2026-11-23T09:00:00Z"}`, nil},
		{"shut for good", problem.Shut("closed", time.Time{}), `{"title":"Forbidden","status":403,"detail":"closed","instance":"/v1/x"}`, nil},
		{"too large", problem.TooLarge(1024), `{"title":"Request Entity Too Large","status":413,"detail":"the body is longer than 1024 bytes","instance":"/v1/x"}`, nil},
		{"too many requests", problem.TooManyRequests(1500 * time.Millisecond),
			`{"title":"Too Many Requests","status":429,"detail":"too many requests; wait as Retry-After says","instance":"/v1/x"}`, map[string]string{"Retry-After": "2"}},
		{"unavailable at once", problem.Unavailable("stopping", 0),
			`{"title":"Service Unavailable","status":503,"detail":"stopping","instance":"/v1/x"}`, map[string]string{"Retry-After": "1"}},
		{"internal", problem.Internal(), `{"title":"Internal Server Error","status":500,"detail":"an error of ours; it is in the log","instance":"/v1/x"}`, nil},
		{"its own type and instance", &problem.Problem{Type: "urn:x", Title: "T", Status: 422, Instance: "/other"},
			`{"type":"urn:x","title":"T","status":422,"instance":"/other"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			w.Header().Set("Content-Length", "7")
			problem.Write(w, httptest.NewRequest(http.MethodGet, "/v1/x?token=canary", nil), tt.problem)
			if w.Code != tt.problem.Status {
				t.Errorf("status %d", w.Code)
			}
			if diff := cmp.Diff(tt.want+"\n", w.Body.String()); diff != "" {
				t.Error(diff)
			}
			want := http.Header{"Content-Language": {"en"}, "Content-Type": {"application/problem+json"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}}
			for name, value := range tt.headers {
				want.Set(name, value)
			}
			if diff := cmp.Diff(want, w.Header()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriteInTheLanguageAskedFor(t *testing.T) {
	t.Parallel()
	both := problem.BadRequest("", problem.Item{Pointer: "/a", Detail: "is missing", French: "manque"}, problem.Item{Pointer: "/b", Detail: "is odd"}).
		Says(bilingual.Text{"it does not fit", "cela ne va pas"})
	tests := []struct {
		name, asked string
		problem     *problem.Problem
		lang, want  string
	}{
		{"French", "fr-FR,fr;q=0.9,en;q=0.8", both, "fr",
			`{"title":"Bad Request","status":400,"detail":"cela ne va pas","instance":"/v1/x","errors":[{"pointer":"/a","detail":"manque"},{"pointer":"/b","detail":"is odd"}]}`},
		{"English", "en", both, "en",
			`{"title":"Bad Request","status":400,"detail":"it does not fit","instance":"/v1/x","errors":[{"pointer":"/a","detail":"is missing"},{"pointer":"/b","detail":"is odd"}]}`},
		{"neither", "de", problem.Conflict("leased"), "en", `{"title":"Conflict","status":409,"detail":"leased","instance":"/v1/x"}`},
		{"not known in French", "fr", problem.Conflict("leased"), "en", `{"title":"Conflict","status":409,"detail":"leased","instance":"/v1/x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/x", nil)
			r.Header.Set("Accept-Language", tt.asked)
			problem.Write(w, r, tt.problem)
			if diff := cmp.Diff(tt.want+"\n", w.Body.String()); diff != "" || w.Header().Get("Content-Language") != tt.lang {
				t.Error(w.Header().Get("Content-Language"), diff)
			}
		})
	}
}

func TestWriteLeavesTheProblemAlone(t *testing.T) {
	t.Parallel()
	shared := problem.NotFound("x")
	problem.Write(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/a", nil), shared)
	if shared.Instance != "" {
		t.Errorf("instance %q", shared.Instance)
	}
}

func TestWriteWhatCannotBeMarshalled(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequest(http.MethodGet, "/a", nil), problem.NotBefore(time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC), ""))
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Conflict") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	if got := problem.NotFound("no such lead").Error() + "; " + problem.NotFound("").Error(); got != "Not Found: no such lead; Not Found" {
		t.Error(got)
	}
}
