package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestVisit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a demo") // a space must not matter
	run := shell(t)
	s := play(t, dir, Options{Prospects: 30})
	for _, want := range []string{"A new demo in " + dir, s.f.prospects(), ".ics", "rule set always", s.base} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("the demo does not say %q:\n%s", want, s.out)
		}
	}
	commands := s.commands()
	if len(commands) != 3 {
		t.Fatalf("%d commands:\n%s", len(commands), s.out)
	}

	card := run(commands[0])
	id := between(card, `"prospect_id":"`, `"`)
	if id == "" || !strings.Contains(card, `"account.name"`) || !strings.Contains(card, "script") {
		t.Fatalf("next: %s", card)
	}
	took := run(commands[1])
	for _, want := range []string{`"prospect.next_action"`, `"proposal":"`, `"field":"account.status"`} {
		if !strings.Contains(took, want) {
			t.Errorf("the outcome's answer lacks %s: %s", want, took)
		}
	}
	if ruled := run(commands[2]); !strings.Contains(ruled, `"validated"`) {
		t.Errorf("validate: %s", ruled)
	}
	eventually(t, "the workbook and the calendar show it", func() bool {
		return len(s.rows("activities.csv")) == 1 && len(s.rows("appointments.csv")) == 1 &&
			exists(s.f.path(crmName, "claire.ics")) && s.prospect(id)["Tentatives"] == "1"
	})
	p := s.prospect(id)
	if p["Dernier résultat"] != "appointment_set" || p["Prochaine action"] != "Envoyer la plaquette avant le rendez-vous" || p["Statut du compte"] == "" {
		t.Errorf("the prospect is %v", p)
	}
	s.stop()
	goesOn(t, dir, id, commands, run)
}

// goesOn starts the demo again after a visit that made one call.
func goesOn(t *testing.T, dir, id string, before []string, run func(string) string) {
	t.Helper()
	s := play(t, dir, Options{Prospects: 99}) // the folder has its prospects
	defer s.stop()
	if !strings.Contains(s.out.String(), "goes on where it was") {
		t.Errorf("the demo says:\n%s", s.out)
	}
	bearer := regexp.MustCompile(`Bearer [^']+`)
	commands := s.commands()
	for i := range commands {
		if got, want := bearer.FindString(commands[i]), bearer.FindString(before[i]); got != want {
			t.Errorf("command %d: %s, want the token as before", i, got)
		}
	}
	for _, c := range commands {
		run(c)
	}
	eventually(t, "a second visit's call and appointment", func() bool {
		return len(s.rows("activities.csv")) == 2 && len(s.rows("appointments.csv")) == 2
	})
	if calls := s.rows("activities.csv"); calls[0][1] != id || calls[1][1] == id {
		t.Errorf("calls are %v", calls)
	}
	if p := s.prospect(id); p["Tentatives"] != "1" {
		t.Errorf("the first call counts %s times", p["Tentatives"])
	}
	_, leads := s.ask(visitorSupervisor, "GET", "/v1/leads?limit=500", "")
	if n := strings.Count(leads, `"prospect_id"`); n != 30 {
		t.Errorf("%d leads, want 30", n)
	}
}

func between(text, from, to string) string {
	_, after, _ := strings.Cut(text, from)
	inside, _, _ := strings.Cut(after, to)
	return inside
}

func TestCallerNeverSeesMoney(t *testing.T) {
	t.Parallel()
	s := play(t, t.TempDir(), Options{Prospects: 25})
	var forbidden []string
	for _, p := range prospects(25, time.Now()) {
		forbidden = append(forbidden, p.confidence, p.priority, quoted(p.revenue), quoted(p.margin))
		if p.amount != 0 {
			forbidden = append(forbidden, quoted(p.amount))
		}
		if p.discount != 0 {
			forbidden = append(forbidden, quoted(p.discount))
		}
	}
	// The values are there for whom they are meant.
	_, one := s.ask(visitorSupervisor, "GET", "/v1/leads?limit=1", "")
	_, view := s.ask("denis", "GET", "/v1/leads/"+between(one, `"id":"`, `"`), "")
	if !strings.Contains(view, `"account.confidential_note":"Dossier`) || !strings.Contains(view, `"account.revenue":"`) {
		t.Fatalf("direction sees %s", view)
	}
	met := 0
	for {
		status, next := s.ask(visitorCaller, "POST", "/v1/campaigns/prospection/next", "")
		if status != http.StatusOK {
			break
		}
		met++
		path := "/v1/leads/" + between(next, `"id":"`, `"`)
		_, view := s.ask(visitorCaller, "GET", path, "")
		_, took := s.ask(visitorCaller, "POST", path+"/outcomes", `{"technical":"answered","disposition":"not_interested","fields":{"account.revenue":1,"account.confidential_note":"?"}}`)
		for _, text := range []string{next, view, took} {
			for _, value := range forbidden {
				if strings.Contains(text, value) {
					t.Fatalf("a caller was shown %s in %s", value, text)
				}
			}
		}
	}
	if met < 20 {
		t.Errorf("only %d leads were handed out", met)
	}
	_, list := s.ask(visitorCaller, "GET", "/v1/leads?limit=500", "")
	s.stop()
	log, err := os.ReadFile(s.f.path(logName))
	if err != nil {
		t.Fatal(err)
	}
	token, _ := s.f.token(visitorCaller)
	for _, value := range append(forbidden, token) {
		if strings.Contains(string(log), value) || strings.Contains(list, value) {
			t.Errorf("%s stands in the log or a list", value)
		}
	}
}

