package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/test/golden"
)

const mainCRM = bridge.ConnectionName("crm.main")

func drawForbidden(t *rapid.T, label string) *Forbidden {
	if rapid.IntRange(0, 5).Draw(t, label+"never") == 0 {
		return nil
	}
	forbids := func(of string) Forbids {
		b := func(what string) bool { return rapid.IntRange(0, 3).Draw(t, label+of+what) == 0 }
		return Forbids{Read: b("read"), Create: b("create"), Write: b("write"), Others: b("others")}
	}
	out := &Forbidden{Objects: map[bridge.Object]Forbids{}, Fields: map[bridge.FieldName]Forbids{}}
	for _, o := range rapid.SliceOfDistinct(rapid.SampledFrom(bridge.Objects()), rapid.ID).Draw(t, label+"objects") {
		out.Objects[o] = forbids(string(o))
	}
	for _, f := range rapid.SliceOfNDistinct(rapid.SampledFrom(catalog.Names()), 0, 8, rapid.ID).Draw(t, label+"fields") {
		out.Fields[f] = forbids(string(f))
	}
	return out
}

// forbids is the naive answer: whether a CRM keeps the action on the target from
// somebody.
func (f *Forbidden) forbids(action Action, t Target, own bool) bool {
	if action == Delete || !slices.Contains([]bridge.Object{"prospect", "account", "contact", "opportunity"}, t.Object) {
		return false
	}
	if f == nil {
		return true
	}
	for _, x := range []Forbids{f.Objects[t.Object], f.Fields[t.Field]} {
		no := map[Action]bool{Read: x.Read, Export: x.Read, Create: x.Create, Write: x.Write, Propose: x.Write}[action]
		if no || x.Others && !own {
			return true
		}
	}
	return false
}

// What may be done is what the policy lets do and the CRM does not keep from the
// key, nor from the person's own user; every way of asking says the same.
func TestNothingGoesBeyondTheCRM(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		by := rapid.SampledFrom([]Bound{BoundKey, BoundPerson}).Draw(t, "by")
		text := fmt.Appendf(m.text(), "crm_rights: {%s: %s}\n", mainCRM, by)
		p, err := Load("policy.yaml", text, catalog)
		if err != nil {
			t.Fatal(err)
		}
		s, r := drawSubject(t), drawRecord(t)
		r.CRM = rapid.SampledFrom([]bridge.ConnectionName{mainCRM, "crm.other", ""}).Draw(t, "crm")
		key, theirs := drawForbidden(t, "key"), drawForbidden(t, "theirs")
		told := Told{Key: key, People: map[bridge.PersonID]*Forbidden{}}
		hasUser := rapid.Bool().Draw(t, "has user") && s.Person != ""
		if hasUser {
			told.People[s.Person] = theirs
		}
		p = p.With(m.staff).Within(map[bridge.ConnectionName]Told{mainCRM: told})
		own := r.Owner != "" && r.Owner == s.Person
		for _, action := range Actions() {
			for _, target := range allTargets() {
				want := m.allows(s, action, target, r)
				if want && r.CRM == mainCRM {
					want = !key.forbids(action, target, own) &&
						(by == BoundKey || !hasUser || action == Propose || !theirs.forbids(action, target, own))
				}
				e := p.Explain(s, action, target, r)
				if got := e.Allowed; got != want || got != p.allows(&s, action, p.targets.bit(target), &r) {
					t.Fatalf("%s %s: %v, want %v", action, target, got, want)
				}
				if target.Field != "" && action == Read && p.ReadMask(s, r).Has(target.Field) != want {
					t.Fatalf("the card has %s: %v", target, !want)
				}
				if unfilled(e.Text("en") + e.Text("fr")) {
					t.Fatalf("unfilled: %s", e.Text("en"))
				}
			}
		}
		for _, name := range catalog.Names() {
			if p.Asks(mainCRM, name) == key.forbids(Read, OnField(name), true) {
				t.Fatalf("%s is asked of the CRM", name)
			}
		}
	})
}

func allTargets() []Target {
	var out []Target
	for _, o := range bridge.Objects() {
		out = append(out, OnObject(o))
	}
	for _, n := range catalog.Names() {
		out = append(out, OnField(n))
	}
	return out
}

func TestCRMRightsRead(t *testing.T) {
	t.Parallel()
	text := string(plateau(t).Text()) + "crm_rights: {crm.main: person}\n"
	p, err := Load("policy.yaml", []byte(text), catalog)
	if err != nil {
		t.Fatal(err)
	}
	caller := Subject{Person: "alice", Team: "p1", Connection: "phoning.console", Profile: "caller"}
	mine := Record{Assignee: "alice", CampaignTeam: "p1", CRM: mainCRM}
	var b strings.Builder
	say := func(what string, p *Policy) {
		for _, lang := range []string{"en", "fr"} {
			fmt.Fprintf(&b, "%s: %s\n", what, p.Explain(caller, Write, OnField("prospect.status"), mine).Text(lang))
		}
		for _, x := range p.Admit(caller, mine, []bridge.FieldName{"prospect.status"}).Refused {
			fmt.Fprintf(&b, "  refused: %s. %s (%s)\n", x.Reason, x.Remedy, x.Rule)
		}
	}
	no := &Forbidden{Fields: map[bridge.FieldName]Forbids{"prospect.status": {Write: true}}}
	say("never read", p)
	say("kept from the key", p.Within(map[bridge.ConnectionName]Told{mainCRM: {Key: no}}))
	say("kept from the person", p.Within(map[bridge.ConnectionName]Told{mainCRM: {Key: &Forbidden{}, People: map[bridge.PersonID]*Forbidden{"alice": no}}}))
	b.WriteString(Diff(plateau(t), p).Text("en") + Diff(p, plateau(t)).Text("fr"))
	golden.File(t, "testdata/rights.golden", b.String())
	if got := p.Within(map[bridge.ConnectionName]Told{mainCRM: {Key: no}}).Withholds(mainCRM); len(got) != 1 || got[0].Target.Field != "prospect.status" {
		t.Errorf("withheld: %v", got)
	}
	if again := p.Within(map[bridge.ConnectionName]Told{mainCRM: {Key: &Forbidden{}}}); p.Unread("crm.other") || !p.Unread(mainCRM) || again.Unread(mainCRM) {
		t.Error("who has told their rights is confused")
	}
	if got := p.Like(p.Within(map[bridge.ConnectionName]Told{mainCRM: {Key: no}})).Withholds(mainCRM); len(got) != 1 {
		t.Errorf("another policy in its place: %v", got)
	}
}

func TestCRMRightsThatAreNone(t *testing.T) {
	t.Parallel()
	_, err := Load("policy.yaml", []byte("version: 1\nroles: {a: {}}\nprofiles: {}\ncrm_rights: {crm.main: all}\n"), catalog)
	if err == nil || !strings.Contains(err.Error(), "policy.yaml:4:24 crm_rights.crm.main: whose rights in the CRM bind: write key, or person") {
		t.Errorf("%v", err)
	}
}
