package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
)

func TestTerritories(t *testing.T) {
	t.Parallel()
	const text = `version: 1
roles: {seller: {grants: [{on: prospect, scope: territory, read: [class public]}]}}
profiles: {phoning.console: {s: seller}}
territories:
  lille: {field: prospect.postal_code, prefixes: [590, 591]}
  north: {field: prospect.postal_code, prefixes: [59, 062]}
  benelux: {field: prospect.country, values: [BE, Luxembourg]}
`
	p, err := Load("policy.yaml", []byte(text), catalog)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"lille", "north", "benelux"}, p.Territories()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	plain, err := Load("policy.yaml", []byte(text[:strings.Index(text, "territories:")]), catalog)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := Load("policy.yaml", []byte(strings.Replace(text, "BE, Lux", "BE, NL, Lux", 1)), catalog)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"benelux"}, Diff(p, moved).Territories); diff != "" {
		t.Errorf("what differs (-want +got):\n%s", diff)
	}
	if got := Diff(moved, p).Text("en"); got != "Territories\n  other records lie in benelux: the scope territory holds for others\n" {
		t.Errorf("%q", got)
	}
	if got := Diff(p, p).Territories; len(got) > 0 {
		t.Errorf("it differs from itself: %v", got)
	}
	if got := Diff(p, plain).Territories; len(got) != 3 {
		t.Errorf("a table that goes: %v", got)
	}
	for _, c := range []struct {
		name   string
		fields map[bridge.FieldName]bridge.Value
		want   string
		crm    string // where the policy has no table
	}{
		{"a prefix", map[bridge.FieldName]bridge.Value{"prospect.postal_code": "59800"}, "north", ""},
		{"the first that fits", map[bridge.FieldName]bridge.Value{"prospect.postal_code": "59000"}, "lille", ""},
		{"a number keeps its zero", map[bridge.FieldName]bridge.Value{"prospect.postal_code": "06200"}, "north", ""},
		{"no other number", map[bridge.FieldName]bridge.Value{"prospect.postal_code": "62000"}, "", ""},
		{"a value", map[bridge.FieldName]bridge.Value{"prospect.postal_code": "1000", "prospect.country": " luxembourg "}, "benelux", ""},
		{"a value is whole", map[bridge.FieldName]bridge.Value{"prospect.country": "BEL"}, "", ""},
		{"nothing", map[bridge.FieldName]bridge.Value{"prospect.postal_code": ""}, "", ""},
		{"the CRM's word", map[bridge.FieldName]bridge.Value{"prospect.territory": "east"}, "", "east"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := p.Territory(c.fields)
			if got != c.want || plain.Territory(c.fields) != c.crm {
				t.Errorf("%q, without a table %q", got, plain.Territory(c.fields))
			}
			seller := bridge.Actor{Connection: "phoning.console", Person: bridge.Person{
				ID: "s", Active: true, Territory: "north", Principal: "acme",
				Phoning: map[bridge.ConnectionName]bridge.Login{"phoning.console": {Profile: "s"}},
			}}
			if allowed := p.Allows(SubjectOf(seller), Read, bridge.ProspectObj, Record{Territory: got}); allowed != (c.want == "north") {
				t.Errorf("the seller of the north may read: %v", allowed)
			}
			if SubjectOf(seller).Principal != "acme" {
				t.Error("the principal is lost")
			}
		})
	}
}
