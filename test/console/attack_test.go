package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"passerelle/test/shared"
)

// A page of somebody else's cannot act in the name of who is signed in.
func TestAnotherSitesFormIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	for name, headers := range map[string]map[string]string{
		"cross-site":       {"Sec-Fetch-Site": "cross-site"},
		"a sister site":    {"Sec-Fetch-Site": "same-site"},
		"an older browser": {"Origin": "https://evil.example"},
		"a null origin":    {"Origin": "null"},
	} {
		for _, path := range []string{"/call", "/sign-out", "/sign-in", "/account/password", "/language"} {
			r, err := http.NewRequest(http.MethodPost, f.base+path, strings.NewReader("campaign=spring&language=en"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for k, v := range headers {
				r.Header.Set(k, v)
			}
			b.send(r)
			if b.status != http.StatusForbidden {
				t.Errorf("%s: POST %s is answered %d", name, path, b.status)
			}
		}
	}
	if b.get("/account"); b.status != 200 {
		t.Error("she was signed out")
	}
}

// A key in an address or a form opens nothing, nor does one that was planted.
func TestASessionIsInItsCookieOnly(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	at, err := url.Parse(f.base)
	if err != nil {
		t.Fatal(err)
	}
	var key string
	for _, c := range b.http.Jar.Cookies(at) {
		if c.Name == "passerelle" {
			key = c.Value
		}
	}
	if key == "" || strings.Contains(b.seen.String(), ">"+key) || strings.Contains(f.log.String(), key) {
		t.Fatal("there is no key, or it is in a page or the log")
	}
	stranger := f.browser(t)
	stranger.get("/account?passerelle=" + key + "&session=" + key)
	if stranger.path != "/sign-in" {
		t.Errorf("a key in the address opens %s", stranger.path)
	}
	stranger.post("/account/password", "passerelle", key)
	if stranger.status != http.StatusUnauthorized {
		t.Errorf("a key in a form: %d", stranger.status)
	}
	planted := strings.Repeat("x", 43)
	stranger.http.Jar.SetCookies(at, []*http.Cookie{{Name: "passerelle", Value: planted, Path: "/"}})
	stranger.signIn("bruno")
	for _, c := range stranger.http.Jar.Cookies(at) {
		if c.Name == "passerelle" && (c.Value == planted || c.Value == key) {
			t.Error("signing in keeps the key that was there before")
		}
	}
}

// A link to us leads nowhere else.
func TestNobodyIsSentElsewhere(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	for _, to := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example/`, "/\t/evil.example", "javascript:alert(1)", "http:evil.example", "evil.example", "/%0d%0aSet-Cookie:x=1\r\nx",
	} {
		b := f.browser(t)
		b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, post := range []func(){
			func() { b.post("/sign-in", "login", "alice", "password", password("alice"), "next", to) },
			func() { b.get("/sign-in?next=" + url.QueryEscape(to)) },
			func() { b.post("/language", "language", "en", "next", to) },
		} {
			post()
			if got := b.header.Get("Location"); got != "/" {
				t.Errorf("next=%q leads to %q (%d)", to, got, b.status)
			}
		}
		b.post("/sign-in", "login", "alice", "password", password("alice"), "path", to, "wait.x", "1")
		if strings.Contains(b.body, "evil") {
			t.Errorf("what waits is sent to %q", to)
		}
	}
}

// Guessing is slow, and says the same of accounts that do not exist.
func TestGuessingPasswords(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	answers := map[string]string{}
	for _, login := range []string{"alice", "nobody-of-this-name"} {
		f.pass(time.Hour) // the address may try again
		b := f.browser(t)
		for range 11 {
			b.post("/sign-in", "login", login, "password", "guess number one hundred")
			answers[login] += http.StatusText(b.status) + ";"
			if strings.Contains(b.body, "guess number") {
				t.Error("the page holds the password that was tried")
			}
		}
		if !b.shows("demandez à votre responsable") {
			t.Errorf("a locked account does not say the way out: %s", b.body)
		}
	}
	if answers["alice"] != answers["nobody-of-this-name"] || !strings.HasSuffix(answers["alice"], http.StatusText(http.StatusTooManyRequests)+";") {
		t.Errorf("%v", answers)
	}
	if strings.Contains(f.log.String(), "guess number") || strings.Contains(f.log.String(), password("alice")) {
		t.Error("the log holds a password")
	}
}

// What somebody unkind has written into the CRM is text on our pages.
func TestMarkupInTheCRMIsText(t *testing.T) {
	t.Parallel()
	f := &floor{t: t, dir: t.TempDir(), log: &shared.Buffer{}}
	row := []string{"1", quote(markup), quote(markup), "", "", quote(markup), quote(markup), quote(markup), "01 99 00 00 01", quote(markup), "", quote(markup), quote(markup), quote(markup)}
	f.start(sheetHead + strings.Join(row, ",") + "\n")
	s := f.sit(t, "fr")
	s.signIn("alice")
	s.do(chromedp.KeyEvent(kb.Enter))
	s.at("/work/")
	if ask[bool](s, `"pwned" in window || !!document.querySelector("main img, main script")`) {
		t.Error("the prospect's name runs as a script")
	}
	if !strings.Contains(s.text(), "<script>window.pwned=1</script>") {
		t.Errorf("the name is not shown as it is: %s", s.text())
	}
	s.do(chromedp.KeyEvent("4"), chromedp.KeyEvent("n"), chromedp.KeyEvent(markup), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.says(said["fr"]["saved"])
}

func quote(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// Every page says what the browser may do with it.
func TestHeaders(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	for _, path := range []string{"/sign-in", "/account", "/call", "/nowhere-at-all"} {
		b.get(path)
		if path == "/sign-in" {
			b.signIn("alice")
			continue
		}
		if path == "/nowhere-at-all" {
			continue // the API's answer: no page
		}
		csp := b.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'nonce-", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: %q is not in %q", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s: %s", path, csp)
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := b.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		before := b.header.Get("Content-Security-Policy")
		if b.get(path); b.header.Get("Content-Security-Policy") == before {
			t.Errorf("%s: the nonce is the same twice", path)
		}
	}
}
