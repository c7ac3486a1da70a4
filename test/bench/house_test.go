package bench

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/policy"
)

// A house of many people, who own the plateau's prospects in the CRM: roles hang
// three below each, sharing rules go between those at the bottom.
const (
	users      = 10_000
	houseRoles = 300
	sharings   = 500
)

// crmUser is who owns a prospect in the CRM.
func crmUser(prospect int) bridge.Value { return bridge.Value(fmt.Sprintf("u-%d", prospect%users)) }

// house is a policy of the house; edit changes lines of it.
func (p *plateau) house(edit func(string) string) *policy.Policy {
	var b strings.Builder
	b.WriteString("version: 1\nroles:\n")
	for i := range houseRoles {
		fmt.Fprintf(&b, "  r%d:\n", i)
		if i > 0 {
			fmt.Fprintf(&b, "    under: r%d\n", (i-1)/3)
		}
		b.WriteString("    grants: [{on: prospect, scope: own, read: [class public, class personal, prospect.owner], write: [prospect.status]}, {on: activity, scope: own, actions: [read, create]}]\n")
	}
	b.WriteString("sharing:\n")
	for i := range sharings {
		fmt.Fprintf(&b, "  - {on: prospect, from: {role: r%d, subordinates: true}, to: {role: r%d}, access: read}\n", 100+i*7%200, 50+i%150)
	}
	b.WriteString("profiles:\n  phoning.console:\n")
	for i := range houseRoles {
		fmt.Fprintf(&b, "    p%d: r%d\n", i, i)
	}
	loaded, err := policy.Load("house.yaml", []byte(edit(b.String())), p.app.Desk().Rules().Catalog)
	if err != nil {
		p.t.Fatal(err)
	}
	return loaded
}

func (p *plateau) user(n int) bridge.Actor {
	login := bridge.Login{Name: fmt.Sprint("u", n), Profile: bridge.Profile(fmt.Sprint("p", n%houseRoles))}
	return bridge.Actor{Connection: "phoning.console", Person: bridge.Person{
		ID: bridge.PersonID(fmt.Sprint("u", n)), Active: true,
		Phoning: map[bridge.ConnectionName]bridge.Login{"phoning.console": login},
	}}
}

// staff is how everybody comes in.
func (p *plateau) staff() policy.Staff {
	var all []bridge.Person
	for n := range users {
		all = append(all, p.user(n).Person)
	}
	return policy.StaffOf(all)
}

// use gives the desk a policy of the house.
func (p *plateau) use(house *policy.Policy, staff policy.Staff) {
	was := p.app.Desk().Rules()
	rules := *was
	rules.Policy = house.With(staff)
	rules.ByCRM = func(_ bridge.ConnectionName, user string) (bridge.PersonID, bool) {
		n, ours := strings.CutPrefix(user, "u-")
		return bridge.PersonID("u" + n), ours
	}
	if !p.app.Desk().Swap(was, &rules) {
		p.t.Fatal("somebody else changes the rules")
	}
}

func same(text string) string { return text }

// sights measures first pages of people who see leads by what they own and by
// rank, and how soon a change of rules is what they see.
func (p *plateau) sights() {
	was, staff := p.app.Desk().Rules(), p.staff()
	p.use(p.house(same), staff)
	before, began := liveHeap(), time.Now()
	if err := p.app.Desk().Survey(context.Background()); err != nil {
		p.t.Fatal(err)
	}
	took := time.Since(began)
	goal("  the index of who sees which, in memory", 150, "MB", fmt.Sprintf("read in %.1f s beside the plateau", took.Seconds()), liveHeap()-before)
	own := *leadCount / users
	for _, q := range []struct {
		name string
		user int
		most float64
		want int
	}{
		{"a caller's own, of 10,000 people's", 299, 1000, min(own, 50)},
		{"a director's, a third of all", 1, 5000, 50},
		{"the managing director's, all", 0, 5000, 50},
	} {
		actor := p.user(q.user)
		var took []float64
		var slow string
		for range *rounds {
			var one float64
			one, slow = timed(100, func(int) { p.firstPage(actor, q.want) })
			took = append(took, one)
		}
		goal("  a page of "+q.name, q.most, "µs", slow, took...)
	}
	p.changes(staff, own)
	if !p.app.Desk().Swap(p.app.Desk().Rules(), was) {
		p.t.Fatal("somebody else changes the rules")
	}
}

func (p *plateau) firstPage(actor bridge.Actor, want int) {
	found, _, err := p.app.Desk().Leads(actor, desk.Choice{Campaign: bank}, desk.Page{})
	if err != nil || len(found) != want {
		p.t.Fatalf("%s: %d leads, not %d, %v", actor.Name(), len(found), want, err)
	}
}

// changes measures what it takes from a text of rules to the first page by them.
func (p *plateau) changes(staff policy.Staff, own int) {
	director := p.user(1)
	replace := func(from, to string) func(string) string {
		return func(text string) string { return strings.Replace(text, from, to, 1) }
	}
	for _, change := range []struct {
		name string
		edit func(string) string
		want int
	}{
		{"a role loses its rank", replace("  r1:\n", "  r1:\n    superiors: false\n"), min(own, 50)},
		{"a role hangs elsewhere", replace("  r4:\n    under: r1\n", "  r4:\n    under: r2\n"), 50},
		{"a sharing rule more", replace("sharing:\n", "sharing:\n  - {on: prospect, from: {role: r2, subordinates: true}, to: {role: r1}, access: read}\n"), 50},
		{"a default is opened", replace("sharing:\n", "defaults: {prospect: read}\nsharing:\n"), 50},
		{"a territory is drawn", replace("sharing:\n", "territories: {north: {field: prospect.postal_code, prefixes: [59]}}\nsharing:\n"), 50},
		{"a role is denied a class", replace("  r1:\n", "  r1:\n    deny: [{on: prospect, fields: [class personal]}]\n"), 50},
	} {
		var took []float64
		for range *rounds {
			runtime.GC()
			began := time.Now()
			p.use(p.house(change.edit), staff)
			p.firstPage(director, change.want)
			took = append(took, float64(time.Since(began).Microseconds())/1000)
		}
		goal("  a change of rules: "+change.name, 50, "ms", fmt.Sprintf("%d leads, %d users, %d roles, %d sharing rules", *leadCount, users, houseRoles, sharings), took...)
	}
}
