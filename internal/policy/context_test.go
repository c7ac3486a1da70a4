package policy

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

const contextText = `version: 1
context:
  it: {type: %s, en: It, fr: Ça, expr: %s}
roles:
  caller:
    grants: [{on: prospect, scope: assigned, read: [prospect.phone]}]
    context: [it]
profiles: {phoning.console: {agent: caller}}
`

func TestDerive(t *testing.T) {
	t.Parallel()
	fields := map[bridge.FieldName]bridge.Value{
		"account.revenue": "120000", "account.margin": "", "account.sector": "Food", "prospect.city": "Lille",
		"prospect.opt_in": "true", "prospect.score": "0.5", "prospect.segment": "", "opportunity.amount": "NaN",
	}
	called := bridge.Lead{Attempts: 3, Last: "no_answer", State: bridge.LeadWaiting, LastAt: time.Date(2026, 11, 11, 18, 0, 0, 0, time.UTC)}
	cases := []struct {
		typ, expr string
		want      string
	}{
		{"bool", "account.revenue > 100000", "yes"},
		{"bool", "account.revenue > 100000 && lead.attempts > 3", "no"},
		{"bool", "account.margin > 0", ""},                        // not known
		{"bool", "!(account.margin > 0)", ""},                     // no doubt becomes a yes
		{"bool", "account.revenue > 0 || account.margin > 0", ""}, // nor half a one
		{"bool", "account.margin == nil", "yes"},                  // asked
		{"bool", "nil != account.margin", "no"},                   // the other way round
		{"bool", "account?.margin == nil", "yes"},                 // and so
		{"bool", "(account.margin ?? 2) * 1e300 * 1e300 > 1", ""}, // of two types, and too large
		{"bool", "account.margin == nil || account.margin == 5", "yes"},
		{"bool", "(account.margin == nil ? account.margin : 5) == 5", ""}, // asked elsewhere
		{"bool", "(account.margin ?? 0) > 0", "no"},                       // asked
		{"text", `account.sector == "Food" ? "bring samples" : "no samples"`, "bring samples"},
		{"text", `upper(prospect.city)`, "LILLE"},
		{"text", `prospect.segment == "" ? "none" : prospect.segment`, "none"}, // empty, and known to be
		{"text", `prospect.country == "FR" ? "home" : "abroad"`, ""},           // never heard of
		{"number", "days(lead.last_call, today)", "12"},
		{"number", "round(account.revenue / 1000)", "120"},
		{"number", "lead.attempts", "3"},
		{"number", "account.revenue / 0", ""},
		{"bool", "account.revenue / 0 > 1", ""}, // what goes wrong within says nothing either
		{"bool", "0 / 0 > 1", ""},
		{"bool", "!(0 / 0 > 1)", ""},
		{"bool", "account.revenue > 0 ? 1 / (account.revenue - 120000) > 1 : false", ""},
		{"text", `account.revenue / 0 > 1 ? "rich" : "poor"`, ""},
		{"bool", "(0 - account.revenue) ** 0.5 > 1", ""},
		{"bool", "account.revenue * 1e300 * 1e300 > 1", ""},
		{"bool", "account.revenue - account.revenue * 1e300 * 1e300 < 1", ""},
		{"bool", "lead.attempts % 0 == 0", ""},
		{"bool", "account.revenue < 0 && 1 / 0 > 1", "no"}, // not asked
		{"bool", "account.revenue / 1000 == 120", "yes"},
		{"bool", "(account.margin ?? 0) + 1 == 1", "yes"},
		{"number", "(account.margin ?? 2) * 3", "6"},
		{"number", "(account.margin ?? account.revenue) - 1 + lead.attempts", "120002"},
		{"bool", "opportunity.amount > 1", ""},
		{"bool", "!(opportunity.amount > 1)", ""},
		{"bool", "prospect.opt_in", "yes"},
		{"bool", `prospect.city in ["Lille", "Roubaix"]`, "yes"},
		{"bool", `prospect.city matches "^L"`, "yes"},
		{"bool", `lead.last_disposition == "no_answer"`, "yes"},
	}
	for _, c := range cases {
		t.Run(c.expr, func(t *testing.T) {
			t.Parallel()
			p := loadText(t, fmt.Appendf(nil, contextText, c.typ, "'"+c.expr+"'"))
			if got := p.Derive("it", Facts{fields, called, time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)}); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	p := loadText(t, fmt.Appendf(nil, contextText, "number", `"days(lead.last_call, today)"`))
	if got := p.Derive("it", Facts{fields, bridge.Lead{}, time.Now()}) + p.Derive("nowhere", Facts{}); got != "" {
		t.Errorf("never called: %q", got)
	}
}

// What an expression may not say is told in its place.
func TestExpressionsThatAreRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		typ, expr string
		at        int // where in the expression
		why       string
	}{
		{"bool", "account.revenu > 1", 8, "account.revenu is not in the catalogue"},
		{"bool", "account.revenue > ", 17, "cannot be read"},
		{"bool", "account.name > 1", 13, "compare like with like"},
		{"number", "account.name", 0, "asks for a number"},
		{"text", "account.revenue", 0, "asks for a text"},
		{"bool", "account.revenue", 0, "asks for yes or no"},
		{"bool", "account.revenue > 1 ? nil : true", 22, "nil is no value"},
		{"number", "account.revenue ?? nil", 19, "nil is no value"},
		{"number", "finite(account.revenue)", 0, "no such function"},
		{"number", "known(account.revenue)", 0, "no such function"},
		{"bool", `keys(account) == nil`, 0, ""},
		{"bool", `account["rev" + "enue"] > 1`, 0, ""},
		{"bool", `$env.account.revenue > 1`, 0, ""},
		{"number", "len(1..1000000)", 5, ""},
		{"bool", "1 in 1..1000000" + strings.Repeat(" && 1 in 1..1000000", 20), 6, "no ranges"},
		{"bool", "now() > today", 0, "no such function"},
		{"bool", `account.name > `, 14, "cannot be read"},
		{"bool", "today.Local() == today", 6, ""},
		{"bool", "any([1, 2], # > 1)", 0, ""},
		{"bool", "let x = account; x.revenue > 1", 4, ""},
		{"text", `repeat("a", 1000)`, 0, "no such function"},
		{"bool", `prospect.city matches prospect.name`, 14, "pattern"},
		{"bool", "activity.note == nil", 9, "there are those of prospect, account, contact, opportunity and lead"},
		{"bool", "lead.phone == nil", 5, "phone"},
		{"bool", strings.Repeat("!", 300) + "prospect.opt_in", 314, "longer than 200"},
	}
	for _, c := range cases {
		t.Run(c.expr[:min(30, len(c.expr))], func(t *testing.T) {
			t.Parallel()
			_, err := Load("policy.yaml", fmt.Appendf(nil, contextText, c.typ, "'"+c.expr+"'"), catalog)
			column := len("  it: {type: , en: It, fr: Ça, expr: '") + len(c.typ) // the ç is one sign
			if err == nil || !strings.Contains(err.Error(), c.why) || !strings.HasPrefix(err.Error(), fmt.Sprintf("policy.yaml:3:%d context.it.expr: ", column+c.at)) {
				t.Fatalf("%v", err)
			}
		})
	}
}

