package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"passerelle/internal/bridge"
	"passerelle/internal/identity"
	"passerelle/internal/secret"
	"passerelle/test/provider"
	"passerelle/test/shared"
)

// withProvider starts a bridge whose people sign in at a provider; more are lines
// of the config below sign_in.provider.
func withProvider(t testing.TB, more string) (*floor, *provider.Provider) {
	t.Helper()
	var hub *httputil.ReverseProxy
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hub.ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	known := map[string]string{"stranger": "a stranger's own words"}
	for _, who := range players {
		known[string(who)] = "there, " + string(who)
	}
	idp := provider.Start(t, front.URL+"/sign-in/back", known)
	f := &floor{t: t, dir: t.TempDir(), log: &shared.Buffer{}}
	f.more = fmt.Sprintf("sign_in:\n  provider: {issuer: %q, client_id: %s, client_secret: %s, address: %q, name: ACME, allow_private: true%s",
		idp.URL, provider.ClientID, provider.Secret, front.URL, more)
	f.start(sheetHead + "1,Société 1,Bâtiment,1,x,Jeanne,Durand,Gérante,01 99 00 01 01,Lyon,1,Nouveau,,\n" +
		"2,Société 2,Bâtiment,1,x,Jean,Durand,Gérant,01 99 00 01 02,Lyon,1,Nouveau,,\n")
	inner, err := url.Parse(f.base)
	if err != nil {
		t.Fatal(err)
	}
	hub = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(inner); r.Out.Host = r.In.Host }}
	f.base = front.URL
	return f, idp
}

// atProvider goes to the provider and signs in there, without scripts.
func (b *browser) atProvider(login, next string) {
	b.t.Helper()
	b.get("/sign-in/away?next=" + url.QueryEscape(next))
	form := url.Values{"id": {attribute(b.find("#username").Parent.Parent.FirstChild.NextSibling, "value")}}
	form.Set("username", login)
	form.Set("password", "there, "+login)
	if login == "stranger" {
		form.Set("password", "a stranger's own words")
	}
	resp, err := b.http.PostForm(b.at.Scheme+"://"+b.at.Host+"/login/username", form)
	if err != nil {
		b.t.Fatal(err)
	}
	b.took(resp)
}

