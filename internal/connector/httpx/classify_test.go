package httpx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/fault"
)

func answer(method string, status int, header http.Header, body string) *http.Response {
	req, _ := http.NewRequest(method, "https://crm.example/prospects?key=sesame-open", strings.NewReader(`{"phone":"0612345678","name":"jeanne dupont","note":"rappeler mardi"}`))
	req.Header.Set("Authorization", "Bearer tk-verysecret")
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: req}
}

func TestClassifyStatus(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		kind   fault.Kind
		lost   bool // for a POST
	}{
		{301, fault.Permanent, false}, {302, fault.Permanent, false}, {307, fault.Permanent, false},
		{400, fault.Rejected, false}, {401, fault.Permanent, false}, {403, fault.Permanent, false},
		{404, fault.Rejected, false}, {405, fault.Rejected, false}, {408, fault.Unavailable, true},
		{409, fault.Rejected, false}, {410, fault.Rejected, false}, {413, fault.Rejected, false}, {422, fault.Rejected, false},
		{429, fault.RateLimited, false},
		{500, fault.Unavailable, true}, {502, fault.Unavailable, true}, {503, fault.Unavailable, true}, {504, fault.Unavailable, true},
	} {
		for _, method := range []string{"GET", "POST", "PATCH"} {
			e := fault.Of(Classify("x: do", answer(method, tc.status, nil, "<html>"), nil))
			want := fault.Error{Kind: tc.kind, MayHaveApplied: tc.lost && method != "GET"}
			got := fault.Error{Kind: e.Kind, MayHaveApplied: e.MayHaveApplied}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s %d: %s", method, tc.status, d)
			}
		}
	}
	for _, status := range []int{200, 201, 202, 204} {
		if err := Classify("x: do", answer("POST", status, nil, ""), nil); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestRetryAfterForms(t *testing.T) {
	t.Parallel()
	server := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":    0,
		"7":   7 * time.Second,
		"1.5": 1500 * time.Millisecond,
		server.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		server.Add(-time.Minute).Format(http.TimeFormat): 0,
		server.AddDate(1, 0, 0).Format(http.TimeFormat):  maxWait,
		"9999999999999999999999":                         maxWait,
		"-5":                                             0,
		"NaN":                                            0,
		"soon":                                           0,
	} {
		h := http.Header{"Retry-After": {text}, "Date": {server.Format(http.TimeFormat)}}
		for _, status := range []int{429, 503} {
			if e := fault.Of(Classify("x: do", answer("GET", status, h, ""), nil)); e.After != want {
				t.Errorf("%d with %q: after %v, want %v", status, text, e.After, want)
			}
		}
	}
}

func TestVendorWords(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, body, want string }{
		{"code and message", `{"code":"unknown_field","message":"Unknown field do_not_cal"}`, "status 422: unknown_field: Unknown field do_not_cal"},
		{"under error", `{"error":{"code":"too_long","field":"note","message":"must be at most 200 characters"}}`, "status 422: too_long: field note: must be at most 200 characters"},
		{"first of errors", `{"errors":[{"title":"The value is not valid"},{"title":"no"}]}`, "status 422: The value is not valid"},
		{"array", `[{"errorCode":"REQUIRED_FIELD_MISSING","message":"required fields are missing"}]`, "status 422: REQUIRED_FIELD_MISSING: required fields are missing"},
		{"values that were sent", `{"message":"jeanne dupont cannot be reached at 0612345678, rappeler mardi"}`, "status 422: … cannot be reached at …"},
		{"sent header", `{"message":"token tk-verysecret is expired","error":"tk-verysecret"}`, "status 422: token … is expired"},
		{"sent query", `{"message":"invalid sesame-open"}`, "status 422: invalid …"},
		{"quotes", `{"message":"value 'lyon' and \"paris\" are no cities"}`, "status 422: value … and … are no cities"},
		{"names", `{"message":"Martin Durand is on this record, ask Anne Petit."}`, "status 422: … is on this record, ask …"},
		{"numbers and addresses", `{"message":"call +33 6 98 76 54 32 or a@b.example"}`, "status 422: call … 6 98 76 54 32 or …"},
		{"a code that is none", `{"code":"0698765432"}`, "status 422"},
		{"no JSON", `<html>jeanne dupont</html>`, "status 422"},
		{"long", `{"message":"` + strings.Repeat("word ", 500) + `"}`, "status 422: " + strings.TrimSpace(strings.Repeat("word ", 40))},
		{"not UTF-8", "{\"message\":\"caf\xff is closed\"}", "status 422: … is closed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := Classify("x: create", answer("POST", 422, nil, tc.body), nil)
			var a *Answer
			if !errors.As(err, &a) {
				t.Fatalf("no Answer in %v", err)
			}
			if d := cmp.Diff(tc.want, a.Error()); d != "" {
				t.Error(d)
			}
		})
	}
}

