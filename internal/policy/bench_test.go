package policy

import (
	"fmt"
	"strings"
	"testing"

	"passerelle/internal/bridge"
)

var (
	benchSubject = Subject{Person: "alice", Team: "plateau-1", Connection: "phoning.dialler", Profile: "agent"}
	benchRecord  = Record{Assignee: "alice", CampaignTeam: "plateau-1"}
)

func BenchmarkAllows(b *testing.B) {
	p := plateau(b)
	b.ReportAllocs()
	for b.Loop() {
		p.Allows(benchSubject, Create, bridge.Activity, benchRecord)
	}
}

func BenchmarkAllowsField(b *testing.B) {
	p := plateau(b)
	b.ReportAllocs()
	for b.Loop() {
		p.AllowsField(benchSubject, Read, bridge.FieldPhone, benchRecord)
	}
}

func BenchmarkCan(b *testing.B) {
	p := plateau(b)
	b.ReportAllocs()
	for b.Loop() {
		p.Can(benchSubject, Read, bridge.ProspectObj, benchRecord)
	}
}

func BenchmarkReadMask(b *testing.B) {
	p := plateau(b)
	b.ReportAllocs()
	for b.Loop() {
		p.ReadMask(benchSubject, benchRecord)
	}
}

// BenchmarkProject is of a record of 40 fields.
func BenchmarkProject(b *testing.B) {
	p := plateau(b)
	fields := map[bridge.FieldName]bridge.Value{}
	for _, name := range catalog.Names()[:40] {
		fields[name] = "value"
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Project(benchSubject, benchRecord, fields)
	}
}

func BenchmarkAdmit(b *testing.B) {
	p := plateau(b)
	changed := []bridge.FieldName{"prospect.status", "prospect.comment", "prospect.lead_status"}
	b.ReportAllocs()
	for b.Loop() {
		p.Admit(benchSubject, benchRecord, changed)
	}
}

func BenchmarkLoad(b *testing.B) {
	text := readFile(b, "testdata/plateau.yaml")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load("plateau.yaml", text, catalog); err != nil {
			b.Fatal(err)
		}
	}
}

// bigHouse is a company of 300 roles, five deep, with 500 sharing rules and a
// staff of 10,000.
func bigHouse() (text []byte, staff Staff) {
	var b strings.Builder
	b.WriteString("version: 1\nroles:\n")
	for i := range 300 {
		fmt.Fprintf(&b, "  r%d:\n", i)
		if i > 0 {
			fmt.Fprintf(&b, "    under: r%d\n", (i-1)/3)
		}
		b.WriteString("    grants: [{on: prospect, scope: own, read: [class public], write: [prospect.status]}, {on: account, scope: team, actions: [read]}]\n")
	}
	b.WriteString("sharing:\n")
	for i := range 500 {
		fmt.Fprintf(&b, "  - {on: prospect, from: {role: r%d, subordinates: %v}, to: {role: r%d, subordinates: true}, access: read}\n", i*7%300, i%2 == 0, i*11%300)
	}
	b.WriteString("profiles:\n  phoning.console: {")
	for i := range 300 {
		fmt.Fprintf(&b, "p%d: r%d, ", i, i)
	}
	b.WriteString("}\n")
	staff = Staff{}
	for i := range 10_000 {
		staff[bridge.PersonID(fmt.Sprint("u", i))] = []Path{{"phoning.console", bridge.Profile(fmt.Sprint("p", i%300))}}
	}
	return []byte(b.String()), staff
}

func BenchmarkAllowsOpened(b *testing.B) {
	text, staff := bigHouse()
	p, err := Load("house.yaml", text, catalog)
	if err != nil {
		b.Fatal(err)
	}
	p = p.With(staff)
	who := Subject{Person: "u0", Connection: "phoning.console", Profile: "p0"}
	for _, c := range []struct {
		name  string
		owner bridge.PersonID
		want  bool
	}{{"by rank", "u299", true}, {"refused", "ghost", false}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p.Allows(who, Read, bridge.ProspectObj, Record{Owner: c.owner}) != c.want {
					b.Fatal("decided otherwise")
				}
			}
		})
	}
}

// BenchmarkChange is a change of rules taking effect: read, compiled, and given
// its staff.
func BenchmarkChange(b *testing.B) {
	text, staff := bigHouse()
	for _, part := range []string{"load", "staff"} {
		b.Run(part, func(b *testing.B) {
			p, err := Load("house.yaml", text, catalog)
			for b.Loop() {
				if part == "load" {
					p, err = Load("house.yaml", text, catalog)
				} else {
					p.With(staff)
				}
			}
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
