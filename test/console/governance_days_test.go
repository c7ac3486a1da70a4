package console

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"passerelle/internal/bridge"
)

// governed are words of these pages, by language.
var governed = map[string]map[string]string{
	"fr": {"loses": "caller ne peut plus lire prospect.city", "proposed": "La politique est proposée", "active": "La politique est active", "chain": "La chaîne tient"},
	"en": {"loses": "caller may no longer read prospect.city", "proposed": "The policy is proposed", "active": "The policy is active", "chain": "The chain holds"},
}

// The direction takes a field off callers' cards and the DPO agrees; the card that
// is open loses it at the next request.
func TestAFieldLeavesAnOpenCard(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fr", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			f, say := open(t, 4), governed[lang]
			caller, s := f.sit(t, lang), f.sit(t, lang)
			caller.signIn("alice")
			caller.do(chromedp.Click(chromedp.CSS(`main button.main`)))
			caller.at("/work/")
			if !strings.Contains(caller.text(), "Lyon") {
				t.Fatalf("the card has no city: %s", caller.text())
			}
			lead := ask[string](caller, `document.querySelector(".work").dataset.lead`)
			s.signIn("denis")
			s.at("/governance/policy")
			s.to("/governance/propose")
			s.fill(`textarea[name=text]`, withoutCity(t))
			s.fill(`input[name=motive]`, "la ville ne sert pas à l'appel")
			s.do(chromedp.Click(chromedp.CSS(`button[value=check]`)), chromedp.WaitVisible(chromedp.CSS(`button[value=propose]`)))
			if !strings.Contains(s.text(), say["loses"]) {
				t.Errorf("the difference: %s", s.text())
			}
			s.picture("propose")
			s.do(chromedp.Click(chromedp.CSS(`button[value=propose]`)))
			s.says(say["proposed"])
			draft := ask[string](s, `location.pathname`)
			s.picture("version-own")
			s.pictures(lead)
			s.change("nadia")
			s.to(draft + "?days=7")
			s.picture("version")
			s.do(chromedp.Click(chromedp.CSS(`form[action$="/activate"] button`)))
			s.says(say["active"])
			s.picture("policy")
			caller.do(chromedp.Reload())
			caller.at("/work/")
			if got := caller.text(); strings.Contains(got, "Lyon") || !strings.Contains(got, "Durand") {
				t.Errorf("the card afterwards: %s", got)
			}
			s.to("/governance/ledger")
			s.do(chromedp.Click(chromedp.CSS(`button[formaction]`)), chromedp.WaitVisible(chromedp.CSS(`#verified`)))
			if got := s.text(); !strings.Contains(got, say["chain"]) {
				t.Errorf("verified: %s", got)
			}
			s.picture("ledger")
			s.change("sam")
			s.to("/governance/connections")
			s.picture("connections")
			s.to("/governance/connections/crm.sheet")
			s.picture("connection")
		})
	}
}

// pictures looks at the pages that ask and list.
func (s *seat) pictures(lead string) {
	s.t.Helper()
	for name, path := range map[string]string{
		"matrix": "/governance/matrix", "see-as": seeAs("alice", lead, ""), "access": "/governance/access", "people": "/governance/people",
		"explain": "/governance/explain?as=alice+phoning.console&can=read&on=account.margin",
	} {
		s.to(path)
		s.picture(name)
	}
}

// fill writes into a field of a form.
func (s *seat) fill(selector, text string) {
	s.t.Helper()
	s.do(chromedp.SetValue(chromedp.CSS(selector), text))
}

// change signs out, and somebody else in.
func (s *seat) change(who bridge.PersonID) {
	s.t.Helper()
	s.do(chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button`)), chromedp.WaitVisible(chromedp.CSS(`.door`)))
	s.signIn(who)
}
