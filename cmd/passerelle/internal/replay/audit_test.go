package replay

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
)

// world is the files of a good replay of two prospects: one not reached at
// first who then said no, one who said yes.
var world = map[string]string{
	cardsFile: `{"prospect_id":"1","role":"caller","policy":"p","fields":{"prospect.phone":"1"}}
{"prospect_id":"2","role":"caller","policy":"p","fields":{"prospect.phone":"2"}}
`,
	postedFile: `{"event_id":"a","prospect_id":"1","attempt":1,"at":"2008-05-04T09:01:01+02:00","duration_s":0,"disposition":"no_answer","caller":"ann","sent":"2026-01-01T00:00:00Z","ack_ms":1}
{"event_id":"b","prospect_id":"1","attempt":2,"at":"2008-05-05T09:01:01+02:00","duration_s":60,"disposition":"not_interested","caller":"bob","sent":"2026-01-01T00:00:01Z","ack_ms":3,"refused":[{"field":"account.status","reason":"no"}]}
{"event_id":"c","prospect_id":"2","attempt":1,"at":"2008-05-05T09:02:02+02:00","duration_s":90,"disposition":"appointment_set","caller":"ann","sent":"2026-01-01T00:00:01.998Z","ack_ms":2}
`,
	activitiesFile: `operation_id,prospect_id,attempt,at,duration_s,disposition,caller,note
OP1,1,1,2008-05-04T07:01:01Z,0,no_answer,ann,
OP3,2,1,2008-05-05T07:02:02Z,90,appointment_set,ann,
OP2,1,2,2008-05-05T07:01:01Z,60,not_interested,bob,
`,
	appointmentsFile: `id,prospect_id,start_local,zone,salesperson,validated_by
M2,2,2008-05-06T09:00:00,Europe/Paris,agence,sue
`,
	prospectsFile: "id,first_name,last_name,phone,age,job,marital,education,default,balance,housing,loan,contact,pdays,previous,poutcome,last_disposition,attempts,prospect_status\n" +
		"1,Alice,Barbier,01 99 00 00 00,,,,,,,,,,,,,not_interested,2,not_interested\n" +
		"2,Antoine,Benoist,01 99 00 00 01,,,,,,,,,,,,,appointment_set,1,appointment\n",
	"crm/agence.ics": "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:M2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
}

