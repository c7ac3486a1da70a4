package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"passerelle/internal/bridge"
)

// ask is a request as no browser would make it.
func (b *browser) ask(method, path, body string, change func(*http.Request)) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.base)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	change(r)
	b.send(r)
}

func asIs(*http.Request) {}

// Only what is ours to give stands under /static.
func TestNothingElseIsStatic(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	for _, path := range []string{
		"/static/../passerelle.yaml", "/static/..%2fpasserelle.yaml", "/static/%2e%2e/%2e%2e/passerelle.yaml", "/static/..%5cpasserelle.yaml",
		"/static//etc/passwd", "/static/", "/static/console.css%00.js", "/static/templates/frame.html",
	} {
		b.ask(http.MethodGet, path, "", asIs)
		if b.status < http.StatusBadRequest || strings.Contains(b.body, "data_dir") || strings.Contains(b.body, "root:") {
			t.Errorf("%s is answered %d: %s", path, b.status, b.body)
		}
	}
}

// A program's token opens no page, and what a request calls its host is nowhere
// in an answer.
func TestWhatOpensNoPage(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	for _, path := range []string{"/account", "/call", "/export", "/governance/people"} {
		b.ask(http.MethodGet, path, "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token("sam")) })
		if b.path != "/sign-in" {
			t.Errorf("with a token %s leads to %s (%d)", path, b.path, b.status)
		}
	}
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range []string{"/", "/sign-in", "/account"} {
		b.ask(http.MethodGet, path, "", func(r *http.Request) {
			r.Host = "evil.example"
			r.Header.Set("X-Forwarded-Host", "evil.example")
		})
		if strings.Contains(b.body+b.header.Get("Location"), "evil.example") {
			t.Errorf("%s repeats the host: %s", path, b.body)
		}
	}
}

// Nobody works on the lead that another has on their line, whatever they post,
// and nobody posts more than a form.
func TestALeadOfAnothersIsOutOfReach(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	handed, err := f.app.Desk().Next(t.Context(), f.as("bruno"), "spring")
	if err != nil {
		t.Fatal(err)
	}
	id := string(handed.Lead.ID)
	b := f.browser(t)
	b.signIn("alice")
	form := url.Values{"disposition": {"not_interested"}, "technical": {"answered"}, "person": {"bruno", "alice"}, "lead": {id}}.Encode()
	for path, want := range map[string]int{"outcome": http.StatusConflict, "draft": http.StatusConflict, "release": http.StatusNotFound} {
		b.ask(http.MethodPost, "/work/"+id+"/"+path, form, asIs)
		if b.status != want {
			t.Errorf("POST %s is answered %d, want %d", path, b.status, want)
		}
	}
	w, err := f.app.Desk().Work(f.as("bruno"), bridge.LeadID(id))
	if err != nil || w.LeaseUntil.IsZero() || len(w.Outcomes) > 0 {
		t.Errorf("his lead: %+v, %v", w, err)
	}
	b.ask(http.MethodPost, "/account/password", "old="+strings.Repeat("x", 4<<20), asIs)
	if b.status != http.StatusRequestEntityTooLarge && b.status != http.StatusBadRequest {
		t.Errorf("a form of 4 MB is answered %d", b.status)
	}
}
