package desk

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

func (f *floor) rule(added string) {
	f.t.Helper()
	before := f.desk.Rules()
	rules := *before
	rules.Policy = loaded(f.t, plateau+added)
	if !f.desk.Swap(before, &rules) {
		f.t.Fatal("somebody else changed the rules")
	}
}

const limited = `
limits:
  - {role: supervisor, command: reassign, per_hour: 50}
  - {role: supervisor, command: lift, per_hour: 1}
`

func (f *floor) give(who bridge.PersonID, ids []bridge.LeadID, to string) (Moved, *Spent) {
	f.t.Helper()
	moved, err := f.desk.Reassign(context.Background(), as(who), Choice{IDs: ids}, to, "holiday")
	no, spent := errors.AsType[*Spent](err)
	if err != nil && !spent {
		f.t.Fatal(err)
	}
	return moved, no
}

// A bulk command counts as many records as it changes, and beyond the limit it
// changes none.
func TestALimitCountsRecords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	f := floorAt(t, path)
	many(f, 100)
	var ids []bridge.LeadID
	for _, l := range f.all() {
		ids = append(ids, l.ID)
	}
	f.rule(limited)
	if moved, no := f.give("sam", ids[:45], "bob"); no != nil || moved.Moved != 45 {
		t.Fatalf("45: %+v, %v", moved, no)
	}
	if moved, no := f.give("sam", ids[:45], "bob"); no != nil || moved.Moved != 45 {
		t.Errorf("the same again, which changes nothing: %v", no)
	}
	f.pass(10 * time.Minute)
	_, no := f.give("sam", ids[:55], "alice")
	if no == nil || !no.Free.IsZero() || no.Wanted != 55 || no.Left != 5 {
		t.Errorf("more than an hour's: %+v", no)
	}
	_, no = f.give("sam", ids[45:55], "bob")
	if no == nil || no.Left != 5 || no.Wanted != 10 || !no.Free.After(f.clock().Add(50*time.Minute)) || no.Free.After(f.clock().Add(52*time.Minute)) {
		t.Fatalf("10 more: %+v", no)
	}
	if !strings.Contains(no.Error(), "supervisor may reassign leads at most 50 times an hour (policy.yaml:") || f.with("bob") != 45 {
		t.Errorf("%v; bob has %d", no, f.with("bob"))
	}
	if _, other := f.give("sue", ids[45:55], "bob"); other != nil {
		t.Errorf("a colleague: %v", other)
	}

	f.store.Close() // a restart frees nobody
	now := f.clock()
	f = floorAt(t, path)
	f.pass(now.Sub(f.clock()))
	f.rule(limited)
	if _, again := f.give("sam", ids[55:65], "bob"); again == nil || again.Left != 5 || !again.Free.Equal(no.Free) {
		t.Errorf("after a restart: %+v", again)
	}
	f.pass(no.Free.Sub(f.clock()) - time.Second)
	if _, early := f.give("sam", ids[55:65], "bob"); early == nil {
		t.Error("a second too early")
	}
	f.pass(time.Second)
	if moved, late := f.give("sam", ids[55:65], "bob"); late != nil || moved.Moved != 10 {
		t.Errorf("when it is free again: %v", late)
	}
}

// A command that is refused, or fails, counts for nothing.
func TestALimitCountsWhatIsDone(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.rule(limited)
	for _, number := range []string{"01 99 00 12 34", "01 99 00 12 35"} {
		if err := f.desk.Oppose(context.Background(), as("sam"), Objection{Number: number, Motive: "asked"}); err != nil {
			t.Fatal(err)
		}
	}
	lift := func(number, motive string) error {
		return f.desk.Lift(context.Background(), as("sam"), Objection{Number: number, Motive: motive})
	}
	if err := lift("01 99 00 12 34", ""); err == nil {
		t.Error("without a motive")
	}
	if err := lift("01 99 00 99 99", "mistaken"); err == nil {
		t.Error("nothing to lift")
	}
	if err := lift("01 99 00 12 34", "mistaken"); err != nil {
		t.Error(err)
	}
	no, spent := errors.AsType[*Spent](lift("01 99 00 12 35", "mistaken"))
	if !spent || no.Limit.Command != policy.CommandLift || no.Free.IsZero() {
		t.Errorf("a second one: %+v", no)
	}
}