// Somebody signs in at the company's own provider, works, and signs out: in a
// browser, by keyboard, in both languages.
func TestSigningInAtTheProvider(t *testing.T) {
	t.Parallel()
	f, idp := withProvider(t, "}\n  passwords_for: [sam]")
	for lang, words := range map[string][2]string{"fr": {"Se connecter avec ACME", "encore ouverte"}, "en": {"Sign in with ACME", "signed in still"}} {
		t.Run(lang, func(t *testing.T) {
			s := f.sit(t, lang)
			s.also = idp.URL
			s.to("/day")
			s.do(chromedp.WaitVisible(chromedp.CSS(`.door a.main`)))
			if got := ask[string](s, `document.querySelector(".door a.main").textContent`); got != words[0] {
				t.Errorf("the way in is called %q", got)
			}
			if ask[bool](s, `document.querySelector(".door details").open`) {
				t.Error("the form for the few is open")
			}
			s.picture("sign-in-provider")
			s.do(chromedp.Focus(chromedp.CSS(`.door a.main`)), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(`#username`)))
			if got := ask[string](s, `location.origin`); got != idp.URL {
				t.Fatalf("sent to %s", got)
			}
			s.do(chromedp.SendKeys(chromedp.CSS(`#username`), "alice"), chromedp.SendKeys(chromedp.CSS(`#password`), "there, alice"+kb.Enter), chromedp.WaitVisible(chromedp.CSS(`nav`)))
			s.at("/day")
			s.do(chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button`)))
			s.says(words[1])
			if got := ask[string](s, `[...document.querySelectorAll(".door a")].map((a) => a.origin).join()`); got != f.base+","+idp.URL {
				t.Errorf("the links lead to %s", got)
			}
			if s.to("/day"); ask[string](s, `location.pathname`) != "/sign-in" {
				t.Error("signed in still")
			}
		})
	}
	lines, err := f.app.Accounts().Log(10, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l.What == identity.SignedIn && (l.Person != "alice" || l.How != identity.ByProvider) {
			t.Errorf("the access log says %+v", l)
		}
	}
}

// The same without scripts; and what the provider's word does not do.
func TestTheProvidersWord(t *testing.T) {
	t.Parallel()
	f, idp := withProvider(t, "}\n  passwords_for: [sam]")
	b := f.browser(t)
	b.atProvider("alice", "/day?x=1")
	if b.path != "/day" || b.at.Host != strings.TrimPrefix(f.base, "http://") {
		t.Fatalf("at %s (%d): %s", b.at, b.status, b.body)
	}
	stranger := f.browser(t)
	stranger.atProvider("stranger", "/")
	if stranger.path != "/sign-in" || !stranger.shows("pas de compte ouvert") {
		t.Errorf("a stranger is at %s: %s", stranger.at, stranger.body)
	}
	if err := f.app.Accounts().Disable(t.Context(), bridge.Actor{Operator: true}, "alice", "left"); err != nil {
		t.Fatal(err)
	}
	if b.get("/day"); b.path != "/sign-in" {
		t.Error("her session goes on though her account is closed")
	}
	b.atProvider("alice", "/day")
	if b.path != "/sign-in" || !b.shows("pas de compte ouvert") {
		t.Errorf("a closed account is at %s", b.at)
	}

	// A password of ours is for the few.
	for who, want := range map[bridge.PersonID]string{"bruno": "/sign-in", "sam": "/plateau"} {
		one := f.browser(t)
		one.post("/sign-in", "login", string(who), "password", password(who), "next", "/")
		if one.path != want {
			t.Errorf("%s is at %s with a password", who, one.path)
		}
	}
	idp.Down(true)
	sam := f.browser(t)
	sam.atProviderDown(t)
	sam.signIn("sam") // who gets in all the same
	if strings.Contains(f.log.String(), provider.Secret) || strings.Contains(f.log.String(), "code=") {
		t.Error("the log holds a secret")
	}
}

// atProviderDown asks for the provider, which has answered before: the browser is
// sent there. A bridge that it has never answered says that it is down.
func (b *browser) atProviderDown(t *testing.T) {
	t.Helper()
	fresh, idp := withProvider(t, "}")
	idp.Down(true)
	one := fresh.browser(t)
	one.get("/sign-in/away?next=/day")
	if one.path != "/sign-in" || !one.shows("ne répond pas") || one.at.Query().Get("next") != "/day" {
		t.Errorf("at %s: %s", one.at, one.body)
	}
	one.signIn("bruno") // everybody has a password there
	idp.Down(false)
	again := fresh.browser(t)
	again.atProvider("bruno", "/day")
	if again.path != "/day" {
		t.Errorf("once it is up: %s", again.at)
	}
}

// An answer opens one session, in the browser that was sent for it, and sends
// nobody elsewhere.
func TestTheProvidersAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	f, _ := withProvider(t, "}")
	b := f.browser(t)
	var answer, away string
	b.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/sign-in/back" {
			answer = r.URL.RequestURI()
			for _, c := range b.http.Jar.Cookies(r.URL) {
				if c.Name == "passerelle-away" {
					away = c.Value
				}
			}
			return http.ErrUseLastResponse // it is held back
		}
		return nil
	}
	b.atProvider("alice", "//evil.example/")
	if answer == "" || away == "" {
		t.Fatalf("no answer: %s", b.at)
	}
	b.http.CheckRedirect = nil
	victim := f.browser(t)
	if victim.get(answer); victim.path != "/sign-in" || !victim.shows("autre navigateur") {
		t.Errorf("in another browser: %s", victim.at)
	}
	if victim.get("/account"); victim.path != "/sign-in" {
		t.Error("it signs another browser in")
	}
	b.get(answer)
	if b.path == "/sign-in" || b.at.Host != strings.TrimPrefix(f.base, "http://") {
		t.Fatalf("at %s: %s", b.at, b.body)
	}
	thief := f.browser(t)
	home, err := url.Parse(f.base)
	if err != nil {
		t.Fatal(err)
	}
	thief.http.Jar.SetCookies(home, []*http.Cookie{{Name: "passerelle-away", Value: away, Path: "/"}})
	if thief.get(answer); thief.path != "/sign-in" {
		t.Errorf("again, with what the browser kept: %s", thief.at)
	}
	late := f.browser(t)
	late.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/sign-in/back" {
			f.pass(11 * time.Minute)
		}
		return nil
	}
	late.atProvider("bruno", "/")
	if late.path != "/sign-in" || !late.shows("trop long") {
		t.Errorf("too late: %s", late.at)
	}
	// Any page on the web can send a browser here that was never sent away.
	for range 40 {
		victim.get("/sign-in/back?state=x&code=y")
	}
	if victim.atProvider("nadia", "/account"); victim.path != "/account" {
		t.Errorf("what was no guess locks her out: %s", victim.at)
	}
	for range 40 {
		thief.http.Jar.SetCookies(home, []*http.Cookie{{Name: "passerelle-away", Value: away, Path: "/"}})
		thief.get("/sign-in/back?state=x&code=y")
	}
	if !thief.shows("Trop d’essais") {
		t.Errorf("guessing: %s", thief.body)
	}
}

// What the provider says of a second factor is enough where a role requires one.
func TestTheProvidersSecondFactor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ more, at string }{
		{", second_factor: {amr: [pwd]}}", "/day"}, // it calls it that
		{", second_factor: {amr: [otp]}}", "/account/factor"},
	} {
		f, _ := withProvider(t, c.more)
		f.requireFactor()
		b := f.browser(t)
		b.atProvider("alice", "/day")
		if b.path != c.at {
			t.Errorf("%s: at %s", c.more, b.at)
		}
	}
}

// Those who had a password before still do, where nothing switches it off.
func TestProviderAndPasswords(t *testing.T) {
	t.Parallel()
	f, _ := withProvider(t, "}")
	b := f.browser(t)
	b.signIn("alice")
	if err := f.app.Accounts().Reset(t.Context(), bridge.Actor{Operator: true}, "alice", secret.New("verglas tabouret ocarina")); err != nil {
		t.Fatal(err)
	}
	if b.get("/day"); b.path != "/sign-in" {
		t.Error("a reset ends no session")
	}
}

// What somebody has sent whose session is over waits until they have signed in at
// the provider in another tab: with scripts and without.
func TestWhatWaitsForTheProvider(t *testing.T) {
	t.Parallel()
	f, idp := withProvider(t, "}\n  passwords_for: [sam]\nsessions: {idle: 10m}\n")
	b := f.browser(t)
	b.atProvider("alice", "/call")
	b.post("/call", "campaign", "spring")
	form := b.form("#result")
	form.Set("disposition", "not_interested")
	form.Set("note", "ne veut plus rien")
	f.pass(20 * time.Minute)
	b.submit(b.path+"/outcome", form)
	if b.status != http.StatusUnauthorized {
		t.Fatalf("%d: %s", b.status, b.body)
	}
	to, held := b.action("#held"), b.form("#held")
	b.atProvider("alice", "/account") // in the other tab
	if b.submit(to, held); !b.shows(said["fr"]["saved"]) {
		t.Fatalf("%d: %s", b.status, b.body)
	}

	s := f.sit(t, "fr")
	s.also = idp.URL
	s.enterAs(b)
	s.to("/call")
	s.do(chromedp.KeyEvent(kb.Enter))
	s.at("/work/")
	s.do(chromedp.KeyEvent("4"), chromedp.KeyEvent("n"), chromedp.KeyEvent("rappeler jamais"))
	f.pass(20 * time.Minute)
	s.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.WaitVisible(chromedp.CSS("#ended")))
	s.picture("ended-provider")
	if got := ask[string](s, `document.querySelector("#ended a").target`); got != "_blank" {
		t.Error("the way to the provider leads away from what was typed")
	}
	b.atProvider("alice", "/account") // in the other tab
	s.enterAs(b)
	ask[bool](s, `dispatchEvent(new Event("focus"))`)
	s.says(said["fr"]["saved"])
	eventually(t, "both notes are in the CRM", func() bool { return len(f.rows("activities.csv")) == 2 })
}

// enterAs gives the browser what another one holds.
func (s *seat) enterAs(b *browser) {
	s.t.Helper()
	for _, c := range b.http.Jar.Cookies(b.at) {
		call(s, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: s.base})
	}
}
