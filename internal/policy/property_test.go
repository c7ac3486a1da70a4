package policy

import (
	"slices"
	"strings"
	"testing"

	"passerelle/internal/bridge"
	"pgregory.net/rapid"
)

func load(t interface {
	Helper()
	Fatalf(string, ...any)
}, m model) *Policy {
	t.Helper()
	p, err := Load("policy.yaml", m.text(), m.catalog)
	if err != nil {
		t.Fatalf("%v\n%s", err, m.text())
	}
	return p.With(m.staff)
}

// everything ranges over all actions on all targets, and some that do not exist.
func everything(yield func(Action, Target) bool) {
	for _, a := range append(Actions(), "merge") {
		for _, o := range append(bridge.Objects(), "invoice") {
			if !yield(a, OnObject(o)) {
				return
			}
		}
		for _, f := range append(slices.Clone(catalog.Names()), "prospect.x_nowhere", "nonsense") {
			if !yield(a, OnField(f)) {
				return
			}
		}
	}
}

func TestDecisionsAreThoseOfTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		s, r := drawSubject(t), drawRecord(t)
		for action, target := range everything {
			want := m.allows(s, action, target, r)
			if got := p.allows(&s, action, p.targets.bit(target), &r); got != want {
				t.Fatalf("compiled: %s %s: %v, want %v\n%s", action, target, got, want, m.text())
			}
			e := p.Explain(s, action, target, r)
			if e.Allowed != want {
				t.Fatalf("explained: %s %s: %v, want %v\n%s", action, target, e.Allowed, want, m.text())
			}
			if (e.Cause == CauseGrant) != want || (e.Rule == "") != (e.Pos.Line == 0) {
				t.Fatalf("%s %s: cause %s, rule %q at %s", action, target, e.Cause, e.Rule, e.Pos)
			}
			if e.Opened != (Opened{}) && (e.Cause != CauseGrant || e.Opened.Pos.Line == 0 || e.Opened.Rule == "") {
				t.Fatalf("%s %s: opened by %+v, cause %s", action, target, e.Opened, e.Cause)
			}
			if target.Field == "" {
				if want && !p.Reaches(s, action, target.Object) && p.widened(p.paths[Path{s.Connection, s.Profile}], &s, &r).permits(action.index(), p.targets.place(target.Object)) {
					t.Fatalf("%s %s: reached, but not said to be\n%s", action, target, m.text())
				}
				if v := p.Can(s, action, target.Object, r); v != e.Verdict || v.Allowed != p.Allows(s, action, target.Object, r) {
					t.Fatalf("%s %s: Can says %+v, Explain %+v", action, target, v, e.Verdict)
				}
			}
		}
	})
}

func TestProjectionHoldsWhatMayBeReadAndNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		s, r := drawSubject(t), drawRecord(t)
		fields := map[bridge.FieldName]bridge.Value{"prospect.x_nowhere": "secret", "nonsense": "secret"}
		for _, name := range catalog.Names() {
			fields[name] = bridge.Value("value of " + name)
		}
		card := p.Project(s, r, fields)
		asked := p.NeededOf(Path{s.Connection, s.Profile})
		for name, value := range fields {
			got, shown := card[name]
			if shown != m.allows(s, Read, OnField(name), r) || shown && got != value {
				t.Fatalf("%s: shown %v\n%s", name, shown, m.text())
			}
			if shown && !slices.Contains(asked, name) {
				t.Fatalf("%s is shown, but not asked of the CRM", name)
			}
		}
		for name := range card {
			if _, given := fields[name]; !given {
				t.Fatalf("%s was never given", name)
			}
		}
		if got := p.ReadMask(s, r).Names(); len(got) != len(card) {
			t.Fatalf("ReadMask %v, Project %v", got, card)
		}
	})
}

func TestAFieldThatMayNeverBeReadIsNotAskedFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		s := drawSubject(t)
		s.Person, s.Team, s.Territory, s.Principal = "alice", "red", "north", "acme"
		everywhere := Record{Owner: "alice", Assignee: "alice", Team: "red", CampaignTeam: "red", Territory: "north", Principal: "acme"}
		for _, name := range p.NeededOf(Path{s.Connection, s.Profile}) {
			if !m.allows(s, Read, OnField(name), everywhere) && !m.derives(Path{s.Connection, s.Profile}, name) {
				t.Fatalf("%s is asked for, but no record shows it\n%s", name, m.text())
			}
		}
		for _, name := range catalog.Names() {
			if m.derives(Path{s.Connection, s.Profile}, name) && !slices.Contains(p.NeededOf(Path{s.Connection, s.Profile}), name) {
				t.Fatalf("%s is behind a card and not asked for\n%s", name, m.text())
			}
		}
	})
}

