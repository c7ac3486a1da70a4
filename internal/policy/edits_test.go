package policy

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/policy/presets"
)

// narrow is the model with something of it taken away: nobody may do more by it
// than before.
func (m model) narrow(t *rapid.T) model {
	out := m.clone()
	out.defaults, out.teammates = maps.Clone(m.defaults), maps.Clone(m.teammates)
	out.sharing = slices.Clone(m.sharing)
	role := out.roles[rapid.SampledFrom(slices.Sorted(maps.Keys(out.roles))).Draw(t, "whose")]
	object := rapid.SampledFrom([]bridge.Object{bridge.ProspectObj, bridge.Account, bridge.Appointment}).Draw(t, "opened object")
	switch rapid.SampledFrom([]string{"grant", "deny", "rank", "tree", "default", "teammates", "sharing"}).Draw(t, "taken") {
	case "grant":
		if n := len(role.grants); n > 0 {
			at := rapid.IntRange(0, n-1).Draw(t, "grant")
			role.grants = slices.Delete(role.grants, at, at+1)
		}
	case "deny":
		role.denies = append(role.denies, drawDeny(t, fmt.Sprint("added", len(role.denies))))
	case "rank":
		role.noRank = true
	case "tree":
		role.under = ""
	case "default":
		out.defaults[object] = AccessPrivate
	case "teammates":
		out.teammates[object] = AccessPrivate
	case "sharing":
		if n := len(out.sharing); n > 0 {
			at := rapid.IntRange(0, n-1).Draw(t, "rule")
			out.sharing = slices.Delete(out.sharing, at, at+1)
		}
	}
	return out
}

// freeName is one that no grant of the role has, whatever was taken away.
func (role *modelRole) freeName() string {
	for i := 0; ; i++ {
		name := fmt.Sprint("more", i)
		if !slices.ContainsFunc(role.grants, func(g modelGrant) bool { return g.name == name }) {
			return name
		}
	}
}

// widen is the model with something added, or with somebody's ways in changed.
func (m model) widen(t *rapid.T) model {
	out := m.clone()
	out.defaults, out.teammates, out.staff = maps.Clone(m.defaults), maps.Clone(m.teammates), maps.Clone(m.staff)
	out.sharing = slices.Clone(m.sharing)
	names := slices.Sorted(maps.Keys(out.roles))
	name := rapid.SampledFrom(names).Draw(t, "whose")
	role := out.roles[name]
	switch rapid.SampledFrom([]string{"grant", "no deny", "rank", "tree", "openings", "profile", "login"}).Draw(t, "added") {
	case "grant":
		role.grants = append(role.grants, drawGrant(t, role.freeName()))
	case "no deny":
		role.denies = nil
	case "rank":
		role.noRank = false
	case "tree":
		if up := rapid.SampledFrom(names).Draw(t, "superior"); up != name && !out.below(up, name) {
			role.under = up
		}
	case "openings":
		drawOpenings(t, &out, len(names))
	case "profile":
		out.profiles[Path{"phoning.console", bridge.Profile(name)}] = rapid.SampledFrom(names).Draw(t, "now")
	case "login":
		out.staff["alice"] = []Path{{"phoning.console", bridge.Profile(name)}}
	}
	return out
}

// Whatever a policy becomes, edit after edit, what is compiled of it decides as
// the naive evaluator does; and to take something away lets nobody do more.
func TestEditsOverTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		for range rapid.IntRange(1, 5).Draw(t, "edits") {
			taken := rapid.Bool().Draw(t, "something is taken away")
			next := m.widen
			if taken {
				next = m.narrow
			}
			later := next(t)
			q := load(t, later)
			s, r := drawSubject(t), drawRecord(t)
			for action, target := range everything {
				want := later.allows(s, action, target, r)
				if got := q.allows(&s, action, q.targets.bit(target), &r); got != want {
					t.Fatalf("%s %s: %v, want %v\n%s", action, target, got, want, later.text())
				}
				if taken && want && !p.allows(&s, action, p.targets.bit(target), &r) {
					t.Fatalf("%s %s was refused and is now allowed\n%s\nthen\n%s", action, target, m.text(), later.text())
				}
			}
			m, p = later, q
		}
	})
}

// written are policies as people write them, by file.
func written(t testing.TB) map[string][]byte {
	out := map[string][]byte{"plateau": readFile(t, "testdata/plateau.yaml")}
	files, err := filepath.Glob("../../test/corpus/*/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		out[file] = readFile(t, file)
	}
	for _, name := range presets.Names() {
		out[name] = readFile(t, filepath.Join("presets", name+".yaml"))
	}
	return out
}

// noMore fails if somebody may do more by the second policy than by the first.
func noMore(t *rapid.T, before, after *Policy) {
	t.Helper()
	paths := before.Paths()
	staff := Staff{"alice": {rapid.SampledFrom(paths).Draw(t, "alice's way in")}, "bob": {rapid.SampledFrom(paths).Draw(t, "bob's")}}
	before, after = before.With(staff), after.With(staff)
	path := rapid.SampledFrom(paths).Draw(t, "asked as")
	s, r := drawSubject(t), drawRecord(t)
	s.Connection, s.Profile = path.Connection, path.Profile
	for action, target := range everything {
		if after.allows(&s, action, after.targets.bit(target), &r) && !before.allows(&s, action, before.targets.bit(target), &r) {
			t.Fatalf("%s may %s %s now", path, action, target)
		}
	}
}

// giving are lines of a policy that give something and take nothing: a grant of
// one line, a list of a longer one, a sharing rule, a superior, an opening.
var giving = regexp.MustCompile(`^\s*(- \{.*(scope|access):.*\}.*|(read|write|propose|create|export|under|context|defaults|teammates):.*)$`)

// A policy some of whose giving lines are lost does not load, or lets nobody do
// more.
func TestLostLinesGiveNothing(t *testing.T) {
	t.Parallel()
	for name, text := range written(t) {
		before, err := Load(name, text, catalog)
		if err != nil {
			if !strings.Contains(name, "corpus") {
				t.Fatal(err)
			}
			continue // it has a catalog of its own
		}
		lines := strings.Split(string(text), "\n")
		var may []int
		for i, line := range lines {
			if giving.MatchString(line) {
				may = append(may, i)
			}
		}
		if len(may) < 3 {
			t.Errorf("%s: %d lines give something", name, len(may))
		}
		rapid.Check(t, func(t *rapid.T) {
			lost := rapid.SliceOfNDistinct(rapid.SampledFrom(may), 1, 4, rapid.ID).Draw(t, "lost")
			var kept []string
			for i, line := range lines {
				if !slices.Contains(lost, i) {
					kept = append(kept, line)
				}
			}
			after, err := Load(name, []byte(strings.Join(kept, "\n")), catalog)
			if err == nil {
				noMore(t, before, after)
			}
		})
	}
}

// A policy that was cut off, by a full disk or a broken line, does not load, or
// lets nobody do more: whoever is let in stands behind what they are denied.
func TestACutOffPolicyGivesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range presets.Names() {
		text := readFile(t, filepath.Join("presets", name+".yaml"))
		before, err := Load(name, text, catalog)
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut at")
			if after, err := Load(name, text[:cut], catalog); err == nil {
				noMore(t, before, after)
			}
		})
	}
}
