package console

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"passerelle/internal/bridge"
)

// Keys of one character do nothing while somebody types, are those that the digits
// stand on whatever the keyboard, and can be turned off. What is wrong with the
// form leads to its part.
func TestKeys(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	s := f.sit(t, "fr")
	s.signIn("alice")
	s.do(chromedp.KeyEvent(kb.Enter))
	s.at("/work/")
	chosen := func() string {
		return ask[string](s, `document.querySelector("input[name=disposition]:checked")?.dataset.key ?? ""`)
	}
	send := kb.Enter
	s.do(chromedp.KeyEvent(send, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	s.at("/work/")
	s.do(chromedp.WaitVisible(chromedp.CSS(`#notice a[href="#disposition"]`)))
	if !ask[bool](s, `document.activeElement.matches("#notice a")`) {
		t.Error("what is wrong does not have the focus")
	}
	s.picture("wrong")
	if ask[string](s, `document.querySelector("[role=alert] a").hash`) != "#disposition" {
		t.Error("what is wrong is not said at once")
	}
	s.do(chromedp.KeyEvent("n"), chromedp.KeyEvent("12 n t 34"))
	if got := ask[string](s, `document.querySelector("#note").value`); got != "12 n t 34" || chosen() != "" {
		t.Errorf("typed: %q, chosen: %q", got, chosen())
	}
	s.do(chromedp.KeyEvent(kb.Escape))
	ask[bool](s, `document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "\u00e9", code: "Digit2", bubbles: true }))`)
	if chosen() != "2" {
		t.Errorf("on a French keyboard 2 chooses %q", chosen())
	}
	eventually(t, "the draft is kept", func() bool {
		return strings.Contains(ask[string](s, `document.querySelector("#kept").textContent`), "conservé")
	})
	s.do(chromedp.Click(chromedp.CSS(`form[action="/keys"] button`)))
	s.at("/work/")
	s.do(chromedp.WaitVisible(chromedp.CSS(`[data-keys=off]`)), chromedp.KeyEvent("4"))
	if chosen() != "2" {
		t.Errorf("keys that are turned off choose %q", chosen())
	}
	s.picture("keyless")
}

// conditions are those of Network.emulateNetworkConditions, as every Chromium knows
// it.
type conditions struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"`
	Download float64 `json:"downloadThroughput"`
	Upload   float64 `json:"uploadThroughput"`
}

// offline takes the browser's line away, or gives it back.
func (s *seat) offline(gone bool) {
	s.t.Helper()
	call(s, cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}, conditions{Offline: gone, Download: -1, Upload: -1})
}

// A line that is lost while somebody sends loses nothing: the page waits for it.
func TestALostLineLosesNoNote(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	s := f.sit(t, "en")
	s.signIn("alice")
	s.do(chromedp.KeyEvent(kb.Enter))
	s.at("/work/")
	s.offline(true)
	s.do(chromedp.KeyEvent("4"), chromedp.KeyEvent("n"), chromedp.KeyEvent("in the tunnel"),
		chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	eventually(t, "the page says that it waits", func() bool {
		return strings.Contains(ask[string](s, `document.querySelector("#kept").textContent`), "no connection")
	})
	if got := ask[string](s, `document.querySelector("#note").value`); got != "in the tunnel" {
		t.Errorf("the note is %q", got)
	}
	s.offline(false)
	s.says(said["en"]["saved"])
	eventually(t, "the note is in the CRM", func() bool {
		rows := f.rows("activities.csv")
		return len(rows) == 1 && rows[0]["note"] == "in the tunnel"
	})
}

// Two callers side by side never have the same lead.
func TestTwoCallersNeverHoldOneLead(t *testing.T) {
	t.Parallel()
	f := open(t, 8)
	seats := map[bridge.PersonID]*seat{}
	for _, who := range []bridge.PersonID{"alice", "bruno"} {
		s := f.sit(t, "fr")
		s.signIn(who)
		s.do(chromedp.KeyEvent(kb.Enter))
		s.at("/work/")
		seats[who] = s
	}
	had := map[string]bridge.PersonID{}
	for i := range 4 {
		for who, s := range seats {
			lead := ask[string](s, `location.pathname`)
			if other, taken := had[lead]; taken {
				t.Fatalf("%s has the lead that %s had", who, other)
			}
			had[lead] = who
			s.do(chromedp.KeyEvent("4"))
		}
		for who, s := range seats {
			ask[bool](s, `document.querySelector("#notice")?.remove() ?? true`)
			s.do(chromedp.KeyEvent("n"), chromedp.KeyEvent(fmt.Sprint(who, i)), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
		}
		for _, s := range seats {
			s.says(said["fr"]["saved"])
			if i < 3 {
				s.at("/work/")
			}
		}
	}
	eventually(t, "all calls are in the CRM", func() bool { return len(f.rows("activities.csv")) == 8 })
	if len(had) != 8 {
		t.Errorf("%d leads were called", len(had))
	}
}
