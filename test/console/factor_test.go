package console

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/pquerna/otp/totp"
	"golang.org/x/net/html"

	"passerelle/internal/identity"
)

// requireFactor makes the policy ask callers for a second factor.
func (f *floor) requireFactor() {
	f.t.Helper()
	f.decide("  caller:\n", "  caller:\n    requires: second_factor\n")
}

// code is what somebody's telephone shows at the floor's hour.
func (f *floor) code(seed string) string {
	f.t.Helper()
	text, err := totp.GenerateCode(strings.ReplaceAll(seed, " ", ""), f.now())
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// codes are the recovery codes that the page shows.
func (b *browser) codes() (out []string) {
	b.t.Helper()
	for n := range b.find(".codes").Descendants() {
		if n.Type == html.TextNode && strings.Count(n.Data, "-") == 3 {
			out = append(out, n.Data)
		}
	}
	return out
}

// text is what an element says.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return b.find(selector).FirstChild.Data
}

// setUp sets up a second factor without scripts, and answers its seed and the
// recovery codes.
func (b *browser) setUp() (seed string, codes []string) {
	b.t.Helper()
	b.post("/account/factor/offer")
	seed = b.text(".seed")
	form := b.form("#confirm")
	form.Set("code", b.code(seed))
	b.submit("/account/factor/confirm", form)
	if b.status != http.StatusOK {
		b.t.Fatalf("setting it up: %d %s", b.status, b.body)
	}
	return seed, b.codes()
}

// Whoever must have a second factor and has none sets it up when they sign in, and
// can do nothing else; afterwards the password alone opens nothing.
func TestARequiredSecondFactor(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	f.requireFactor()
	b := f.browser(t)
	b.post("/sign-in", "login", "alice", "password", password("alice"), "next", "/call")
	if b.path != "/account/factor" || !b.shows("Votre rôle demande un second facteur") {
		t.Fatalf("at %s: %s", b.path, b.body)
	}
	for _, path := range []string{"/", "/call", "/account", "/day"} {
		if b.get(path); b.path != "/account/factor" {
			t.Errorf("%s is open: %s", path, b.path)
		}
	}
	if b.post("/call", "campaign", "spring"); strings.HasPrefix(b.path, "/work/") {
		t.Error("a lead is handed out before")
	}
	seed, codes := b.setUp()
	if len(codes) != 10 || b.shows(seed) {
		t.Fatalf("%d codes", len(codes))
	}
	if b.get("/call"); b.path != "/call" || b.status != http.StatusOK {
		t.Fatalf("afterwards: %s %d", b.path, b.status)
	}
	if b.get("/account/factor"); b.shows(seed) || strings.Contains(b.body, codes[0]) || !b.shows("Il reste 10 codes de secours") {
		t.Error("the seed or a recovery code is shown again, or how many are left is not")
	}
	f.pass(time.Minute)
	other := f.browser(t)
	other.post("/sign-in", "login", "alice", "password", password("alice"), "next", "/day")
	if !other.shows("Votre code") {
		t.Fatalf("no code is asked for: %s", other.body)
	}
	for _, path := range []string{"/call", "/account", "/account/factor", "/account/password"} {
		if other.get(path); !other.shows("Votre code") {
			t.Errorf("%s is open by the password alone: %s", path, other.body)
		}
	}
	if other.post("/account/factor/offer"); other.status != http.StatusUnauthorized {
		t.Errorf("another factor by the password alone: %d", other.status)
	}
	other.post("/sign-in/code", "code", "000000", "next", "/day")
	if other.status != http.StatusUnauthorized || !other.shows("Le code est incorrect") {
		t.Errorf("a wrong code: %d", other.status)
	}
	used := f.code(seed)
	if other.post("/sign-in/code", "code", used, "next", "/day"); other.path != "/day" {
		t.Fatalf("the right one: %s %d", other.path, other.status)
	}
	third := f.browser(t)
	third.post("/sign-in", "login", "alice", "password", password("alice"))
	if third.post("/sign-in/code", "code", used); third.status != http.StatusUnauthorized {
		t.Errorf("a code that was overheard opens a second session: %d", third.status)
	}
	if third.post("/sign-in/code", "code", codes[4], "next", "//evil.example/"); third.status != http.StatusOK || third.path != "/call" {
		t.Errorf("a recovery code: %s %d", third.path, third.status)
	}
	for _, secret := range append([]string{seed, strings.ReplaceAll(seed, " ", "")}, codes...) {
		if strings.Contains(f.log.String(), secret) {
			t.Error("the log holds a seed or a recovery code")
		}
	}
}

