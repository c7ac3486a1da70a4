package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// What is written straight from a row is what encoding/json makes of the
// projection, less what is hidden.
func TestACardFromItsRowIsTheProjection(t *testing.T) {
	t.Parallel()
	own := bridge.FieldDef{Name: "prospect.x_own", Class: bridge.Public}
	catalog, err := bridge.Standard().With(own)
	if err != nil {
		t.Fatal(err)
	}
	names := append(catalog.Names(), "prospect.x_gone")
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.ReplaceAll(plateau, "class commercial", "prospect.x_own")
		if rapid.Bool().Draw(rt, "opened") {
			text += "defaults: {account: read, prospect: read}\n"
		}
		p, err := policy.Load("policy.yaml", []byte(text), catalog)
		if err != nil {
			rt.Fatal(err)
		}
		who := policy.Subject{Person: "alice", Team: "floor", Connection: console, Profile: rapid.SampledFrom([]bridge.Profile{"agent", "supervisor", "nobody"}).Draw(rt, "profile")}
		record := policy.Record{
			Assignee:     rapid.SampledFrom([]bridge.PersonID{"", "alice"}).Draw(rt, "assignee"),
			CampaignTeam: rapid.SampledFrom([]string{"", "floor"}).Draw(rt, "campaign"),
		}
		fields := map[bridge.FieldName]bridge.Value{}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[bridge.FieldName]).Draw(rt, "fields") {
			fields[name] = bridge.Value(rapid.String().Draw(rt, "value"))
		}
		hidden := rapid.SliceOfN(rapid.SampledFrom(names), 0, 2).Draw(rt, "hidden")
		want := p.Project(who, record, fields)
		for _, name := range hidden {
			delete(want, name)
		}
		text2, err := json.Marshal(want)
		if err != nil {
			rt.Fatal(err)
		}
		stored := row(encodeProspect(bridge.Prospect{Ref: ref("1"), Fields: fields}))
		if got := stored.appendCard([]byte("x"), p.ReadMask(who, record), p.Members(numberedFields), hidden); string(got) != "x"+string(text2) {
			rt.Fatalf("the row is written\n%s\nwant\n%s", got[1:], text2)
		}
	})
}

// Stores hold digests: what one is made of must not change, or every card would
// be pushed again.
func TestADigestIsThatOfTheCardsJSON(t *testing.T) {
	t.Parallel()
	f := twoCampaigns(t, filepath.Join(t.TempDir(), "store.db"), policy.Assigned)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	f.mustRecord("alice", bridge.CallEvent{EventID: "e", Disposition: "no_answer", Campaign: spring, ProspectID: "1"}, "")
	for _, id := range []string{"1", "2", "unknown"} {
		err := f.desk.look(bridge.Actor{Operator: true}, func(c *command) error {
			l, p, err := c.load(leadID(id))
			if err != nil {
				l, p = bridge.Lead{Prospect: ref(id)}, bridge.Prospect{Ref: ref(id)}
			}
			who := policy.SubjectOfFeed(c.campaign(spring), bridge.PlatformList{Connection: dialler, List: "L", Profile: "agent"})
			scope := c.record(l, p)
			scope.Handed = true
			card := c.card(who, scope, l, p)
			raw, err := json.Marshal(struct {
				Role bridge.Role
				Card bridge.Card
			}{card.Role, card})
			if err != nil {
				return err
			}
			sum := sha256.Sum256(raw)
			want := hex.EncodeToString(sum[:12])
			if got := []string{digest(card), c.digest(who, scope, l, p)}; !slices.Equal(got, []string{want, want}) {
				t.Errorf("prospect %s: of the card and of the row %v, want %s of\n%s", id, got, want, raw)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// rowOf40 is a row of forty fields and a policy by which callers see twenty.
func rowOf40(t testing.TB, value string) (row, *policy.Policy) {
	fields := map[bridge.FieldName]bridge.Value{}
	var seen, of []string
	for i, name := range bridge.Standard().Names()[:40] {
		fields[name] = bridge.Value(fmt.Sprintf(value, i))
		if i%2 == 0 {
			seen = append(seen, string(name))
		}
	}
	for _, object := range bridge.Objects() {
		its := slices.DeleteFunc(slices.Clone(seen), func(name string) bool { return !strings.HasPrefix(name, string(object)+".") })
		if len(its) > 0 {
			of = append(of, fmt.Sprintf("      - {on: %s, scope: assigned, read: [%s]}\n", object, strings.Join(its, ", ")))
		}
	}
	p, err := policy.Load("policy.yaml", []byte("version: 1\nroles:\n  caller:\n    grants:\n"+strings.Join(of, "")+"profiles: {phoning.console: {agent: caller}}\n"), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	return row(encodeProspect(bridge.Prospect{Ref: ref("1"), Fields: fields})), p
}

func TestACardFromItsRowAllocatesNothing(t *testing.T) {
	stored, p := rowOf40(t, "value %d")
	who, record, members := policy.Subject{Person: "alice", Connection: console, Profile: "agent"}, policy.Record{Assignee: "alice"}, p.Members(numberedFields)
	out := make([]byte, 0, 4096)
	n := testing.AllocsPerRun(100, func() { out = stored.appendCard(out[:0], p.ReadMask(who, record), members, nil) })
	if got := strings.Count(string(out), "value"); n != 0 || got != 20 {
		t.Errorf("%v allocations, %d fields", n, got)
	}
}

func BenchmarkCardFromRow(b *testing.B) {
	for name, value := range map[string]string{"ASCII": "some value %d", "accents": "Société numéro %d"} {
		b.Run(name, func(b *testing.B) {
			stored, p := rowOf40(b, value)
			who, record, members := policy.Subject{Person: "alice", Connection: console, Profile: "agent"}, policy.Record{Assignee: "alice"}, p.Members(numberedFields)
			out := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				out = stored.appendCard(out[:0], p.ReadMask(who, record), members, nil)
			}
		})
	}
}
