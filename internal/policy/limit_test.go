package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/schema"
	"passerelle/schemas"
)

const limitedText = `version: 1
roles:
  caller: {grants: [{on: prospect, scope: own, actions: [read]}]}
  supervisor: {grants: [{on: campaign, scope: campaign, actions: [write]}]}
profiles: {phoning.console: {agent: caller, supervisor: supervisor}}
limits:
%s`

func TestLimits(t *testing.T) {
	t.Parallel()
	p := loadText(t, fmt.Appendf(nil, limitedText, "  - {role: supervisor, command: reassign, per_hour: 200}\n"))
	boss, caller := Subject{Connection: "phoning.console", Profile: "supervisor"}, Subject{Connection: "phoning.console", Profile: "agent"}
	if l, ok := p.Limit(boss, CommandReassign); !ok || l.PerHour != 200 || l.Pos.Line != 7 {
		t.Errorf("%+v, %v", l, ok)
	}
	for _, s := range []Subject{caller, {Connection: "phoning.console", Profile: "stranger"}, {}} {
		if l, ok := p.Limit(s, CommandReassign); ok {
			t.Errorf("%+v has %+v", s, l)
		}
	}
	if l, ok := p.Limit(boss, CommandClose); ok {
		t.Errorf("to close: %+v", l)
	}
}

func TestLimitChanges(t *testing.T) {
	t.Parallel()
	limit := func(lines ...string) *Policy {
		return loadText(t, fmt.Appendf(nil, limitedText, "  - {role: supervisor, command: "+strings.Join(lines, "}\n  - {role: supervisor, command: ")+"}\n"))
	}
	old := limit("reassign, per_hour: 200", "close, per_hour: 20", "lift, per_hour: 3", "retry, per_hour: 5")
	new := limit("reassign, per_hour: 300", "close, per_hour: 10", "forget, per_hour: 1", "retry, per_hour: 5")
	var got []string
	for _, c := range limitChanges(old, new) {
		got = append(got, fmt.Sprint(c.Gains, " ", c.Text("en")))
		if unfilled(c.Text("fr")) {
			t.Error(c.Text("fr"))
		}
	}
	want := []string{
		"true supervisor may reassign leads at most 300 times an hour (until now 200)",
		"false supervisor may close leads at most 10 times an hour (until now 20)",
		"true supervisor may lift oppositions without limit (until now 3 times an hour)",
		"false supervisor may forget prospects at most once an hour",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Each command of the language has its words, and the schema knows it.
func TestTheSchemaKnowsTheCommands(t *testing.T) {
	t.Parallel()
	set := schema.Must(schemas.FS)
	for _, c := range append(Commands(), "print") {
		body, err := asJSON(t, fmt.Appendf(nil, limitedText, "  - {role: supervisor, command: "+string(c)+", per_hour: 2}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if known := c != "print"; (set.Validate("policy.v1", body) == nil) != known || (c.Text("en") != "") != known || (c.Text("fr") != "") != known {
			t.Errorf("%s: known %v", c, known)
		}
	}
}