// What an expression says as it is stands there under its arithmetic too.
func TestBare(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string][]bridge.FieldName{
		"account.margin":                           {"account.margin"},
		"account.margin + 0":                       {"account.margin"},
		"-(account.revenue + account.margin)":      {"account.revenue", "account.margin"},
		"account.margin / account.revenue":         nil,
		"account.revenue > 1 ? account.margin : 0": {"account.margin"},
	} {
		p := loadText(t, fmt.Appendf(nil, contextText, "number", "'"+expr+"'"))
		if got := p.contextField("it").bare; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", expr, got, want)
		}
	}
}

// What an expression fails on, or does not know, is withheld, whatever it is.
func TestDerivedValuesAreOfTheirType(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(contextExamples).Draw(t, "context")
		p := loadText(t, fmt.Appendf(nil, contextText, c.typ, "'"+c.expr+"'"))
		fields := map[bridge.FieldName]bridge.Value{}
		for _, name := range catalog.Names() {
			if rapid.Bool().Draw(t, "known") {
				fields[name] = bridge.Value(rapid.SampledFrom([]string{"", "12", "-0.5", "true", "high", "2026-11-22", "nonsense", "1e400", "NaN"}).Draw(t, "value"))
			}
		}
		var lead bridge.Lead
		if rapid.Bool().Draw(t, "called") {
			lead.LastAt, lead.Attempts = time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC), rapid.IntRange(0, 9).Draw(t, "attempts")
		}
		facts := Facts{fields, lead, time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)}
		got := p.Derive("it", facts)
		number, err := strconv.ParseFloat(got, 64)
		if got != "" && (c.typ == "bool" && got != "yes" && got != "no" || c.typ == "number" && (err != nil || math.IsInf(number, 0) || math.IsNaN(number))) {
			t.Fatalf("%s is %q", c.expr, got)
		}
		if facts.Today = facts.Today.Add(59 * time.Minute); p.Derive("it", facts) != got {
			t.Fatalf("%s hangs on the time of day", c.expr)
		}
		for _, name := range catalog.Names() { // what it does not read does not change it
			if !slices.Contains(c.from, name) {
				fields[name] = "other"
			}
		}
		if again := p.Derive("it", facts); again != got {
			t.Fatalf("%s reads more than it says: %q, then %q", c.expr, got, again)
		}
	})
}

