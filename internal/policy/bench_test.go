package policy

import (
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
