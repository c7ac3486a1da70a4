package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/test/golden"
)

func (c Change) about(t Target) bool {
	if t.Field == "" {
		return len(c.Fields) == 0 && c.Object == t.Object
	}
	return slices.Contains(c.Fields, t.Field)
}

// says is whether some change says that the right differs for a record in the
// set of scopes.
func (d Delta) says(role bridge.Role, gains bool, a Action, t Target, set scopeSet) bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool {
		return c.Path == (Path{}) && c.Role == role && c.Gains == gains && c.Action == a && c.about(t) &&
			slices.ContainsFunc(c.Scopes, func(s Scope) bool { return set&s.bit() != 0 })
	})
}

func (ro *role) may(a Action, bit int, set scopeSet) bool {
	if ro == nil {
		return false
	}
	if set&onSubordinates != 0 {
		return ro.below[a.index()].has(bit)
	}
	return ro.rows[set&^inAll][a.index()].has(bit)
}

// A decision differs between two policies if and only if their diff says so.
func TestDiffSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old, new := load(t, drawModel(t)), load(t, drawModel(t))
		delta := Diff(old, new)
		for _, name := range []bridge.Role{"role0", "role1"} {
			set := scopeSet(rapid.IntRange(0, scopeRows-1).Draw(t, "scopes")) | inAll
			for action, target := range everything {
				bit := old.targets.bit(target)
				if bit < 0 || action.index() < 0 {
					continue
				}
				before, after := old.role(name).may(action, bit, set), new.role(name).may(action, bit, set)
				gain, loss := delta.says(name, true, action, target, set), delta.says(name, false, action, target, set)
				if after && !before && !gain || before && !after && !loss {
					t.Fatalf("%s, %s %s in %v: from %v to %v, and the diff says nothing", name, action, target, set.list(), before, after)
				}
			}
		}
		for _, c := range delta.Changes {
			if c.Path != (Path{}) {
				continue // told of roles that differ, as if they were one
			}
			for _, s := range c.Scopes {
				checkChange(t, old, new, c, s)
			}
		}
	})
}

// checkChange fails unless the change is so for a record in that scope alone.
func checkChange(t *rapid.T, old, new *Policy, c Change, s Scope) {
	targets := []Target{OnObject(c.Object)}
	if len(c.Fields) > 0 {
		targets = nil
		for _, f := range c.Fields {
			targets = append(targets, OnField(f))
		}
	}
	for _, target := range targets {
		bit := old.targets.bit(target)
		before, after := old.role(c.Role).may(c.Action, bit, s.bit()), new.role(c.Role).may(c.Action, bit, s.bit())
		if before == after || after != c.Gains {
			t.Fatalf("%s: of %s it goes from %v to %v", c.Text("en"), s, before, after)
		}
		for _, k := range c.Keeps {
			if !new.role(c.Role).may(c.Action, bit, k.bit()) {
				t.Fatalf("%s: of %s it does not", c.Text("en"), k)
			}
		}
	}
	if text := c.Text("en") + c.Text("fr"); unfilled(text) {
		t.Fatalf("unfilled: %s", text)
	}
}

func TestDiffBackwards(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := load(t, drawModel(t)), load(t, drawModel(t))
		if d := Diff(a, a); len(d.Changes)+len(d.Moves) > 0 {
			t.Fatalf("a policy differs from itself: %+v", d)
		}
		there, back := Diff(a, b), Diff(b, a)
		for _, role := range []bridge.Role{"role0", "role1"} {
			for action, target := range everything {
				for _, gains := range []bool{true, false} {
					if there.says(role, gains, action, target, ^scopeSet(0)) != back.says(role, !gains, action, target, ^scopeSet(0)) {
						t.Fatalf("%s, %s %s: there and back differ", role, action, target)
					}
				}
			}
		}
	})
}

func TestDiffReads(t *testing.T) {
	t.Parallel()
	old := string(plateau(t).Text())
	edit := strings.NewReplacer(
		"prospect.comment], propose", "prospect.comment, class commercial], propose",
		"    context: [customer, last_contact, attempts]\n", "",
		"{on: report, scope: team, actions: [read]}", "{on: account, scope: all, read: [class financial], export: [account.name]}",
		"{on: prospect, scope: own, actions: [read], write", "{on: prospect, scope: own, read: [class public], write",
		"  phoning.dialler: {agent: caller}", "  phoning.dialler: {agent: supervisor, trainee: caller}",
		", sales: field_sales", "",
	)
	new, err := Load("new.yaml", []byte(edit.Replace(old)), catalog)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, lang := range []string{"en", "fr"} {
		got.WriteString(Diff(plateau(t), new).Text(lang) + "\n")
	}
	golden.File(t, "testdata/diff.golden", got.String())
	if same := Diff(new, new).Text("en"); same != "Nobody gains or loses a right.\n" {
		t.Errorf("no difference reads %q", same)
	}
	risks := []Risk{}
	for _, c := range Diff(plateau(t), new).Changes {
		risks = append(risks, c.Risk)
	}
	sorted := slices.Clone(risks)
	slices.SortFunc(sorted, func(a, b Risk) int { return int(b) - int(a) })
	if diff := cmp.Diff(sorted, risks); diff != "" {
		t.Errorf("the riskiest do not stand first: %s", diff)
	}
}

func TestNoDifferenceAsJSON(t *testing.T) {
	t.Parallel()
	p := loadText(t, readFile(t, "testdata/plateau.yaml"))
	text, err := json.Marshal(Diff(p, p))
	if err != nil || strings.Contains(string(text), "null") {
		t.Errorf("%s, %v", text, err)
	}
}

// A card that tells of what its reader may not read stands with the risky gains.
func TestCardsStandWithTheirRisk(t *testing.T) {
	t.Parallel()
	const text = "version: 1\ncontext:\n  rich: {type: bool, en: Rich, fr: Riche, expr: account.margin > 10}\nroles: {caller: {grants: [{on: prospect, scope: all, read: [class public]}], context: [%s]}}\nprofiles: {}\n"
	told := Diff(loadText(t, fmt.Appendf(nil, text, "")), loadText(t, fmt.Appendf(nil, text, "rich, attempts"))).Text("en")
	if want := "Gains with a high risk\n  the cards of caller hold rich, derived from account.margin\n\nGains with a low risk\n  the cards of caller hold attempts\n"; told != want {
		t.Errorf("got:\n%s", told)
	}
}
