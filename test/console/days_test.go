package console

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"passerelle/internal/desk"
)

// Words of the pages that the tests wait for, by language.
var said = map[string]map[string]string{
	"fr": {"saved": "Enregistré", "waits": "Attend le responsable", "none": "Plus de fiche", "ended": "Votre session est terminée", "validated": "Validé",
		"on line": "en ligne avec Alice Martin", "undone": "Annulé", "closed": "1 fiche close", "corrected": "Statut corrigé",
		"moved later": "0 fiche réaffectée", "moved pool": "10 fiches réaffectées"},
	"en": {"saved": "Saved", "waits": "Waits for a supervisor", "none": "No lead is left", "ended": "Your session has ended", "validated": "Validated",
		"on line": "on the line with Alice Martin", "undone": "Undone", "closed": "1 lead closed", "corrected": "Status corrected",
		"moved later": "0 leads reassigned", "moved pool": "10 leads reassigned"},
}

// A caller's morning, by keyboard alone: ten leads, one of them an appointment.
func TestACallerWorksTenLeads(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fr", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			f := open(t, 10)
			s := f.sit(t, lang)
			s.to("/")
			s.picture("sign-in")
			s.signIn("alice")
			s.picture("call")
			s.do(chromedp.KeyEvent(kb.Enter)) // the button has the focus
			s.at("/work/")
			for i := range 10 {
				s.at("/work/") // with its keys
				if i == 3 {
					s.appointment()
				} else {
					s.do(chromedp.KeyEvent("4"), chromedp.KeyEvent("n"),
						chromedp.KeyEvent(fmt.Sprintf("appel %d", i+1)))
				}
				if i == 2 {
					s.picture("work")
				}
				ask[bool](s, `document.querySelector("#notice")?.remove() ?? true`)
				s.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
				s.says(said[lang]["saved"])
				if i == 3 {
					s.says(said[lang]["waits"])
				}
			}
			s.says(said[lang]["none"])
			f.hasTenCalls(t)
			s.to("/day")
			if got := s.text(); !strings.Contains(got, "10") || !strings.Contains(got, "1") {
				t.Errorf("the day's figures: %s", got)
			}
			s.picture("day")
		})
	}
}

// appointment asks for one with Vera, at her first free hour, by keyboard alone.
func (s *seat) appointment() {
	s.t.Helper()
	s.do(chromedp.KeyEvent("5"), chromedp.WaitVisible(chromedp.CSS(`select[name=with]`)))
	s.tabTo(`select[name=with]`)
	s.do(chromedp.KeyEvent("Vera"))
	s.tabTo(`button[value=slots]`)
	s.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(`.slot`)))
	s.at("/work/")
	ask[string](s, `document.querySelector("#meet_at").value = "2031-01-06T10:00"`)
	s.tabTo(`.slot input`)
	s.do(chromedp.KeyEvent(" "))
	if other := ask[string](s, `document.querySelector("#meet_at").value`); other != "" {
		s.t.Errorf("beside the slot stands another hour: %s", other)
	}
	s.picture("appointment")
}

// tabTo goes on with the tabulator until it has come to an element, which must be
// seen to have the focus.
func (s *seat) tabTo(selector string) {
	s.t.Helper()
	for range 60 {
		s.do(chromedp.KeyEvent(kb.Tab))
		if ask[bool](s, `document.activeElement.matches(`+strconv.Quote(selector)+`)`) {
			if !ask[bool](s, `[document.activeElement, document.activeElement.parentElement].some((e) => getComputedStyle(e).outlineStyle != "none")`) {
				s.t.Errorf("%s has the focus, and nobody sees it", selector)
			}
			return
		}
	}
	s.t.Fatalf("no tabulator leads to %s", selector)
}

// A supervisor's day: the floor, a proposal that reaches the CRM's calendar,
// leads that change hands, in each language.
func TestASupervisorValidates(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fr", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			f := open(t, 12)
			caller := f.sit(t, lang)
			caller.signIn("alice")
			caller.do(chromedp.KeyEvent(kb.Enter))
			caller.at("/work/")
			caller.appointment()
			caller.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
			caller.says(said[lang]["waits"])

			s := f.sit(t, lang)
			s.signIn("sam")
			s.at("/plateau")
			for _, want := range []string{"Alice Martin", "Jeanne Durand"} {
				if !strings.Contains(s.text(), want) {
					t.Errorf("the floor lacks %s: %s", want, s.text())
				}
			}
			s.picture("plateau")
			s.to("/proposals")
			if !strings.Contains(s.text(), "Vera Fontaine") {
				t.Errorf("the proposal lacks with whom it is: %s", s.text())
			}
			s.picture("proposals")
			s.do(chromedp.Click(chromedp.CSS(`.proposal button.main`)))
			s.says(said[lang]["validated"])
			eventually(t, "the appointment is in the CRM", func() bool { return len(f.rows("appointments.csv")) == 1 })

			s.findsTheAppointment()
			s.reassigns()
			s.looksAtALead()
			s.handsOver()
			s.to("/writes")
			s.picture("writes")
		})
	}
}

// findsTheAppointment looks it up in the calendar.
func (s *seat) findsTheAppointment() {
	s.t.Helper()
	next := s.now().AddDate(0, 0, 7).Format(time.DateOnly)
	for _, week := range []string{"", next} { // the first free hour may lie in the next one
		if s.to("/appointments?week=" + week); strings.Contains(s.text(), "Vera Fontaine") {
			break
		}
	}
	if got := s.text(); !strings.Contains(got, "Jeanne Durand") || !strings.Contains(got, "09:00") {
		s.t.Errorf("the calendar lacks the appointment: %s", got)
	}
	s.picture("appointments")
}

