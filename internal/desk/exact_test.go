package desk

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// fate is what became of one command: whether it was carried out, and of each
// change and each field of a card what.
type fate struct {
	ok    bool
	parts map[string]string
}

// day is traffic of every kind that decisions are kept of, each on a lead of its
// own, so that what is refused to one is nothing to the others.
type day struct {
	*floor
	fates map[string]fate
	since time.Time
}

// everything lets everybody do all that the day asks for.
var everything = func() string {
	const grants = `
      - {on: prospect, scope: all, actions: [read], read: [class confidential], write: [prospect.status], propose: [prospect.lead_status]}
      - {on: activity, scope: all, actions: [create, read, write]}
      - {on: appointment, scope: all, actions: [propose, read, write]}
      - {on: campaign, scope: all, actions: [read, write]}
      - {on: account, scope: all, actions: [read], read: [class confidential]}
`
	return "version: 1\nroles:\n  caller:\n    grants:" + grants + "  supervisor:\n    grants:" + grants + "profiles:\n" +
		"  phoning.console: {agent: caller, supervisor: supervisor}\n  phoning.dialler: {agent: caller}\n"
}()

// loaded is a policy for the people of the floor.
func loaded(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Load("policy.yaml", []byte(text), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	all := []bridge.Person{people["alice"], people["bob"], people["sam"], people["sue"]}
	return p.With(policy.StaffOf(all))
}

// dayUnder is the day's traffic under a policy. What it needs from before it was
// done under one that allows everything.
func dayUnder(t testing.TB, path string, rules func(*Rules)) *day {
	d := &day{floor: floorAt(t, path), fates: map[string]fate{}}
	use := func(change func(*Rules)) {
		before := d.desk.Rules()
		r := *before
		r.ByCRM = func(_ bridge.ConnectionName, user string) (bridge.PersonID, bool) {
			return bridge.PersonID(strings.TrimPrefix(user, "u-")), true
		}
		change(&r)
		if !d.desk.Swap(before, &r) {
			t.Fatal("somebody else changed the rules")
		}
	}
	use(func(r *Rules) { r.Policy = loaded(t, everything) })
	meeting := d.prepared()
	d.pass(time.Hour)
	d.since = d.clock()
	use(rules)
	d.traffic(meeting)
	return d
}

// prepared is the day before: whose leads they are, calls to amend, an
// appointment to validate.
func (d *day) prepared() bridge.ProposalID {
	d.t.Helper()
	phones := map[string]string{}
	for i, id := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		phones[id] = fmt.Sprintf("01 99 00 00 %02d", i)
	}
	d.pull(phones, map[bridge.FieldName]bridge.Value{"prospect.owner": "u-sam", "prospect.lead_status": "new", "prospect.postal_code": "59000"})
	ctx := context.Background()
	for lead, to := range map[string]string{"1": "alice", "2": "bob", "3": "bob", "4": "bob", "5": "bob", "6": "bob", "7": "bob"} {
		if _, err := d.desk.Reassign(ctx, as("sam"), Choice{IDs: []bridge.LeadID{leadID(lead)}}, to, "their lists"); err != nil {
			d.t.Fatal(err)
		}
	}
	d.mustRecord("bob", bridge.CallEvent{EventID: "three", Disposition: "in_discussion"}, leadID("3"))
	d.mustRecord("bob", bridge.CallEvent{EventID: "four", Disposition: "in_discussion"}, leadID("4"))
	six := d.mustRecord("bob", bridge.CallEvent{EventID: "six", Disposition: "appointment_set", Next: &meetingNext}, leadID("6"))
	return six.Proposal
}

var meetingNext = bridge.Next{Kind: bridge.NextAppointment, At: "2026-11-26T10:00:00+01:00", With: "vera"}

