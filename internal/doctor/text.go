package doctor

import (
	"fmt"
	"strings"
	"time"
)

// Text is the report for people, in a language: what the connection is, then a
// line a finding.
func (r Report) Text(lang string) string {
	lines := []string{say(lang, "head", r.Connection, r.Type)}
	add := func(code string, args ...any) { lines = append(lines, "  "+say(lang, code, args...)) }
	if r.Reachable {
		add("head.reachable")
	} else {
		add("head.unreachable")
	}
	if r.System != "" {
		add("head.system", r.System)
	}
	if r.Key != "" {
		add("head.key", r.Key)
	}
	if r.Zone != "" {
		add("head.zone", r.Zone)
	}
	if r.ClockS > 1 || r.ClockS < -1 {
		add("head.clock", time.Duration(r.ClockS*float64(time.Second)))
	}
	for _, f := range r.Findings {
		about := f.About
		if about != "" {
			about += " "
		}
		lines = append(lines, "  "+say(lang, "level."+string(f.Level))+about+f.Text)
	}
	if len(r.Untold) > 0 {
		add("head.untold", strings.Join(r.Untold, "; "))
	}
	if len(r.Findings) == 0 {
		add("head.well")
	}
	return strings.Join(lines, "\n")
}

// Text is the report for people, a line a step with its time.
func (r ProbeReport) Text(lang string) string {
	lines := []string{fmt.Sprintf("%s, %s", r.Connection, r.Record)}
	for _, s := range r.Steps {
		line := fmt.Sprintf("  %-8s %7.0f ms  %s", say(lang, "outcome."+string(s.Outcome)), s.TookMS, say(lang, "step."+s.Name))
		if s.Text != "" {
			line += ": " + s.Text
		}
		lines = append(lines, line)
	}
	for _, left := range r.Left {
		lines = append(lines, say(lang, "left", left))
	}
	return strings.Join(lines, "\n")
}
