package chaos

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"passerelle/internal/bridge"
)

// findings collects what is wrong, and shows the first of them.
type findings struct {
	t    *testing.T
	n    int
	most int
}

func (f *findings) add(format string, args ...any) {
	f.n++
	if f.n <= f.most {
		f.t.Errorf(format, args...)
	}
}

func (f *findings) end() {
	if f.n > f.most {
		f.t.Errorf("and %d more", f.n-f.most)
	}
}

// verify compares what was acknowledged with what the CRM holds.
func verify(t *testing.T, calls [prospects][]call, validated []proposal, got content) {
	t.Helper()
	f := &findings{t: t, most: 25}
	defer f.end()
	byProspect := map[string][]activity{}
	operations := map[string]int{}
	for _, a := range got.activities {
		byProspect[a.prospect] = append(byProspect[a.prospect], a)
		operations[a.operation]++
	}
	for op, n := range operations {
		if n > 1 {
			f.add("operation %s is in the CRM %d times", op, n)
		}
	}
	for i, acked := range calls {
		id := fmt.Sprint(i)
		f.history(id, acked, byProspect[id], got.shuffled[id])
		f.fields(id, acked, got.prospects[id])
		delete(byProspect, id)
	}
	for id, strange := range byProspect {
		f.add("prospect %s, of whom no call was reported, has %d", id, len(strange))
	}
	f.appointments(validated, got.appointments)
}

// history compares a prospect's calls, in order unless the CRM itself lied.
func (f *findings) history(id string, acked []call, got []activity, shuffled bool) {
	want := make([]activity, len(acked))
	for n, c := range acked {
		op := bridge.Operation("crm.main", "phoning.dial\x00"+c.event, bridge.WriteActivity, 0)
		want[n] = activity{string(op), id, fmt.Sprint(n + 1), string(c.disposition), c.event}
	}
	count := map[activity]int{}
	for _, a := range got {
		count[a]++
	}
	for _, a := range want {
		switch count[a] {
		case 0:
			f.add("prospect %s: %s was acknowledged and is not in the CRM as it should be: %+v", id, a.note, a)
		case 1:
		default:
			f.add("prospect %s: %s is in the CRM %d times", id, a.note, count[a])
		}
		delete(count, a)
	}
	for a := range count {
		f.add("prospect %s: the CRM holds what nobody reported: %+v", id, a)
	}
	if !shuffled && len(got) == len(want) && !slices.Equal(got, want) {
		f.add("prospect %s: %d calls out of order: %v", id, len(got), notes(got))
	}
}

func notes(all []activity) []string {
	out := make([]string, len(all))
	for i, a := range all {
		out[i] = a.note
	}
	return out
}

// fields compares a prospect's fields with the last values reported.
func (f *findings) fields(id string, acked []call, got map[string]string) {
	want := map[string]string{"comment": "", "status": "", "attempts": "", "last": ""}
	for _, c := range acked {
		if c.comment != "" {
			want["comment"] = c.comment
		}
		info, _ := c.disposition.Info()
		want["status"], want["last"] = info.Status, string(c.disposition)
		want["attempts"] = fmt.Sprint(len(acked))
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if got[name] != want[name] {
			f.add("prospect %s: its %s is %q in the CRM, the last reported was %q", id, name, got[name], want[name])
		}
	}
}

func (f *findings) appointments(validated []proposal, got []appointment) {
	count := map[string]int{}
	for _, m := range got {
		count[m.id]++
		if m.validatedBy != "sam" {
			f.add("appointment %s was validated by %q", m.id, m.validatedBy)
		}
	}
	for _, p := range validated {
		if count[p.Meeting.ID] != 1 {
			f.add("proposal %s (%s) is %s and its appointment is in the CRM %d times", p.ID, p.Meeting.Note, p.State, count[p.Meeting.ID])
		}
		delete(count, p.Meeting.ID)
	}
	for id := range count {
		f.add("appointment %s is in the CRM and nobody validated it", id)
	}
}

// verifyLedger has the program check the chain that the hub left.
func verifyLedger(t *testing.T, bin, dir string) {
	t.Helper()
	out, err := exec.Command(bin, "--config", filepath.Join(dir, "passerelle.yaml"), "ledger", "verify").CombinedOutput()
	if err != nil {
		t.Errorf("ledger verify: %v\n%s", err, out)
	}
}