// Some systems say no under 200, and take forms that hold JSON.
func TestRefusalOfAForm(t *testing.T) {
	t.Parallel()
	form := url.Values{"operation": {"revise"}, "element": {`{"lastname":"lecanari","id":"12x7"}`}}.Encode()
	req := httptest.NewRequest("POST", "/webservice.php", strings.NewReader(form))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(form)), nil }
	var body any
	said := `{"success":false,"error":{"code":"ACCESS_DENIED","message":"no permission for lecanari to revise"}}`
	if err := json.Unmarshal([]byte(said), &body); err != nil {
		t.Fatal(err)
	}
	a := Refusal(&http.Response{StatusCode: 200, Request: req}, body)
	if d := cmp.Diff("status 200: ACCESS_DENIED: no permission for … to …", a.Error()); d != "" {
		t.Error(d)
	}
}

func TestKindCanBeOverridden(t *testing.T) {
	t.Parallel()
	err := Classify("x: read", answer("GET", 403, nil, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]`), nil)
	a, ok := errors.AsType[*Answer](err)
	if !ok || a.Status != 403 || a.Code != "REQUEST_LIMIT_EXCEEDED" {
		t.Fatalf("answer %+v", a)
	}
	if Status(err) != 403 || Status(nil) != 0 {
		t.Errorf("status %d of the error, %d of none", Status(err), Status(nil))
	}
	fault.Of(err).Kind = fault.RateLimited
	if fault.Of(fmt.Errorf("wrapped: %w", err)).Kind != fault.RateLimited {
		t.Error("the kind did not change")
	}
}

func TestClassifyNoAnswer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	l.Close()
	c := New(Options{AllowPrivate: true})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		name string
		ctx  context.Context
		url  string
		is   error
	}{
		{"refused", t.Context(), closed, nil},
		{"cancelled before it was sent", cancelled, closed, context.Canceled},
		{"no such name", t.Context(), "http://no-such-host.invalid", nil},
	} {
		_, err := do(t, c, tc.ctx, "POST", tc.url, "{}")
		e := fault.Of(Classify("x: create", nil, err))
		if err == nil || e.Kind != fault.Unavailable || e.MayHaveApplied {
			t.Errorf("%s: %+v", tc.name, e)
		}
		if tc.is != nil && !errors.Is(e, tc.is) {
			t.Errorf("%s: %v is no %v", tc.name, e, tc.is)
		}
	}
}

func TestReadJSON(t *testing.T) {
	t.Parallel()
	type shape struct {
		ID   string `json:"id"`
		Many int    `json:"many"`
	}
	for _, tc := range []struct{ name, kind, body, want string }{
		{"good", "application/json", `{"id":"a","more":1}`, ""},
		{"good, odd type", "text/plain", ` {"id":"a"} `, ""},
		{"page", "text/html; charset=utf-8", `{"id":"a"}`, "x: read: the answer is a web page, not JSON"},
		{"page without type", "", "\n<!doctype html><p>jeanne", "x: read: the answer is a web page, not JSON"},
		{"cut short", "application/json", `{"id":"jeanne`, "x: read: the answer's JSON is cut short"},
		{"empty", "application/json", ``, "x: read: the answer is empty, not JSON"},
		{"rubbish", "application/json", `jeanne`, "x: read: the answer is not JSON"},
		{"other shape", "application/json", `{"many":"jeanne"}`, "x: read: the answer's JSON has another shape than expected at byte 16"},
		{"two values", "application/json", `{"id":"a"}{"id":"b"}`, "x: read: the answer goes on after its JSON"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for method, lost := range map[string]bool{"GET": false, "POST": true} {
				resp := answer(method, 200, http.Header{"Content-Type": {tc.kind}}, tc.body)
				err := ReadJSON("x: read", resp, new(shape))
				if tc.want == "" {
					if err != nil {
						t.Error(err)
					}
					continue
				}
				e := fault.Of(err)
				if e.Kind != fault.Unavailable || e.MayHaveApplied != lost {
					t.Errorf("%s: %+v", method, e)
				}
				if d := cmp.Diff(tc.want, err.Error()); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func FuzzVendorWords(f *testing.F) {
	f.Add([]byte(`{"error":{"code":"x","message":"jeanne dupont 0612345678 tk-verysecret"}}`))
	f.Add([]byte(`[{"errors":[[["message"]]]}]`))
	f.Add([]byte("{\"message\":\"'\xff«"))
	f.Fuzz(func(t *testing.T, body []byte) {
		text := Classify("x: do", answer("POST", 422, nil, string(body)), nil).Error()
		if len(text) > 400 {
			t.Errorf("%d bytes of error", len(text))
		}
		for _, sent := range []string{"0612345678", "jeanne dupont", "tk-verysecret", "sesame-open"} {
			if strings.Contains(text, sent) {
				t.Errorf("%q is in %q", sent, text)
			}
		}
	})
}