func newAudit(t *testing.T, change map[string][2]string) *audit {
	t.Helper()
	dir := folder(t.TempDir())
	if err := os.Mkdir(dir.path("crm"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range world {
		if c, ok := change[name]; ok {
			changed := strings.Replace(text, c[0], c[1], 1)
			if changed == text {
				t.Fatalf("%s: nothing to change", name)
			}
			text = changed
		}
		if err := os.WriteFile(filepath.FromSlash(dir.path(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	empty := make([]string, len(crmColumns))
	rows := []row{
		{n: 1, cells: empty, calls: 2, talkS: 60},
		{n: 2, cells: empty, calls: 1, talkS: 90, yes: true, slot: slot{time.Date(2008, 5, 6, 9, 0, 0, 0, time.UTC), "agence"}},
	}
	return &audit{dir: dir, rows: rows, cast: &cast{zone: zone, supervisor: "sue", catalog: bridge.Standard()}, report: &Report{}}
}

func TestAuditOfAGoodReplay(t *testing.T) {
	t.Parallel()
	a := newAudit(t, nil)
	if err := a.run(); err != nil {
		t.Fatal(err)
	}
	if len(a.findings) > 0 {
		t.Error(a.findings)
	}
	r := a.report
	if r.Prospects != 2 || r.Calls != 3 || r.Appointments != 1 || r.Lost != 0 || r.Doubled != 0 || r.PolicyHash != "p" {
		t.Errorf("%+v", r)
	}
	if want := (Quantiles{P50: 2, P95: 3, P99: 3}); r.AckMS != want || r.CallsPerS != 1.5 {
		t.Errorf("%+v, %v calls/s", r.AckMS, r.CallsPerS)
	}
	if want := []Refused{{"account.status", "no", 1}}; !slices.Equal(r.Refused, want) {
		t.Errorf("refused: %v", r.Refused)
	}
}

func TestAuditFinds(t *testing.T) {
	t.Parallel()
	const op2 = "OP2,1,2,2008-05-05T07:01:01Z,60,not_interested,bob,\n"
	for _, c := range []struct {
		name, file, old, new string
		lost, doubled        int
		want                 string
	}{
		{"a call is missing", activitiesFile, op2, "", 1, 0, "attempt 2 of prospect 1 is missing"},
		{"a call stands twice", activitiesFile, op2, op2 + op2, 0, 1, "operation OP2 stands twice"},
		{"a call stands twice under another operation", activitiesFile, op2, op2 + strings.Replace(op2, "OP2", "OP9", 1), 0, 1, "stands twice"},
		{"another caller", activitiesFile, "bob", "ann", 1, 1, "is missing"},
		{"another duration", activitiesFile, ",60,", ",61,", 1, 1, "is missing"},
		{"out of order", activitiesFile, "OP1,1,1,2008-05-04T07:01:01Z,0,no_answer,ann,\n", "", 1, 0, "attempt 2 of prospect 1 stands in place 1"},
		{"the bank's column was changed", prospectsFile, "Barbier", "Barbié", 0, 0, "column last_name of prospect 1"},
		{"attempts miscounted", prospectsFile, "not_interested,2", "not_interested,1", 0, 0, "column attempts of prospect 1"},
		{"a prospect is missing", prospectsFile, "2,Antoine,Benoist,01 99 00 00 01,,,,,,,,,,,,,appointment_set,1,appointment\n", "", 0, 0, "1 prospects, want 2"},
		{"an appointment is missing", appointmentsFile, "M2,2,2008-05-06T09:00:00,Europe/Paris,agence,sue\n", "", 1, 0, "prospect 2 has no appointment"},
		{"an appointment of nobody", appointmentsFile, "M2,2,", "M2,1,", 1, 1, "prospect 1 has an appointment too many"},
		{"an hour off", appointmentsFile, "T09:00", "T10:00", 0, 0, "is not the one agreed"},
		{"validated by a caller", appointmentsFile, "sue", "ann", 0, 0, "not validated by sue"},
		{"not in the calendar", "crm/agence.ics", "UID:M2\r\n", "", 0, 0, "the calendars hold 0 appointments"},
		{"another event in the calendar", "crm/agence.ics", "UID:M2", "UID:M3", 0, 0, "the calendars hold"},
		{"no card", cardsFile, `{"prospect_id":"2","role":"caller","policy":"p","fields":{"prospect.phone":"2"}}`, "", 0, 0, "1 prospects, want 2"},
		{"two cards", cardsFile, `"2"`, `"1"`, 0, 0, "second line"},
		{"another policy", cardsFile, `"policy":"p","fields":{"prospect.phone":"2"`, `"policy":"q","fields":{"prospect.phone":"2"`, 0, 0, "another policy"},
		{"a financial card", cardsFile, "prospect.phone", "account.revenue", 0, 0, "holds account.revenue"},
		{"a card with a field that is none", cardsFile, "prospect.phone", "prospect.x_what", 0, 0, "holds prospect.x_what"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAudit(t, map[string][2]string{c.file: {c.old, c.new}})
			if err := a.run(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(a.findings, "\n"), c.want) {
				t.Errorf("found %q, want %q", a.findings, c.want)
			}
			if a.report.Lost != c.lost || a.report.Doubled != c.doubled {
				t.Errorf("lost %d, doubled %d, want %d and %d", a.report.Lost, a.report.Doubled, c.lost, c.doubled)
			}
		})
	}
}