func (d *day) traffic(meeting bridge.ProposalID) {
	ctx := context.Background()
	h, err := d.next("alice")
	d.fates["next"] = fate{ok: err == nil && h != nil, parts: seen(h)}
	asked := map[bridge.FieldName]any{"prospect.comment": "new", "prospect.lead_status": "hot", "account.name": "B", "prospect.next_action": "unmapped"}
	call := func(kind, who string, e bridge.CallEvent, lead string) {
		e.Fields, e.Next = asked, &meetingNext
		r, err := d.record(bridge.PersonID(who), e, leadID(lead))
		d.fates[kind] = fate{ok: err == nil, parts: split(r)}
		refused := slices.ContainsFunc(r.Refused, func(x bridge.Refusal) bool { return x.Field == bridge.FieldStart })
		if err == nil && !refused {
			d.fates[kind].parts[string(bridge.Appointment)] = "proposed"
		}
	}
	call("outcome", "bob", bridge.CallEvent{EventID: "two", Disposition: "in_discussion"}, "2")
	call("amend create", "bob", bridge.CallEvent{EventID: "three more", Amends: "three"}, "3")
	call("amend write", "sue", bridge.CallEvent{EventID: "four more", Amends: "four", Disposition: "not_interested"}, "4")
	_, err = d.desk.ProposeMeeting(ctx, as("bob"), leadID("5"), "five", meetingNext, "")
	d.fates["propose"] = fate{ok: err == nil}
	_, err = d.desk.Decide(ctx, as("sam"), meeting, Ruling{Verb: Validate})
	d.fates["validate"] = fate{ok: err == nil}
	r, err := d.desk.Correct(ctx, as("sam"), leadID("7"), "seven", "reached", "it was wrong")
	d.fates["correct"] = fate{ok: err == nil, parts: split(r)}
	v, err := d.desk.Lead(as("sam"), leadID("7"))
	d.fates["view"] = fate{ok: err == nil, parts: seen(&Handout{Card: v.Card})}
	listed, _, err := d.desk.Leads(as("sam"), Choice{Campaign: spring, Assignee: "alice"}, Page{})
	d.fates["list"] = fate{ok: err == nil && len(listed) == 1}
	err = d.desk.Oppose(ctx, as("sue"), Objection{Number: "01 99 00 00 77", Motive: "by mail"})
	d.fates["oppose"] = fate{ok: err == nil}
	moved, err := d.desk.Reassign(ctx, as("sue"), Choice{IDs: []bridge.LeadID{leadID("7")}}, "alice", "holidays")
	d.fates["reassign"] = fate{ok: err == nil && moved.Moved == 1}
}

// seen is what a card shows.
func seen(h *Handout) map[string]string {
	out := map[string]string{}
	if h != nil {
		for name := range h.Card.Fields {
			out[string(name)] = "shown"
		}
		for name := range h.Card.Context {
			out["context."+name] = "shown"
		}
	}
	return out
}

// split is what became of the changes of a command.
func split(r Receipt) map[string]string {
	out := map[string]string{}
	for _, name := range r.Admitted {
		out[string(name)] = "written"
	}
	for _, name := range r.Proposed {
		out[string(name)] = "proposed"
	}
	return out
}

// otherwise is what happened to a command under a new policy and did not under
// the old one.
func otherwise(old, new fate, none string) []string {
	var out []string
	switch {
	case old.ok && !new.ok:
		return []string{"refused"}
	case !old.ok && new.ok:
		return []string{"allowed"}
	}
	for part := range either(old.parts, new.parts) {
		if was, is := old.parts[part], new.parts[part]; was != is {
			if is == "" {
				is = none
			}
			out = append(out, is+" "+part)
		}
	}
	slices.Sort(out)
	return out
}

func either(a, b map[string]string) map[string]bool {
	out := map[string]bool{}
	for _, m := range []map[string]string{a, b} {
		for k := range m {
			out[k] = true
		}
	}
	return out
}