// In no sixty minutes is more done than the limit, and what may be done later
// may be done then.
func TestSpendingIsThatOfTheNaiveCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		perHour := rapid.IntRange(1, 12).Draw(t, "per hour")
		type done struct {
			at      time.Time
			records int
		}
		var all []done
		lastHour := func(at time.Time) (n int) {
			for _, d := range all {
				if at.Sub(d.at) < time.Hour {
					n += d.records
				}
			}
			return n
		}
		var s spending
		now := time.Unix(1_800_000_000, 0)
		for range rapid.IntRange(1, 40).Draw(t, "commands") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "seconds")) * time.Second)
			records := rapid.IntRange(1, perHour).Draw(t, "records")
			s = s.at(minuteOf(now))
			if s.sum()+records <= perHour {
				s, all = s.with(minuteOf(now), records), append(all, done{now, records})
				if n := lastHour(now); n > perHour {
					t.Fatalf("%d within an hour, %d are allowed", n, perHour)
				}
				continue
			}
			free := time.Unix(s.free(minuteOf(now), records, perHour)*60, 0)
			if n := s.at(minuteOf(free)).sum(); n+records > perHour {
				t.Fatalf("free at %s, and %d are spent", free, n)
			}
			if early := free.Add(-2 * time.Minute); early.After(now) && lastHour(early)+records <= perHour {
				t.Fatalf("free at %s, but two minutes before there was room", free)
			}
		}
		if len(s.Minutes) > hourOfMinutes+1 {
			t.Fatalf("%d minutes are kept", len(s.Minutes))
		}
	})
}

// Whoever gives which command when, each person of a limited role is kept to its
// limit and to no other's, and what the limit leaves is taken.
func TestLimitsAreThoseOfTheNaiveCount(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	commands := []policy.Command{policy.CommandReassign, policy.CommandLift}
	rapid.Check(t, func(rt *rapid.T) {
		most, text := map[policy.Command]int{}, "\nlimits:\n  - {role: caller, command: discard, per_hour: 1}\n"
		for _, what := range commands {
			if most[what] = rapid.IntRange(0, 9).Draw(rt, "per hour"); most[what] > 0 {
				text += fmt.Sprintf("  - {role: supervisor, command: %s, per_hour: %d}\n", what, most[what])
			}
		}
		f.rule(text)
		type given struct {
			who  bridge.PersonID
			what policy.Command
			at   time.Time
		}
		var done []given
		err := f.store.Commit(context.Background(), func(tx *store.Tx) error {
			if err := spendings.Drop(tx); err != nil {
				return err
			}
			done = nil
			now := time.Unix(1_800_000_000, 0)
			for range rapid.IntRange(1, 40).Draw(rt, "commands") {
				now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 59, 60, 600, 1741, 1799, 1800, 3541, 3599, 3600, 3660}).Draw(rt, "seconds")) * time.Second)
				g := given{rapid.SampledFrom([]bridge.PersonID{"sam", "sam", "sue", "alice"}).Draw(rt, "who"), rapid.SampledFrom(commands).Draw(rt, "what"), now}
				n := rapid.IntRange(1, 9).Draw(rt, "records")
				hour, more := 0, 0 // what was done within an hour, and within the minute before it
				for _, d := range done {
					switch age := now.Sub(d.at); {
					case d.who != g.who || d.what != g.what:
					case age < time.Hour:
						hour++
					case age < time.Hour+time.Minute:
						more++
					}
				}
				c := f.desk.begin(tx, as(g.who))
				c.now = now
				err := c.spend(g.what, n)
				bound := most[g.what] > 0 && g.who != "alice"
				if tight := bound && hour+n > most[g.what]; tight != (err != nil) && (tight || !bound || hour+more+n <= most[g.what]) {
					rt.Fatalf("%s %s %d at %s, after %d: %v\n%s", g.who, g.what, n, now, hour, err, text)
				}
				for range n {
					if err == nil {
						done = append(done, g)
					}
				}
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}