// quoted is a number as a card writes it.
func quoted(n float64) string { return `"` + strconv.FormatFloat(n, 'f', -1, 64) + `"` }

func TestSimulation(t *testing.T) {
	t.Parallel()
	const calls = 60 // no multiple of summaryEvery: its summary is the last
	dir := t.TempDir()
	// The visitor was there first: what they propose must stay theirs.
	visitor := func(base string) {
		s := &show{t: t, f: folder(dir), base: base}
		_, next := s.ask(visitorCaller, "POST", "/v1/campaigns/prospection/next", "")
		at := weekday(time.Now(), 30).Format(time.DateOnly) + "T18:30"
		s.ask(visitorCaller, "POST", "/v1/leads/"+between(next, `"id":"`, `"`)+"/outcomes",
			`{"technical":"answered","disposition":"appointment_set","next":{"kind":"appointment","at":"`+at+`","with":"hugo"}}`)
	}
	s := play(t, dir, Options{Prospects: 90, Simulate: true, Calls: calls, Pace: time.Microsecond, Seed: 7, Ready: visitor})
	defer s.stop()
	summary := regexp.MustCompile(fmt.Sprintf(`--- %d calls, (\d+) appointments proposed, (\d+) validated, (\d+) rejected, (\d+) moved, (\d+) leads reassigned`, calls))
	var done []string
	eventually(t, "the simulation's end", func() bool {
		done = summary.FindStringSubmatch(s.out.String())
		return done != nil
	})
	if n := waiting(s); n != 1 {
		t.Errorf("%d proposals wait, want the visitor's alone", n)
	}
	proposed, validated, rejected := number(done[1]), number(done[2]), number(done[3])
	if proposed == 0 || validated+rejected != proposed || number(done[5]) == 0 {
		t.Errorf("the tally is %v", done)
	}
	eventually(t, "every call in the CRM", func() bool {
		return len(s.rows("activities.csv")) == calls+1 && len(s.rows("appointments.csv")) == validated
	})
	operations := map[string]bool{}
	for _, row := range s.rows("activities.csv") {
		operations[row[0]] = true
		if row[6] == robotSupervisor {
			t.Errorf("the supervisor called: %v", row)
		}
	}
	if len(operations) != calls+1 {
		t.Errorf("%d operations for %d calls", len(operations), calls+1)
	}
	for _, row := range s.rows("appointments.csv") {
		if row[5] != robotSupervisor {
			t.Errorf("validated by %s: %v", row[5], row)
		}
	}
}

// waiting is how many proposals wait for a supervisor.
func waiting(s *show) int {
	_, list := s.ask(visitorSupervisor, "GET", "/v1/proposals?limit=500", "")
	return strings.Count(list, `"author"`)
}

func number(text string) int {
	n, _ := strconv.Atoi(text) // digits, by the pattern
	return n
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	broken := t.TempDir()
	f, _, err := prepare(broken, "", 3, aDay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(f.prospects()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		o    Options
		want []string
	}{
		{"an address in use", Options{Dir: t.TempDir(), Listen: taken.Addr().String(), Prospects: 3}, []string{taken.Addr().String() + " is in use", "--listen"}},
		{"no prospects", Options{Dir: t.TempDir(), Prospects: 0}, []string{"--prospects", "10000"}},
		{"too many prospects", Options{Dir: t.TempDir(), Prospects: MaxProspects + 1}, []string{"--prospects"}},
		{"no address", Options{Dir: t.TempDir(), Listen: "8080", Prospects: 3}, []string{"--listen", "127.0.0.1:8080"}},
		{"a workbook that is gone", Options{Dir: broken, Listen: "127.0.0.1:0", Prospects: 3}, []string{"crm.sheet", "prospects.xlsx is not there"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Out = io.Discard
			err := Run(context.Background(), c.o)
			if err == nil {
				t.Fatal("it ran")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want it to say %q", err, want)
				}
			}
		})
	}
}
