package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Words of the pages that the tests wait for, by language.
var said = map[string]map[string]string{
	"fr": {"saved": "Enregistré", "waits": "Attend le responsable", "none": "Plus de fiche", "ended": "Votre session est terminée", "validated": "Validé"},
	"en": {"saved": "Saved", "waits": "Waits for a supervisor", "none": "No lead is left", "ended": "Your session has ended", "validated": "Validated"},
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

// appointment asks for one with Vera, at her first free hour.
func (s *seat) appointment() {
	s.t.Helper()
	s.do(
		chromedp.KeyEvent("5"),
		chromedp.WaitVisible(chromedp.CSS(`select[name=with]`)),
		chromedp.SetValue(chromedp.CSS(`select[name=with]`), "vera"),
		chromedp.Click(chromedp.CSS(`button[value=slots]`)),
		chromedp.WaitVisible(chromedp.CSS(`.slot`)),
	)
	s.at("/work/")
	s.do(chromedp.Click(chromedp.CSS(`.slot`)))
	s.picture("appointment")
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

// reassigns gives the campaign's leads to Bruno, after a look at what that does.
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
	if !strings.Contains(s.text(), "10 ") || !strings.Contains(s.text(), "on the line with alice") {
		s.t.Errorf("the preview: %s", s.text())
	}
	s.picture("reassign")
	s.do(chromedp.Click(chromedp.CSS(`button[name=confirm]`)))
	s.says("10 ")
	if !strings.Contains(s.text(), "Bruno Leroy") {
		s.t.Errorf("nothing has moved: %s", s.text())
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