// rank orders what becomes of a changed field.
func (a Admission) rank(name bridge.FieldName) int {
	switch {
	case slices.Contains(a.Write, name):
		return 2
	case slices.Contains(a.Propose, name):
		return 1
	}
	return 0
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		s, r := drawSubject(t), drawRecord(t)
		changed := append(slices.Clone(catalog.Names()), "prospect.x_nowhere")
		got := p.Admit(s, r, append(changed, changed...))
		if len(got.Write)+len(got.Propose)+len(got.Refused) != len(changed) {
			t.Fatalf("%d fields in, %d out", len(changed), len(got.Write)+len(got.Propose)+len(got.Refused))
		}
		for _, name := range changed {
			want := 0
			if m.allows(s, Propose, OnField(name), r) {
				want = 1
			}
			if m.allows(s, Write, OnField(name), r) {
				want = 2
			}
			if got.rank(name) != want {
				t.Fatalf("%s: %d, want %d\n%s", name, got.rank(name), want, m.text())
			}
			if p.ChangeMask(s, r).Has(name) != (want > 0) {
				t.Fatalf("%s: ChangeMask and Admit disagree\n%s", name, m.text())
			}
		}
		for _, refusal := range got.Refused {
			if refusal.Reason == "" {
				t.Fatalf("%s is refused without a reason", refusal.Field)
			}
		}
	})
}

func TestTakingARightAwayRevealsAndAdmitsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := drawModel(t)
		after := before.clone()
		role := after.roles["role0"]
		if n := len(role.grants); n > 0 && rapid.Bool().Draw(t, "drop a grant") {
			role.grants = slices.Delete(role.grants, n-1, n)
		} else {
			role.denies = append(role.denies, drawDeny(t, "added"))
		}
		wide, narrow := load(t, before), load(t, after)
		s, r := drawSubject(t), drawRecord(t)
		for action, target := range everything {
			if narrow.allows(&s, action, narrow.targets.bit(target), &r) && !wide.allows(&s, action, wide.targets.bit(target), &r) {
				t.Fatalf("%s %s was refused and is now allowed\n%s", action, target, after.text())
			}
		}
		then, now := wide.Admit(s, r, catalog.Names()), narrow.Admit(s, r, catalog.Names())
		for _, name := range catalog.Names() {
			if now.rank(name) > then.rank(name) {
				t.Fatalf("%s is admitted further than before", name)
			}
		}
		for _, name := range narrow.NeededOf(narrow.Paths()...) {
			if !slices.Contains(wide.NeededOf(wide.Paths()...), name) {
				t.Fatalf("%s is asked for now", name)
			}
		}
	})
}

func TestRemedyFlipsAndNoPartOfItDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		s, r := drawSubject(t), drawRecord(t)
		object := drawObject(t)
		targets := []Target{OnObject(object)}
		for _, f := range catalog.Names() {
			if f.Object() == object {
				targets = append(targets, OnField(f))
			}
		}
		target := rapid.SampledFrom(targets).Draw(t, "target")
		action := rapid.SampledFrom(Actions()).Draw(t, "action")
		e := p.Explain(s, action, target, r)
		if len(e.Remedy) == 0 {
			if e.Cause != CauseNoProfile && e.Cause != CauseNoField {
				t.Fatalf("%s %s (%s): no remedy\n%s", action, target, e.Cause, m.text())
			}
			return
		}
		for subset := range 1 << len(e.Remedy) {
			var part []Edit
			for i, edit := range e.Remedy {
				if subset&(1<<i) != 0 {
					part = append(part, edit)
				}
			}
			edited := m.apply(part)
			flipped := load(t, edited).allows(&s, action, p.targets.bit(target), &r) != e.Allowed
			if whole := len(part) == len(e.Remedy); flipped != whole {
				t.Fatalf("%s %s (%s): %d of %d edits (%s): flipped %v\n%s", action, target, e.Cause, len(part), len(e.Remedy), Remedy(part).Text("en"), flipped, edited.text())
			}
		}
		for _, lang := range []string{"en", "fr"} {
			if text := e.Text(lang); strings.ContainsAny(text, "\n") || strings.Contains(text, "%!") || unfilled(text) {
				t.Fatalf("text %q", text)
			}
		}
	})
}

// unfilled says whether a text still has a word in braces to fill in.
func unfilled(text string) bool {
	for _, word := range []string{"{role}", "{action}", "{target}", "{scope}", "{profile}", "{connection}", "{rule}", "{name}", "{pos}", "{key}", "{remedy}", "{opened}", "{at}"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

func TestRefusalRemedyAdmits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p := load(t, m)
		s, r := drawSubject(t), drawRecord(t)
		name := rapid.SampledFrom(catalog.Names()).Draw(t, "field")
		if p.Admit(s, r, []bridge.FieldName{name}).rank(name) > 0 {
			return
		}
		remedy := p.remedyOfRefusal(s, r, OnField(name))
		if s.Profile == "" && len(remedy) == 0 {
			return
		}
		if load(t, m.apply(remedy)).Admit(s, r, []bridge.FieldName{name}).rank(name) == 0 {
			t.Fatalf("%s: %s admits nothing\n%s", name, remedy.Text("en"), m.text())
		}
	})
}

func TestTextLoadsAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		text := append([]byte("\ufeff"), []byte(strings.ReplaceAll(string(m.text()), "\n", "\r\n"))...)
		p, err := Load("policy.yaml", text, catalog)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Load("other.yaml", p.Text(), catalog)
		if err != nil {
			t.Fatal(err)
		}
		if again.Hash() != p.Hash() || string(again.Text()) != string(p.Text()) || len(p.Hash()) != 32 {
			t.Fatalf("hash %s then %s", p.Hash(), again.Hash())
		}
		s, r := drawSubject(t), drawRecord(t)
		for action, target := range everything {
			if p.allows(&s, action, p.targets.bit(target), &r) != again.allows(&s, action, again.targets.bit(target), &r) {
				t.Fatalf("%s %s is decided otherwise", action, target)
			}
		}
	})
}