// predicted is what a forecast says, in the same words. Of what would be seen, only
// what the cards of the day hold.
func predicted(f policy.Forecast) []string {
	var out []string
	for _, e := range f.Effects {
		for _, target := range e.Targets {
			switch {
			case e.Kind == policy.Refused || string(e.Kind) == "allowed":
				out = append(out, string(e.Kind))
			case e.Action != policy.Read || dayFields[target]:
				out = append(out, string(e.Kind)+" "+target)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var dayFields = map[string]bool{
	"prospect.name": true, "prospect.phone": true, "prospect.status": true, "account.margin": true, "prospect.comment": true,
	"prospect.owner": true, "prospect.lead_status": true, "prospect.postal_code": true, "context.attempts": true,
}

// drawPolicy is one of very many policies for the floor.
func drawPolicy(t *rapid.T, label string) string {
	scopes := []string{"own", "assigned", "team", "campaign", "all", "principal", ""}
	var b strings.Builder
	b.WriteString("version: 1\nroles:\n")
	for _, role := range []string{"caller", "supervisor"} {
		fmt.Fprintf(&b, "  %s:\n    grants:\n      - {on: script, scope: all, actions: [read]}\n", role)
		for i, grant := range []string{
			"{name: g%d, on: prospect, scope: %s, read: [class public, class personal]}",
			"{name: g%d, on: prospect, scope: %s, read: [class structural], write: [prospect.status, prospect.comment]}",
			"{name: g%d, on: prospect, scope: %s, write: [prospect.lead_status], propose: [prospect.status]}",
			"{name: g%d, on: prospect, scope: %s, propose: [prospect.lead_status, prospect.comment]}",
			"{name: g%d, on: account, scope: %s, read: [account.margin], write: [account.name]}",
			"{name: g%d, on: activity, scope: %s, actions: [create, read]}",
			"{name: g%d, on: activity, scope: %s, actions: [write]}",
			"{name: g%d, on: appointment, scope: %s, actions: [propose]}",
			"{name: g%d, on: appointment, scope: %s, actions: [write]}",
			"{name: g%d, on: campaign, scope: %s, actions: [write]}",
		} {
			if scope := rapid.SampledFrom(scopes).Draw(t, fmt.Sprint(label, role, i)); scope != "" {
				fmt.Fprintf(&b, "      - "+grant+"\n", i, scope)
			}
		}
		if rapid.Bool().Draw(t, label+role+"deny") {
			b.WriteString("    deny: [{on: prospect, fields: [prospect.comment, prospect.phone]}]\n")
		}
		if rapid.Bool().Draw(t, label+role+"context") {
			b.WriteString("    context: [attempts]\n")
		}
	}
	b.WriteString("profiles:\n  phoning.console: {agent: caller, supervisor: supervisor}\n  phoning.dialler: {agent: caller}\n")
	return b.String()
}

// What a simulation says of each kept decision of a day, and what a shadow said
// of the whole of it, is what happens on the same day under the new policy:
// nothing else, and as often.
func TestWhatADraftWouldDoIsExact(t *testing.T) {
	t.Parallel()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		old, new := loaded(t, drawPolicy(rt, "old")), loaded(t, drawPolicy(rt, "new"))
		before := dayUnder(t, filepath.Join(t.TempDir(), fmt.Sprint(n, "old.db")), func(r *Rules) { r.Policy, r.Draft = old, new })
		after := dayUnder(t, filepath.Join(t.TempDir(), fmt.Sprint(n, "new.db")), func(r *Rules) { r.Policy = new })
		before.simulated(rt, after, old, new)
		before.shadowed(rt, after)
	})
}

// differs is what became of a command on another day.
func (d *day) differs(after *day, kind string) []string {
	none := map[bool]string{true: "hidden", false: "lost"}[kind == "next" || kind == "view"]
	out := otherwise(d.fates[kind], after.fates[kind], none)
	if kind == "list" && !d.fates[kind].ok {
		return nil // nobody looks for what a list does not hold
	}
	if (kind == "view" || kind == "list") && len(out) == 1 && !strings.Contains(out[0], " ") {
		return []string{map[string]string{"refused": "hidden prospect", "allowed": "shown prospect"}[out[0]]}
	}
	return out
}

func (d *day) simulated(t *rapid.T, after *day, old, new *policy.Policy) {
	got := map[string][]string{}
	err := d.desk.Past(d.since, func(p policy.Past) {
		s := policy.Simulate(old, new)
		s.Add(p)
		got[strings.TrimSpace(p.Kind+" "+string(p.Verb))] = predicted(s.Forecast())
	})
	if err != nil {
		t.Fatal(err)
	}
	apart := d.deedsSimulated(t, old, new, got)
	for kind, was := range d.fates {
		if !was.ok || kind == "view" || kind == "list" || apart[kind] {
			continue // of what was refused no decision is kept, nor of these
		}
		if diff := cmp.Diff(d.differs(after, kind), got[kind]); diff != "" {
			t.Fatalf("%s (-what happens +what is said): %s", kind, diff)
		}
	}
}

// deedsSimulated adds what is said of the commands that the ledger alone knows of,
// and answers those that nobody can tell without their record.
func (d *day) deedsSimulated(t *rapid.T, old, new *policy.Policy, got map[string][]string) map[string]bool {
	apart, kinds := map[string]bool{}, map[bridge.Object]string{bridge.Activity: "oppose", bridge.CampaignObj: "reassign"}
	err := d.desk.Deeds(d.since, func(deed policy.Deed) {
		s := policy.Simulate(old, new)
		s.Did(deed)
		kind := kinds[deed.Object]
		got[kind], apart[kind] = predicted(s.Forecast()), s.Forecast().Apart > 0
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if _, said := apart[kind]; said != d.fates[kind].ok {
			t.Fatalf("%s was done: %v, and is told: %v", kind, d.fates[kind].ok, said)
		}
	}
	return apart
}

func (d *day) shadowed(t *rapid.T, after *day) {
	b, beside := d.desk.Beside()
	if !beside || b.Skipped > 0 || b.Apart > 0 {
		t.Fatalf("%v %d skipped, %d apart", beside, b.Skipped, b.Apart)
	}
	want, got := map[string]int{}, map[string]int{}
	for kind := range d.fates {
		for _, what := range d.differs(after, kind) {
			want[what]++
		}
	}
	for _, e := range b.Effects {
		for _, target := range e.Targets {
			switch {
			case e.Kind == policy.Refused || e.Kind == policy.Allowed:
				got[string(e.Kind)] += e.Decisions
			case e.Action != policy.Read || dayFields[target] || target == "prospect":
				got[string(e.Kind)+" "+target] += e.Decisions
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-what happens +what is said): %s\n%s", diff, b.Text("en"))
	}
}