// What waits while a session has ended goes on its way after the code as well.
func TestACodeLosesNoNote(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	seed, _ := b.setUp()
	b.post("/call", "campaign", "spring")
	form := b.form("#result")
	form.Set("disposition", "not_interested")
	form.Set("note", "rappelle plus tard")
	f.pass(2 * time.Hour)
	b.submit(b.path+"/outcome", form)
	again := b.form(".door")
	again.Set("login", "alice")
	again.Set("password", password("alice"))
	b.submit("/sign-in", again)
	if !b.shows("Votre code") {
		t.Fatalf("%d %s", b.status, b.body)
	}
	for _, code := range []string{"nonsense", f.code(seed)} {
		again = b.form("#code")
		again.Set("code", code)
		b.submit("/sign-in/code", again)
	}
	b.submit(b.action("#again"), b.form("#again"))
	if !b.shows(said["fr"]["saved"]) {
		t.Fatalf("%d: %s", b.status, b.body)
	}
	eventually(t, "the call is in the CRM", func() bool { return len(f.rows("activities.csv")) == 1 })
	if got := f.rows("activities.csv")[0]["note"]; got != "rappelle plus tard" {
		t.Errorf("the note in the CRM is %q", got)
	}
}

// A second factor is removed, and recovery codes are made anew, by whoever shows
// password and code once more.
func TestASecondFactorIsChanged(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	_, codes := b.setUp()
	f.pass(20 * time.Minute)
	for _, c := range []struct{ path, password, code, says string }{
		{"remove", "wrong", codes[0], "Le mot de passe actuel est incorrect"}, {"remove", password("alice"), "123456", "Le code est incorrect"},
		{"codes", "", codes[0], "Le mot de passe actuel est incorrect"}, {"codes", password("alice"), "", "Le code est incorrect"},
	} {
		b.post("/account/factor/"+c.path, "password", c.password, "code", c.code)
		if b.status != http.StatusUnprocessableEntity || !b.shows(c.says) {
			t.Errorf("%s: %d, want %s: %s", c.path, b.status, c.says, b.text("#notice"))
		}
	}
	b.post("/account/factor/codes", "password", password("alice"), "code", codes[0])
	fresh := b.codes()
	if len(fresh) != 10 || slices.Contains(fresh, codes[1]) {
		t.Fatalf("%d: %v", b.status, fresh)
	}
	b.post("/account/factor/remove", "password", password("alice"), "code", codes[1])
	if b.status != http.StatusUnprocessableEntity {
		t.Errorf("a code that was replaced: %d", b.status)
	}
	b.post("/account/factor/remove", "password", password("alice"), "code", fresh[0])
	if b.status != http.StatusOK || !b.shows("Mettre en place un second facteur") {
		t.Fatalf("removed: %d %s", b.status, b.body)
	}
	f.browser(t).signIn("alice")
}

// A new device is told of in the browsers that were there before; «it was not me»
// ends what it has, and the next thing is another password.
func TestANewDeviceIsTold(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	if b.get("/call"); b.shows("Un nouvel appareil") {
		t.Error("her first device is news")
	}
	f.pass(time.Minute)
	phone := f.browser(t)
	phone.signIn("alice")
	if phone.get("/call"); phone.shows("Un nouvel appareil") {
		t.Error("the new device is asked about itself")
	}
	b.get("/call")
	if !b.shows("Un nouvel appareil s’est connecté à votre nom") {
		t.Fatal("she is not told")
	}
	form := b.form(".notice wrong stranger")
	form.Set("verdict", "mine")
	if b.submit(b.action(".notice wrong stranger"), form); b.path != "/call" || b.shows("Un nouvel appareil") {
		t.Errorf("it was her, and she is still asked, at %s", b.path)
	}
	f.pass(time.Minute)
	thief := f.browser(t)
	thief.signIn("alice")
	b.get("/call")
	form = b.form(".notice wrong stranger")
	form.Set("verdict", "other")
	b.submit(b.action(".notice wrong stranger"), form)
	if b.path != "/account/password" || !b.shows("Choisissez-en un autre") {
		t.Fatalf("at %s: %s", b.path, b.body)
	}
	if thief.get("/call"); thief.path != "/sign-in" {
		t.Error("the other one is still there")
	}
	thief.post("/sign-in", "login", "alice", "password", password("alice"))
	if thief.status != http.StatusUnauthorized || !thief.shows("Ce mot de passe doit être changé") {
		t.Errorf("the password still opens: %d", thief.status)
	}
	if b.get("/call"); b.path != "/account/password" {
		t.Errorf("she goes on at %s with a password that somebody knows", b.path)
	}
	const words = "verglas tabouret ocarina"
	b.post("/account/password", "old", "wrong", "new", words, "again", words)
	if b.status != http.StatusUnprocessableEntity {
		t.Errorf("changed without the old one: %d", b.status)
	}
	b.post("/account/password", "old", password("alice"), "new", words, "again", words)
	if b.get("/call"); b.path != "/call" {
		t.Errorf("afterwards at %s", b.path)
	}
	found, err := f.app.Accounts().Log(10, true)
	var kinds []string
	for _, l := range found {
		if l.What != identity.Refusal {
			kinds = append(kinds, l.What)
		}
	}
	if want := []string{identity.Disowned, identity.NewDevice, identity.NewDevice}; err != nil || !slices.Equal(kinds, want) {
		t.Errorf("findings: %q, %v", kinds, err)
	}
}

