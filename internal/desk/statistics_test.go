package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/secret"
)

// counted is the plateau's policy with whose statistics its roles see.
func (f *floor) counted(caller, supervisor policy.Scope) {
	f.t.Helper()
	before := f.desk.Rules()
	rules := *before
	text := strings.Replace(plateau, "  caller:\n", fmt.Sprintf("  caller:\n    statistics: %s\n", caller), 1)
	rules.Policy = loaded(f.t, strings.Replace(text, "  supervisor:\n", fmt.Sprintf("  supervisor:\n    statistics: %s\n", supervisor), 1))
	if !f.desk.Swap(before, &rules) {
		f.t.Fatal("somebody else changed the rules")
	}
}

var ever = Period{From: "2026-11-01", To: "2027-01-31"}

func TestWhoseStatistics(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	for i, who := range []bridge.PersonID{"alice", "bob", "sam"} {
		f.mustRecord(who, bridge.CallEvent{EventID: fmt.Sprint("e", i), Disposition: "no_answer", Campaign: spring, ProspectID: "1"}, "")
	}
	elsewhere := as("sam")
	elsewhere.Person.Team = "elsewhere"
	nobody := as("sam")
	nobody.Connection = "phoning.unheard-of"
	cases := []struct {
		name               string
		caller, supervisor policy.Scope
		who                bridge.Actor
		want               string // "-": refused
	}{
		{"one's own", policy.Own, policy.Team, as("alice"), "alice"},
		{"one's team's", policy.Own, policy.Team, as("sam"), "alice bob sam"},
		{"another team's is not, but one's own", policy.Own, policy.Team, elsewhere, "sam"},
		{"everybody's", policy.Own, policy.All, elsewhere, "alice bob sam"},
		{"a supervisor's own", policy.Own, policy.Own, as("sam"), "sam"},
		{"without a role", policy.All, policy.All, nobody, "-"},
		{"the operator", policy.All, policy.All, bridge.Actor{Operator: true}, "-"},
	}
	for _, c := range cases {
		f.counted(c.caller, c.supervisor)
		got, err := f.desk.Statistics(c.who, ever)
		var names []string
		for _, n := range got.Counts {
			names = append(names, string(n.Person))
		}
		no, refused := errors.AsType[*Denied](err)
		if said := strings.Join(names, " "); said != c.want && !(refused && c.want == "-") || err != nil && !refused {
			t.Errorf("%s: %q, %v", c.name, said, err)
		}
		if refused && no.Why == (phrase{}) {
			t.Errorf("%s: refused without a reason", c.name)
		}
	}
	f.rule("")
	if _, err := f.desk.Statistics(as("alice"), ever); err == nil || !strings.Contains(err.Error(), "role caller has no statistics") {
		t.Errorf("without the switch: %v", err)
	}
	for _, p := range []Period{{From: "2026-11-02", To: "2026-11-01"}, {From: "2026-01-01", To: "2026-12-31"}, {From: "today", To: "2026-11-01"}, {From: "2026-11-01"}} {
		if _, err := f.desk.Statistics(as("alice"), p); err == nil {
			t.Errorf("%+v is a period", p)
		}
	}
}

// What is counted is what the outcomes say: however calls come late, are
// amended, or forgotten.
func TestStatisticsAreThoseOfTheOutcomes(t *testing.T) {
	t.Parallel()
	codes := []bridge.Disposition{"no_answer", "voicemail", "appointment_set", "not_interested", "callback_requested", "gatekeeper", bridge.DispTest}
	rapid.Check(t, func(rt *rapid.T) {
		f := newFloor(t)
		f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02", "3": "01 99 00 00 03"})
		f.counted(policy.Own, policy.All)
		f.pass(30 * 24 * time.Hour)
		for i := range rapid.IntRange(1, 12).Draw(rt, "calls") {
			who := rapid.SampledFrom([]bridge.PersonID{"alice", "bob"}).Draw(rt, "who")
			e := bridge.CallEvent{
				EventID: fmt.Sprint("e", i), Disposition: rapid.SampledFrom(codes).Draw(rt, "code"), Campaign: spring,
				ProspectID: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "prospect"),
				OccurredAt: f.clock().Add(-time.Duration(rapid.IntRange(0, 5000).Draw(rt, "minutes ago")) * time.Minute),
			}
			f.mustRecord(who, e, "")
			if rapid.Bool().Draw(rt, "amended") {
				f.mustRecord(who, bridge.CallEvent{EventID: fmt.Sprint("a", i), Amends: e.EventID, Disposition: rapid.SampledFrom(codes).Draw(rt, "newer")}, "")
			}
		}
		if rapid.Bool().Draw(rt, "forgotten") {
			if _, err := f.desk.Forget(context.Background(), operator, ref("2"), "asked"); err != nil {
				rt.Fatal(err)
			}
		}
		first := rapid.IntRange(0, 5).Draw(rt, "first day")
		p := Period{From: f.clock().AddDate(0, 0, -first).Format(time.DateOnly), To: f.clock().AddDate(0, 0, -rapid.IntRange(0, first).Draw(rt, "last day")).Format(time.DateOnly)}
		got, err := f.desk.Statistics(as("sam"), p)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(f.tallied(rt, p), byCell(got.Counts)); diff != "" {
			rt.Fatalf("%+v (-outcomes +counted):\n%s", p, diff)
		}
	})
}

func byCell(counts []Count) map[string]Count {
	out := map[string]Count{}
	for _, c := range counts {
		out[c.Day+" "+string(c.Person)] = c
	}
	return out
}

// tallied counts the outcomes one by one.
func (f *floor) tallied(rt *rapid.T, p Period) map[string]Count {
	out := map[string]Count{}
	reached := map[bridge.Disposition]bool{"appointment_set": true, "not_interested": true, "callback_requested": true}
	err := f.desk.look(as("sam"), func(c *command) error {
		for id := range outcomes.Scan(c.tx, "", "") {
			o, _, err := outcomes.Get(c.tx, id)
			if err != nil {
				return err
			}
			day := o.At.In(f.desk.zone).Format(time.DateOnly)
			if day < p.From || day > p.To || o.Disposition == bridge.DispTest {
				continue
			}
			n := out[day+" "+string(o.Author)]
			n.Person, n.Day, n.Calls = o.Author, day, n.Calls+1
			if reached[o.Disposition] {
				n.Contacts++
			}
			if o.Disposition == "appointment_set" {
				n.Appointments++
			}
			out[day+" "+string(o.Author)] = n
		}
		return nil
	})
	if err != nil {
		rt.Fatal(err)
	}
	return out
}

// A store of before has its calls counted too.
func TestEarlierCallsAreCounted(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01"})
	f.counted(policy.Own, policy.All)
	for i, code := range []bridge.Disposition{"no_answer", "appointment_set", bridge.DispTest} {
		f.mustRecord("alice", bridge.CallEvent{EventID: fmt.Sprint("e", i), Disposition: code, Campaign: spring, ProspectID: "1"}, "")
	}
	want, err := f.desk.Statistics(as("sam"), ever)
	if err != nil || len(want.Counts) != 1 || want.Counts[0].Calls != 2 {
		t.Fatalf("%+v, %v", want, err)
	}
	err = f.desk.run(context.Background(), operator, func(c *command) error {
		if err := tallies.Drop(c.tx); err != nil {
			return err
		}
		for _, m := range Migrations(secret.Key{}) {
			if m.Name != "desk: calls in the order of time" {
				continue
			}
			if _, err := m.Step(c.tx, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.desk.Statistics(as("sam"), ever)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}