// A card that tells more, or otherwise, stands in the diff with what it tells.
func TestCardChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawModel(t), drawModel(t)
		delta := Diff(load(t, a), load(t, b))
		for _, name := range []string{"role0", "role1"} {
			for _, field := range append(ContextFields(), "derived0", "derived1", "derived2") {
				was, is := a.roles[name] != nil && slices.Contains(a.roles[name].shows, field), b.roles[name] != nil && slices.Contains(b.roles[name].shows, field)
				before, after := a.context[field], b.context[field]
				differs := was != is || was && (before.typ != after.typ || before.expr != after.expr)
				at := slices.IndexFunc(delta.Cards, func(c CardChange) bool { return c.Role == bridge.Role(name) && c.Context == field })
				if (at >= 0) != differs {
					t.Fatalf("%s, %s: differs %v, said %v", name, field, differs, at >= 0)
				}
				if at < 0 {
					continue
				}
				c := delta.Cards[at]
				if c.Gains != is || c.Changed != (was && is) || unfilled(c.Text("en")+c.Text("fr")) || (c.Risk == RiskNone) != !is {
					t.Fatalf("%+v", c)
				}
			}
		}
		if !slices.IsSortedFunc(delta.Cards, func(a, b CardChange) int { return int(b.Risk - a.Risk) }) {
			t.Fatal("the riskiest does not come first")
		}
	})
}

// An explanation of a derived field says what is behind it and no value, and its
// remedy flips it.
func TestExplainContext(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		p, s := load(t, m), drawSubject(t)
		for _, name := range append(ContextFields(), "derived0", "unheard_of") {
			e := p.Explain(s, Read, OnField(bridge.FieldName("context."+name)), Record{})
			role, mapped := m.profiles[Path{s.Connection, s.Profile}]
			if want := mapped && slices.Contains(m.roles[role].shows, name); e.Allowed != want || want != slices.Contains(p.Context(s.Connection, s.Profile), name) {
				t.Fatalf("%s: allowed %v\n%s", name, e.Allowed, m.text())
			}
			if unfilled(e.Text("en")+e.Text("fr")) || (e.Rule != "") != (e.Pos.Line > 0) {
				t.Fatalf("%s %+v", e.Text("en"), e)
			}
			for _, edit := range e.Remedy {
				r := m.roles[string(edit.Role)]
				if r.shows = append(slices.Clone(r.shows), name); edit.Kind == HideContext {
					r.shows = slices.DeleteFunc(r.shows, func(n string) bool { return n == name })
				}
				if load(t, m).Explain(s, Read, OnField(bridge.FieldName("context."+name)), Record{}).Allowed == e.Allowed {
					t.Fatalf("%s does not flip it", e.Remedy.Text("en"))
				}
			}
		}
		if p.Explain(s, Write, OnField("context.customer"), Record{}).Allowed {
			t.Fatal("a derived field is written")
		}
	})
}

func BenchmarkDerive(b *testing.B) {
	p := loadText(b, fmt.Appendf(nil, contextText, "bool", "account.revenue > 100000 && lead.attempts < 3"))
	facts := Facts{map[bridge.FieldName]bridge.Value{"account.revenue": "120000"}, bridge.Lead{Attempts: 1}, time.Now()}
	b.ReportAllocs()
	for b.Loop() {
		if p.Derive("it", facts) != "yes" {
			b.Fatal("no")
		}
	}
}
