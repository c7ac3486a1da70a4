package policy

import (
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

// What is said of a command whose record nobody kept holds whatever the record
// was: all else is set apart.
func TestDeedsAreDecidedAgainWhateverTheirRecord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old, new := load(t, drawModel(t)), load(t, drawModel(t))
		s := Simulate(old, new)
		subject, record := drawSubject(t), drawRecord(t)
		role, _ := old.RoleOf(subject.Connection, subject.Profile)
		d := Deed{
			At: someDay, Who: "alice", Role: role, Connection: subject.Connection,
			Action: rapid.SampledFrom([]Action{Create, Write, Delete}).Draw(t, "action"),
			Object: rapid.SampledFrom([]bridge.Object{bridge.Activity, bridge.CampaignObj, bridge.ProspectObj}).Draw(t, "object"),
		}
		if !old.Allows(subject, d.Action, d.Object, record) {
			return // so nobody did it
		}
		s.Did(d)
		f := s.Forecast()
		if f.Decisions+f.Apart != 1 || f.Decisions == 0 && len(f.Effects) > 0 {
			t.Fatalf("%+v", f)
		}
		if allowed := new.Allows(subject, d.Action, d.Object, record); f.Decisions == 1 && allowed != (len(f.Effects) == 0) {
			t.Fatalf("%v, and allowed is %v", f.Effects, allowed)
		}
	})
}

func TestDeedsDecidedAgain(t *testing.T) {
	t.Parallel()
	under := func(rest string) *Policy {
		t.Helper()
		p, err := Load("p.yaml", []byte("version: 1\n"+rest), catalog)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const profiles = "profiles: {phoning.console: {boss: boss, deputy: boss}}\n"
	in := func(grant string) *Policy {
		return under("roles: {boss: {grants: [" + grant + "]}, other: {grants: [{on: prospect, scope: all, actions: [read]}]}}\n" + profiles)
	}
	team := in("{on: campaign, scope: team, actions: [write]}")
	for name, c := range map[string]struct {
		new            *Policy
		decided, apart int
		refused        bool
	}{
		"not granted any more":   {in("{on: campaign, scope: team, actions: [read]}"), 1, 0, true},
		"the same":               {team, 1, 0, false},
		"wider":                  {in("{on: campaign, scope: all, actions: [write]}"), 1, 0, false},
		"in another scope":       {in("{on: campaign, scope: own, actions: [write]}"), 0, 1, false},
		"the way in leads to it": {under("roles: {chief: {grants: [{on: campaign, scope: team, actions: [write]}]}}\nprofiles: {phoning.console: {boss: chief, deputy: chief}}\n"), 1, 0, false},
		"the ways in part":       {under("roles: {boss: {grants: [{on: campaign, scope: team, actions: [write]}]}}\nprofiles: {phoning.console: {boss: boss}}\n"), 0, 1, false},
		"no way in leads to it":  {under("roles: {boss: {grants: [{on: campaign, scope: team, actions: [write]}]}}\nprofiles: {phoning.other: {boss: boss}}\n"), 1, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Simulate(team, c.new)
			s.Did(Deed{At: someDay, Who: "samir", Role: "boss", Connection: "phoning.console", Action: Write, Object: bridge.CampaignObj})
			s.Did(Deed{At: someDay, Who: "operator", Action: Write, Object: bridge.CampaignObj})
			f := s.Forecast()
			refused := len(f.Effects) == 1 && f.Effects[0].Kind == Refused && f.Effects[0].Targets[0] == "campaign" && f.Effects[0].People == 1
			if f.Decisions != c.decided || f.Apart != c.apart || refused != c.refused {
				t.Errorf("%+v", f)
			}
		})
	}
}