// reassigns gives the campaign's leads to Bruno, after a look at what that does,
// and takes it back.
func (s *seat) reassigns() {
	s.t.Helper()
	s.to("/leads?campaign=spring")
	s.do(chromedp.Click(chromedp.CSS(`.bulk summary`)))
	s.do(
		chromedp.SetValue(chromedp.CSS(`.bulk select[name=to]`), "bruno"),
		chromedp.SendKeys(chromedp.CSS(`.bulk input[name=motive]`), "Alice est absente"),
	)
	s.picture("leads")
	s.do(chromedp.Click(chromedp.CSS(`.bulk form button`)))
	s.at("/leads/reassign")
	if !strings.Contains(s.text(), "10 ") || !strings.Contains(s.text(), said[s.lang]["on line"]) {
		s.t.Errorf("the preview: %s", s.text())
	}
	s.picture("order")
	s.do(chromedp.Click(chromedp.CSS(`button[name=confirm]`)))
	s.says("10 ")
	if !strings.Contains(s.text(), "Bruno Leroy") {
		s.t.Errorf("nothing has moved: %s", s.text())
	}
	s.picture("leads-moved")
	s.takesBack()
	if n := s.with("bruno"); n != 0 {
		s.t.Errorf("after that Bruno has %d leads", n)
	}
}

// takesBack undoes what the page has just told of.
func (s *seat) takesBack() {
	s.t.Helper()
	s.do(chromedp.Click(chromedp.CSS(`#notice button`)))
	s.says(said[s.lang]["undone"])
}

// with counts somebody's leads.
func (f *floor) with(who string) int {
	f.t.Helper()
	found, _, err := f.app.Desk().Leads(f.as("sam"), desk.Choice{Campaign: "spring", Assignee: who}, deskPage)
	if err != nil {
		f.t.Fatal(err)
	}
	return len(found)
}

// looksAtALead closes the sequence of one, takes that back, and corrects its
// status, which the CRM gets, and then what it was before.
func (s *seat) looksAtALead() {
	s.t.Helper()
	s.to("/leads?campaign=spring&status=waiting")
	s.do(chromedp.Click(chromedp.CSS(`tbody tr:last-child a`)))
	s.at("/leads/")
	s.picture("lead")
	s.do(
		chromedp.SendKeys(chromedp.CSS(`form[action="/leads/close"] input[name=motive]`), "société fermée"+kb.Enter),
		chromedp.WaitVisible(chromedp.CSS(`button[name=confirm]`)),
		chromedp.Click(chromedp.CSS(`button[name=confirm]`)),
	)
	s.says(said[s.lang]["closed"])
	s.takesBack()
	s.to("/leads?campaign=spring&status=waiting")
	s.do(chromedp.Click(chromedp.CSS(`tbody tr:last-child a`)))
	s.at("/leads/")
	s.do(
		chromedp.SetValue(chromedp.CSS(`select[name=prospect_status]`), "qualified"),
		chromedp.SendKeys(chromedp.CSS(`#status input[name=motive]`), "mal saisi"+kb.Enter),
	)
	s.says(said[s.lang]["corrected"])
	inCRM := func(status string) func() bool {
		return func() bool {
			for _, row := range s.rows("prospects.csv") {
				if row["prospect_status"] == status {
					return true
				}
			}
			return false
		}
	}
	eventually(s.t, "the CRM has the status", inCRM("qualified"))
	s.takesBack()
	eventually(s.t, "the CRM has no such status any more", func() bool { return !inCRM("qualified")() })
}

// handsOver gives Bruno's leads to the pool, as if he left, and takes that back.
func (s *seat) handsOver() {
	s.t.Helper()
	if _, err := s.app.Desk().Reassign(s.t.Context(), s.as("sam"), deskChoice, "bruno", "for the test"); err != nil {
		s.t.Fatal(err)
	}
	had := s.with("bruno")
	for _, to := range []string{"later", "pool"} {
		s.to("/handover")
		s.do(
			chromedp.SetValue(chromedp.CSS(`select[name=to]`), to),
			chromedp.SendKeys(chromedp.CSS(`input[name=motive]`), "Bruno s'en va"),
		)
		s.picture("handover")
		s.do(chromedp.Click(chromedp.CSS(`form.stack button`)))
		s.at("/handover")
		s.do(chromedp.WaitVisible(chromedp.CSS(`button[name=confirm]`)), chromedp.Click(chromedp.CSS(`button[name=confirm]`)))
		s.says(said[s.lang]["moved "+to])
	}
	if s.with("bruno") != 0 || had == 0 {
		s.t.Errorf("Bruno had %d leads and has %d", had, s.with("bruno"))
	}
	s.takesBack()
	if s.with("bruno") != had {
		s.t.Errorf("Bruno had %d leads, and has %d after it was taken back", had, s.with("bruno"))
	}
}

// hasTenCalls waits for the calls in the CRM, with their notes.
func (f *floor) hasTenCalls(t *testing.T) {
	t.Helper()
	eventually(t, "ten calls are in the CRM", func() bool { return len(f.rows("activities.csv")) == 10 })
	notes := map[string]bool{}
	for _, row := range f.rows("activities.csv") {
		notes[row["note"]] = true
	}
	for i := range 10 {
		if i != 3 && !notes[fmt.Sprintf("appel %d", i+1)] {
			t.Errorf("the note of call %d is not in the CRM: %v", i+1, notes)
		}
	}
	if len(f.rows("appointments.csv")) > 0 {
		t.Error("an appointment that nobody validated is in the CRM")
	}
}
