package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// lines writes for people, whole lines at a time.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(l.w, format, args...) // nobody left to tell
}

// welcome says where everything is and what to try.
func (v visit) welcome(simulate bool) error {
	tokens := map[string]string{}
	for _, p := range cast {
		var err error
		if tokens[p.id], err = v.folder.token(p.id); err != nil {
			return err
		}
	}
	tries, err := v.tries(tokens)
	if err != nil {
		return err
	}
	var b strings.Builder
	v.say(&b, simulate)
	b.WriteString("\nSign in with a browser (login, password):\n")
	for _, p := range cast {
		if p.title == "" {
			continue
		}
		password, err := v.folder.password(p.id)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "  %-12s %-10s %-24s %s\n", p.title, p.id, password, p.does)
	}
	b.WriteString("\nTokens, one a role (Authorization: Bearer ...):\n")
	for _, p := range cast {
		if p.title != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", p.title, tokens[p.id])
		}
	}
	b.WriteString("\nTry, in this order:\n")
	for _, t := range tries {
		fmt.Fprintf(&b, "\n# %s\n%s\n", t.what, t.command)
	}
	b.WriteString("\nCtrl-C stops it; starting again goes on from here.\n\n")
	v.out.printf("%s", b.String())
	return nil
}

func (v visit) say(b *strings.Builder, simulate bool) {
	f := v.folder
	if v.isNew {
		fmt.Fprintf(b, "A new demo in %s\n\n", f)
	} else {
		fmt.Fprintf(b, "The demo in %s goes on where it was\n\n", f)
	}
	for _, line := range [][2]string{
		{"Console", v.base + "/"},
		{"API", v.base + "/v1  (described by " + v.base + "/v1/openapi.json)"},
		{"CRM", f.prospects()},
		{"", "open it: calls change its last columns; activities.csv and appointments.csv appear beside it"},
		{"Calendars", f.path(crmName, "*.ics") + "  (one a salesperson, from the first validated appointment on)"},
		{"Config", f.config()},
		{"Policy", f.path(policyName)},
		{"Log", f.path(logName)},
		{"Rules", "rule set always: any hour of any day may be called, which no real campaign should do"},
	} {
		fmt.Fprintf(b, "  %-10s %s\n", line[0], line[1])
	}
	if simulate {
		fmt.Fprintf(b, "  %-10s %s call, %s supervises; what you propose as %s is left to you\n",
			"Simulated", strings.Join(robotCallers, ", "), robotSupervisor, visitorCaller)
	}
}

// try is a command for the visitor's shell.
type try struct{ what, command string }

func (v visit) tries(tokens map[string]string) ([]try, error) {
	body, err := json.Marshal(outcome{
		Technical: "answered", Disposition: "appointment_set", TalkS: 184,
		Note: "Souhaite une démonstration avec toute l'équipe.",
		Fields: map[string]any{
			"prospect.next_action": "Envoyer la plaquette avant le rendez-vous",
			"account.status":       "Client", // not a caller's to write: the answer says why
		},
		Next: &next{Kind: "appointment", At: v.freeSlot().Format(wallTime), With: salespeople[0], Minutes: 30, Subject: "Découverte"},
	})
	if err != nil {
		return nil, err
	}
	nextLead := curl("POST", quote(v.base+"/v1/campaigns/"+campaignID+"/next"), tokens[visitorCaller])
	waiting := curl("GET", quote(v.base+"/v1/proposals"), tokens[visitorSupervisor])
	return []try{
		{"as the caller, the next lead: a card without money or confidential fields", nextLead},
		{"as the caller, the outcome of that call, with an appointment (and a field that is refused)",
			curl("POST", fmt.Sprintf(`%s"$(%s | %s)"/outcomes`, v.base+"/v1/leads/", nextLead, firstID), tokens[visitorCaller]) + " -d " + quote(string(body))},
		{"as the supervisor, validate the appointment: it comes to the workbook's folder and the .ics",
			curl("POST", fmt.Sprintf(`%s"$(%s | %s)"/validate`, v.base+"/v1/proposals/", waiting, firstID), tokens[visitorSupervisor])},
	}, nil
}

// firstID takes the first id out of an answer.
const firstID = `cut -d '"' -f 6`

func curl(method, url, token string) string {
	return fmt.Sprintf("curl -s -X %s %s -H 'Authorization: Bearer %s'", method, url, token)
}

// freeSlot is when the appointment to try may be: in the evening, where the
// simulation makes none, and after those that earlier visits made.
func (v visit) freeSlot() time.Time {
	log, _ := os.ReadFile(v.folder.path(crmName, "appointments.csv")) // none yet: none made
	made := bytes.Count(log, []byte("\n"))
	day := weekday(time.Now(), 5+made/4)
	return day.Add(17*time.Hour + time.Duration(made%4)*30*time.Minute)
}
