package e2e

import (
	"slices"
	"strings"

	"passerelle/internal/bridge"
)

// judge compares the CRM's database with what must be there: each effect once,
// in order, only permitted fields, only validated appointments.
func (j *job) judge() {
	j.t.Helper()
	got := j.world.held()
	j.judgeCalls(got)
	j.judgeRecords(got)
	j.judgeMeetings(got)
	cards := j.pushes.String()
	if !strings.Contains(cards, jobName(7)) {
		j.t.Error("no cards were pushed")
	}
	for _, canary := range []string{jobRevenue, jobSecret, jobStructure} {
		if strings.Contains(cards, canary) {
			j.t.Errorf("%s reached the platform", canary)
		}
		if strings.Contains(j.hub.log.String(), canary) {
			j.t.Errorf("%s stands in the log", canary)
		}
	}
	if j.world.crm != nil {
		j.judgeRequests()
	}
	j.t.Logf("%d calls and %d appointments in the CRM; requests: %v", len(got.calls), len(got.meetings), j.moods.met)
}

// judgeRequests looks at what the CRM was asked for, and that it did its worst.
func (j *job) judgeRequests() {
	j.t.Helper()
	for _, name := range j.world.asked() {
		if slices.Contains(j.world.closed, name) {
			j.t.Errorf("the CRM was asked for %s, which nobody may read", name)
		}
	}
	for _, mood := range []string{"throttled", "unavailable", "request lost", "answer lost"} {
		if j.moods.met[mood] == 0 {
			j.t.Errorf("no request was met by %q: the job proves less than it says", mood)
		}
	}
}

func (j *job) judgeCalls(got held) {
	j.t.Helper()
	byProspect := map[string][]heldCall{}
	for _, c := range got.calls {
		byProspect[c.prospect] = append(byProspect[c.prospect], c)
	}
	if len(got.calls) != jobProspects*jobCalls {
		j.t.Errorf("%d calls in the CRM, want %d", len(got.calls), jobProspects*jobCalls)
	}
	for n, id := range j.world.ids {
		calls := byProspect[id]
		if len(calls) != jobCalls {
			j.t.Errorf("prospect %d has %d calls", n, len(calls))
			continue
		}
		for k, c := range calls {
			want := bridge.Operation("crm.main", "phoning.dial\x00"+jobEvent(n, k), bridge.WriteActivity, 0)
			if c.operation != string(want) || !strings.Contains(c.note, jobEvent(n, k)) {
				j.t.Errorf("prospect %d: call %d is %+v, want operation %s", n, k, c, want)
			}
		}
	}
}

func (j *job) judgeRecords(got held) {
	j.t.Helper()
	for n, id := range j.world.ids {
		info, _ := bridge.Disposition(lastDisposition(n)).Info()
		want := heldRecord{
			comment: jobComment(n, jobCalls-1), status: j.world.status(info.Status), revenue: jobRevenue, secret: jobSecret, structure: jobStructure,
			barred: lastDisposition(n) == "opt_out",
		}
		have := got.records[id]
		have.revenue = strings.TrimSuffix(have.revenue, ".00000000")
		if have != want {
			j.t.Errorf("prospect %d is %+v, want %+v", n, have, want)
		}
	}
}

func (j *job) judgeMeetings(got held) {
	j.t.Helper()
	seen := map[string]int{}
	for _, m := range got.meetings {
		seen[m.id]++
		want := j.meetings[m.id]
		switch {
		case want == nil:
			j.t.Errorf("appointment %s is in the CRM and nobody validated it", m.id)
		case want.cancelled == m.live:
			j.t.Errorf("appointment %s: cancelled %v, but it stands: %v", m.id, want.cancelled, m.live)
		case m.live && (!m.start.Equal(want.start) || m.user != j.world.vera || m.prospect != j.world.ids[want.n]):
			j.t.Errorf("appointment %+v, want %+v", m, want)
		}
	}
	for id, want := range j.meetings {
		if seen[id] > 1 || seen[id] == 0 && !want.cancelled {
			j.t.Errorf("appointment %s (%+v) is in the CRM %d times", id, want, seen[id])
		}
	}
}
