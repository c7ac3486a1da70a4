package console

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A session that ends while somebody types loses nothing: the page stays, asks to
// sign in and sends what was typed.
func TestAnExpiredSessionLosesNoNote(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fr", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			f := open(t, 3)
			s := f.sit(t, lang)
			s.signIn("alice")
			s.do(chromedp.KeyEvent(kb.Enter))
			s.at("/work/")
			s.do(chromedp.KeyEvent("4"), chromedp.KeyEvent("n"), chromedp.KeyEvent("ne veut plus rien"))
			f.pass(2 * time.Hour) // the lease is over as well
			s.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.WaitVisible(chromedp.CSS("#ended")))
			s.picture("ended")
			s.do(
				chromedp.SendKeys(chromedp.CSS("#ended input[name=login]"), "alice"),
				chromedp.SendKeys(chromedp.CSS("#ended input[name=password]"), "wrong"+kb.Enter),
				chromedp.WaitVisible(chromedp.CSS("#ended .notice")),
			)
			ask[string](s, `document.querySelector("#ended input[name=password]").value = ""`)
			s.do(chromedp.SendKeys(chromedp.CSS("#ended input[name=password]"), password("alice")+kb.Enter))
			s.says(said[lang]["saved"])
			eventually(t, "the note is in the CRM", func() bool {
				rows := f.rows("activities.csv")
				return len(rows) == 1 && rows[0]["note"] == "ne veut plus rien"
			})
		})
	}
}

// Without scripts it takes one page more.
func TestAnExpiredSessionWithoutScripts(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("alice")
	b.post("/call", "campaign", "spring")
	form := b.form("#result")
	form.Set("disposition", "not_interested")
	form.Set("note", "n'est <pas> \"là\"\nà revoir")
	f.pass(2 * time.Hour)
	b.submit(b.path+"/outcome", form)
	if b.status != 401 || !b.shows(said["fr"]["ended"]) {
		t.Fatalf("%d: %s", b.status, b.body)
	}
	again := b.form(".door")
	again.Set("login", "alice")
	again.Set("password", password("alice"))
	b.submit("/sign-in", again)
	action := b.action("#again")
	b.submit(action, b.form("#again"))
	if !b.shows(said["fr"]["saved"]) {
		t.Fatalf("%d: %s", b.status, b.body)
	}
	eventually(t, "the call is in the CRM", func() bool { return len(f.rows("activities.csv")) == 1 })
	if got := f.rows("activities.csv")[0]["note"]; got != "n'est <pas> \"là\" / à revoir" {
		t.Errorf("the note in the CRM is %q", got)
	}
}

// What was typed is there again after a reload, and gone once it is recorded.
func TestADraftSurvivesAReload(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	s := f.sit(t, "fr")
	s.signIn("alice")
	s.do(chromedp.KeyEvent(kb.Enter))
	s.at("/work/")
	s.do(chromedp.KeyEvent("t"), chromedp.KeyEvent("3"), chromedp.KeyEvent("n"), chromedp.KeyEvent("rappeler après dix heures"))
	eventually(t, "the draft is kept", func() bool {
		return strings.Contains(ask[string](s, `document.querySelector("#kept").textContent`), "conservé")
	})
	s.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#note")))
	s.at("/work/")
	if got := ask[string](s, `document.querySelector("#note").value + document.querySelector("input[name=disposition]:checked").value`); got != "rappeler après dix heurescallback_requested" {
		t.Errorf("after a reload: %q", got)
	}
	eventually(t, "the timer goes on", func() bool {
		return ask[bool](s, `!["", "0:00"].includes(document.querySelector("#talk").value) && document.querySelector("#timer").textContent == document.querySelector("#talk").value`)
	})
	if ask[int](s, `localStorage.length + sessionStorage.length`) != 0 {
		t.Error("the browser keeps something")
	}
	where := ask[string](s, `location.pathname`)
	s.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.says(said["fr"]["saved"])
	if now := ask[string](s, `location.pathname`); now == where || ask[string](s, `document.querySelector("#note").value`) != "" {
		t.Errorf("at %s the next lead begins with the last one's note", now)
	}
}

// Somebody sees where they are signed in and ends a session from afar; one more
// than their role may have at once ends the oldest.
func TestMySessions(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	var all []*browser
	sign := func() *browser {
		f.pass(time.Minute)
		b := f.browser(t)
		b.signIn("alice")
		all = append(all, b)
		return b
	}
	in := func() (out string) {
		for _, b := range all {
			b.get("/account")
			out += map[bool]string{true: "x", false: "-"}[b.path == "/account"]
		}
		return out
	}
	sign()
	sign()
	here := sign()
	here.get("/account")
	ids := regexp.MustCompile(`action="/account/sessions/([^"]+)"`).FindAllStringSubmatch(here.body, -1)
	if len(ids) != 2 || !here.shows("Go-http-client") {
		t.Fatalf("%d others: %s", len(ids), here.body)
	}
	here.post("/account/sessions/" + ids[0][1])
	if got := in(); got != "-xx" {
		t.Errorf("the oldest ended from afar: %s", got)
	}
	f.browser(t).signIn("bruno")
	sign()
	sign()
	if got := in(); got != "--xxx" {
		t.Errorf("three at once, and one more: %s", got)
	}
}