// Whoever comes from outside the networks of their role is a finding, whatever
// their browser says of where it is.
func TestAttemptsFromElsewhereAreFindings(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	f.decide("version: 1\n", "version: 1\nwindow: {networks: [203.0.113.0/24]}\n")
	for range 3 {
		r, err := http.NewRequest(http.MethodGet, f.base+"/call", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip"} {
			r.Header.Set(name, "203.0.113.9")
		}
		if b.send(r); b.status != http.StatusForbidden {
			t.Errorf("let in: %d", b.status)
		}
	}
	found, err := f.app.Accounts().Log(10, true)
	if err != nil || len(found) != 1 || found[0].What != identity.Elsewhere || found[0].Person != "alice" || found[0].Client != "127.0.0.1" {
		t.Errorf("%+v, %v", found, err)
	}
}

// With scripts, in both languages: what the pages look like, and a page that stays
// where it is while its session has ended.
func TestASecondFactorInABrowser(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fr", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			f := open(t, 3)
			f.requireFactor()
			s := f.sit(t, lang)
			s.to("/sign-in")
			s.do(
				chromedp.SendKeys(chromedp.CSS(`.door input[name=login]`), "alice"),
				chromedp.SendKeys(chromedp.CSS(`.door input[name=password]`), password("alice")+kb.Enter),
				chromedp.WaitVisible(chromedp.CSS(`#offer button`)),
				chromedp.Click(chromedp.CSS(`#offer button`)),
				chromedp.WaitVisible(chromedp.CSS(`.qr`)),
			)
			s.picture("factor")
			seed := ask[string](s, `document.querySelector(".seed").textContent`)
			s.do(chromedp.SendKeys(chromedp.CSS(`#confirm input[name=code]`), f.code(seed)+kb.Enter), chromedp.WaitVisible(chromedp.CSS(`.codes`)))
			s.picture("codes")
			s.to("/call")
			s.do(chromedp.KeyEvent(kb.Enter))
			s.at("/work/")
			s.do(chromedp.KeyEvent("4"), chromedp.KeyEvent("n"), chromedp.KeyEvent("ne veut plus rien"))
			f.pass(2 * time.Hour)
			s.do(
				chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.WaitVisible(chromedp.CSS("#ended")),
				chromedp.SendKeys(chromedp.CSS("#ended input[name=login]"), "alice"),
				chromedp.SendKeys(chromedp.CSS("#ended input[name=password]"), password("alice")+kb.Enter),
				chromedp.WaitVisible(chromedp.CSS("#ended-code input")),
			)
			s.picture("ended-code")
			s.do(
				chromedp.SendKeys(chromedp.CSS("#ended-code input"), "000000"+kb.Enter),
				chromedp.WaitVisible(chromedp.CSS("#ended-code .notice")),
			)
			ask[string](s, `document.querySelector("#ended-code input").value = ""`)
			s.do(chromedp.SendKeys(chromedp.CSS("#ended-code input"), f.code(seed)+kb.Enter))
			s.says(said[lang]["saved"])
			f.pass(time.Minute)
			other := f.browser(t)
			other.post("/sign-in", "login", "alice", "password", password("alice"))
			other.post("/sign-in/code", "code", f.code(seed))
			s.to("/account/factor")
			s.do(chromedp.WaitVisible(chromedp.CSS(".stranger")))
			s.picture("factor-set-up")
		})
	}
}
