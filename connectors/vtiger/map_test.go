package vtiger

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/fault"
)

func TestSelection(t *testing.T) {
	t.Parallel()
	const more = "id > '10x5'"
	for text, want := range map[string]string{
		"":                        more,
		"Leads:":                  more,
		"leadstatus = 'Hot'":      "leadstatus = 'Hot' AND " + more,
		"Leads: leadstatus='Hot'": "leadstatus = 'Hot' AND " + more,
		"city != 'L''Isle' and annualrevenue >= 12.5": "city != 'L''Isle' AND annualrevenue >= 12.5 AND " + more,
		"a = 'x' OR b = 'y' AND c like '%z%'":         "a = 'x' AND " + more + " OR b = 'y' AND c like '%z%' AND " + more,
		"assigned_user_id in ('19x5', '19x6')":        "assigned_user_id in ('19x5','19x6') AND " + more,
	} {
		s, err := parseSelection(text)
		if got := s.with(more); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, bad := range []string{
		"leadstatus", "leadstatus = Hot", "leadstatus = 'Hot", "leadstatus = 'Hot';", "(a = 'x')", "a = 'x' b = 'y'", "a = 'x' AND",
		"a in 'x'", "a in ('x'", "a in ('x' 'y')", "a in ('x',)", "a in ()", "a = 'x' LIMIT 5", "campaign: Printemps", `a = 'x\'`, "a ~ 'x'", "1a = 'x'",
	} {
		if s, err := parseSelection(bad); err == nil {
			t.Errorf("%s: taken as %+v", bad, s)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		code, message string
		write         bool
		want          fault.Error
		says          string
	}{
		{"ACCESS_DENIED", wordsHidden, true, fault.Error{Kind: fault.Rejected}, wordsHidden},
		{"ACCESS_DENIED", "Permission to access '.annualrevenue.' attribute denied.", false, fault.Error{Kind: fault.Unavailable}, "annualrevenue"},
		{"ACCESS_DENIED", "Permission to access annualrevenue attribute denied.", false, fault.Error{Kind: fault.Unavailable}, "annualrevenue"},
		{"MANDATORY_FIELDS_MISSING", "lastname does not have a value", true, fault.Error{Kind: fault.Rejected}, "lastname does not"},
		{"MANDATORY_FIELDS_MISSING", "Jeanne Canari does not have a value", true, fault.Error{Kind: fault.Rejected}, "MANDATORY_FIELDS_MISSING"},
		{"RECORD_NOT_FOUND", "Record you are trying to access is not found", true, fault.Error{Kind: fault.Rejected, NoRecord: true}, "not found"},
		{"LEAD_ALREADY_CONVERTED", "Lead is already converted", true, fault.Error{Kind: fault.Rejected, NoRecord: true}, "LEAD_ALREADY_CONVERTED"},
		{"DATABASE_QUERY_ERROR", "x", true, fault.Error{Kind: fault.Unavailable, MayHaveApplied: true}, "DATABASE_QUERY_ERROR"},
		{"DATABASE_QUERY_ERROR", "x", false, fault.Error{Kind: fault.Unavailable}, "DATABASE_QUERY_ERROR"},
		{"INVALID_USER_CREDENTIALS", "Invalid username or password", true, fault.Error{Kind: fault.Permanent}, "Invalid username"},
		{"UNKNOWN_OPERATION", "Unknown operation requested", false, fault.Error{Kind: fault.Permanent}, "UNKNOWN_OPERATION"},
		{"jeanne canari", "0612345678", true, fault.Error{Kind: fault.Rejected}, "a refusal without a code"},
	} {
		err := refused("vtiger: test", tc.code, tc.message, tc.write)
		f := fault.Of(err)
		got := fault.Error{Kind: f.Kind, MayHaveApplied: f.MayHaveApplied, NoRecord: f.NoRecord}
		if got != tc.want || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "anari") || strings.Contains(err.Error(), "0612") {
			t.Errorf("%s %s: %+v %v", tc.code, tc.message, got, err)
		}
	}
	gone := ofRecord(refused("vtiger: test", "ACCESS_DENIED", wordsGone, true))
	if f := fault.Of(gone); !f.NoRecord || f.Kind != fault.Rejected {
		t.Errorf("gone: %+v", f)
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	marks := []string{"meeting-1", "AAAAAA", "BBBBBB", "CCCCCC", "DDDDDD", "EEEEEE", "FFFFFF", "GGGGGG", "HHHHHH", "IIIIII", "JJJJJJ"}
	kept := append([]string{"meeting-1"}, marks[3:]...)
	for _, field := range []string{description, "cf_951"} {
		for _, text := range []string{"", "Rappeler.\n\n[note]", "a\r\nb"} {
			c := &conn{settings: settings{Operation: field}}
			element := record{}
			c.mark(element, text, marks)
			if d := cmp.Diff(kept, c.marks(element)); d != "" {
				t.Errorf("%s %q:\n%s", field, text, d)
			}
			if got := unmarked(element[description]); got != text || len(element[field]) > 255 && field != description {
				t.Errorf("%s: %q, want %q", field, got, text)
			}
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	twice := time.Date(2026, 10, 25, 2, 30, 0, 0, time.FixedZone("", 2*3600)) // on the walls of Paris
	for n, zone := range []*time.Location{time.UTC, time.UTC, paris, paris} {
		joined := n%2 == 1
		m := &module{fields: map[string]field{}, zone: zone}
		if joined {
			m.fields["dtstart"] = field{}
		}
		for _, start := range []time.Time{
			time.Date(2026, 3, 29, 0, 59, 58, 0, time.UTC), time.Date(2026, 12, 31, 23, 45, 0, 0, time.UTC),
			twice, time.Date(2026, 7, 1, 1, 0, 0, 0, time.FixedZone("", 4*3600)),
		} {
			for _, length := range []time.Duration{0, 61 * time.Second, 45 * time.Minute, 26 * time.Hour} {
				if zone == paris && start.Equal(twice) {
					continue
				}
				rec := record{}
				m.span(rec, start, length)
				from, to, ok := m.spanOf(rec)
				if !ok || !from.Equal(start) || to.Sub(from) != length {
					t.Errorf("%v %v: from %v to %v of %v", start, length, from, to, rec)
				}
			}
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	m := mapper{catalog: bridge.Standard(), zone: time.UTC}
	for _, tc := range []struct {
		name bridge.FieldName
		held string
		want bridge.Value
		sent string
	}{
		{"account.revenue", "777.00000000", "777", "777"},
		{"account.headcount", "0", "0", "0"},
		{"account.headcount", "12.000", "12", "12"},
		{bridge.FieldDoNotCall, "1", "true", "1"},
		{bridge.FieldDoNotCall, "0", "false", "0"},
		{"prospect.email", "A@B.example ", "a@b.example", "a@b.example"},
		{bridge.FieldStart, "2026-11-22 03:28:47", "2026-11-22T03:28:47Z", "2026-11-22 03:28:47"},
		{"prospect.name", " Été ", "Été", "Été"},
		{"account.headcount", "many", "many", "many"},
	} {
		got := m.value(tc.name, tc.held)
		if sent := m.text(tc.name, got); got != tc.want || sent != tc.sent {
			t.Errorf("%s %q: %q, sent %q", tc.name, tc.held, got, sent)
		}
	}
	for text, want := range map[string]string{"Dupont & fils": "Dupont & fils", "a &amp; b": "a &amp;amp; b", "&#39;": "&amp;#39;", "R&D;": "R&amp;D;"} {
		if got := sheltered(text); got != want {
			t.Errorf("%q is sheltered as %q", text, got)
		}
	}
}

func FuzzSelection(f *testing.F) {
	f.Add("Leads: leadstatus = 'Hot' AND city in ('Lyon','L''Isle')")
	f.Add("campaign: 1x23")
	f.Add("a='x' or b like '%'")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSelection(text)
		if err != nil {
			return
		}
		again, err := parseSelection(s.with(""))
		if err != nil || again.with("id = '1x1'") != s.with("id = '1x1'") {
			t.Errorf("%q became %q: %v", text, s.with(""), err)
		}
		if strings.ContainsAny(s.with(""), ";\\") && !strings.Contains(text, "'") {
			t.Errorf("%q ends the statement: %q", text, s.with(""))
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"success":true,"result":[{"id":"10x17","phone":null,"starred":true,"n":1.50,"x":{"y":[1]}}]}`))
	f.Add([]byte(`{"success":false,"error":{"message":"Jeanne Canari does not have a value","code":"MANDATORY_FIELDS_MISSING"}}`))
	f.Add([]byte(`{"success":false}`))
	f.Add([]byte(`{"success":true,"result":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e envelope
		if json.Unmarshal(raw, &e) != nil {
			return
		}
		var rows []record
		err := e.read("vtiger: test", true, &rows)
		if err != nil && (fault.Of(err).Op != "vtiger: test" || len(err.Error()) > 300) {
			t.Errorf("%v", err)
		}
		if r, ok := errors.AsType[*refusal](err); ok && strings.ContainsAny(r.Error(), "\n\"<") {
			t.Errorf("%q", r.Error())
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(cursor{Whole: time.Unix(1, 0).UTC(), Marks: map[string]string{"Leads": "2026-11-22 03:28:47"}, Since: "x", After: "10x1"}.String())
	f.Add("e30")
	f.Fuzz(func(t *testing.T, text string) {
		at := parseCursor(text)
		if again := parseCursor(at.String()); again.String() != at.String() || at.Module < 0 || at.Skip < 0 {
			t.Errorf("%q: %+v", text, at)
		}
	})
}

func FuzzDescribe(f *testing.F) {
	f.Add([]byte(`{"name":"Leads","idPrefix":"10","fields":[{"name":"leadstatus","type":{"name":"picklist","picklistValues":[{"label":"Hot","value":"Hot"}]},"editable":true}]}`))
	f.Add([]byte(`{"fields":[{"name":"parent_id","type":{"refersTo":["Leads"],"name":"reference"}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d described
		if json.Unmarshal(raw, &d) != nil {
			return
		}
		m := d.module(time.Time{})
		for _, name := range m.order {
			if err := m.mayWrite(name, "x"); err == nil && !m.fields[name].editable {
				t.Errorf("%s may be written", name)
			}
		}
	})
}
