package dolibarr

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// What is sent of a text passes Dolibarr's cleaning unchanged, so that what is
// read back is what was sent.
func TestTextsPassTheCleaning(t *testing.T) {
	t.Parallel()
	o := openTo(t, "", fields)
	text := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune(`<>&"'\/. #;=xu0159abonclick`+"\n\t\u200d📞é")), rapid.Rune()))
	rapid.Check(t, func(rt *rapid.T) {
		raw := strings.ToValidUTF8(text.Draw(rt, "text"), "")
		raw = strings.Map(func(r rune) rune {
			if r < ' ' && r != '\n' && r != '\t' {
				return -1
			}
			return r
		}, raw)
		for property, f := range map[string]form{"name": formPlain, "address": formStrict, "note_private": formRich} {
			sent := f.write(raw)
			if sent == "" || length(f, sent) > 100 {
				continue
			}
			if _, err := o.patch(t.Context(), "dolibarr: test", "1", map[string]any{property: sent}); err != nil {
				rt.Fatalf("%s: %q refused: %v", property, sent, err)
			}
			if got := o.crm.Party(1)[property]; got != sent {
				rt.Fatalf("%s: sent %q, the CRM holds %q", property, sent, got)
			}
			if again := f.write(f.read(sent)); again != sent {
				rt.Fatalf("%s: read and written again %q, was %q", property, again, sent)
			}
		}
	})
}

// These were seen on a running 22.0.4: what was sent, and what it held then.
func TestWhatDolibarrMakesOfTexts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		form       form
		text, sent string
	}{
		{formPlain, `L'"échéance" d'\avril\; %s & co`, `L'"échéance" d'\avril\; %s & co`},
		{formStrict, `L'"échéance"`, `L'”échéance”`},
		{formRich, `a & b <5 > 3 "x"  y`, `a &amp; b &lt;5 &gt; 3 "x"  y`},
		{formRich, "première ligne\ndeuxième ligne", "première ligne\ndeuxième ligne"},
		{formPlain, "a  b   c", "a b c"},
		{formPlain, "&eacute; &#233; &quot; Tom&Jerry;", "＆eacute; ＆#233; ＆quot; Tom＆Jerry;"},
		{formStrict, `../x \x41 \n`, `…/x ＼x41 \n`},
		{formRich, "onclick=3, raison=5", "onclick＝3, raison=5"},
		{formRich, "à rappeler 📞", "à rappeler □"},
		{formRich, "a\u200db\ufeff", "ab"},
	} {
		if got := tc.form.write(tc.text); got != tc.sent {
			t.Errorf("%q as %d: %q, want %q", tc.text, tc.form, got, tc.sent)
		}
	}
	if got := formRich.read("a &amp; b &lt;5"); got != "a & b <5" {
		t.Errorf("a note reads %q", got)
	}
	if got := formRich.read("<p>un &amp; deux</p>"); got != "<p>un &amp; deux</p>" {
		t.Errorf("a note with tags reads %q", got)
	}
}

func valuesMapper(t *testing.T) mapper {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := bridge.Standard().With(
		bridge.FieldDef{Name: "prospect.x_day", Type: bridge.Date}, bridge.FieldDef{Name: "prospect.x_at", Type: bridge.DateTime},
		bridge.FieldDef{Name: "prospect.x_number", Type: bridge.Integer}, bridge.FieldDef{Name: "prospect.x_yes", Type: bridge.Boolean},
	)
	if err != nil {
		t.Fatal(err)
	}
	return mapper{
		fields: connector.FieldMap{
			"prospect.x_day": "options_day", "prospect.x_at": "options_at", "prospect.x_number": "options_n", "prospect.x_yes": "options_yes",
			bridge.FieldStatus: propStatus, bridge.FieldDoNotCall: propOpposed, "account.name": "name", "account.registration": "capital", "prospect.comment": "note_private", bridge.FieldPhone: "phone",
		},
		catalog: catalog, zone: paris,
		settings: settings{Statuses: map[string][]string{"-1": {"do_not_call"}, "2": {"attempted", "callback"}}},
	}
}

func TestValuesRead(t *testing.T) {
	t.Parallel()
	m := valuesMapper(t)
	for _, tc := range []struct {
		name  bridge.FieldName
		held  any
		value bridge.Value
	}{
		{"prospect.x_day", json.Number("1798671600"), "2026-12-31"}, // midnight in Paris
		{"prospect.x_at", json.Number("1798671600"), "2026-12-30T23:00:00Z"},
		{"prospect.x_day", "", ""},
		{"prospect.x_number", "12.000", "12"},
		{"prospect.x_yes", "1", "true"},
		{"prospect.x_yes", nil, ""},
		{bridge.FieldStatus, "2", "attempted"},
		{bridge.FieldStatus, "77", "77"},
		{bridge.FieldDoNotCall, "-1", "true"},
		{bridge.FieldDoNotCall, "0", "false"},
		{"prospect.comment", "a &amp; b", "a & b"},
		{"account.registration", "1000.50000000", "1000.5"},
	} {
		if got := m.value(tc.name, tc.held); got != tc.value {
			t.Errorf("%s of %v: %q, want %q", tc.name, tc.held, got, tc.value)
		}
	}
}

func TestValuesSent(t *testing.T) {
	t.Parallel()
	m := valuesMapper(t)
	for _, tc := range []struct {
		name  bridge.FieldName
		value bridge.Value
		sent  string // "" is refused
	}{
		{"prospect.x_at", "2026-12-30T23:00:00Z", "2026-12-31 00:00:00"},
		{"prospect.x_yes", "false", "0"},
		{bridge.FieldStatus, "callback", "2"},
		{bridge.FieldStatus, "77", ""},
		{bridge.FieldDoNotCall, "true", "-1"},
		{bridge.FieldDoNotCall, "false", ""},
		{"account.name", "", ""},
		{"account.name", "Tom <b>", ""},
		{bridge.FieldPhone, "01234567890123456789012345678901", ""},
	} {
		got, err := m.send("dolibarr: test", tc.name, tc.value)
		if got != tc.sent || (err == nil) != (tc.sent != "") {
			t.Errorf("%s %q: sent %q, %v", tc.name, tc.value, got, err)
		}
		if err != nil && (fault.Of(err).Kind != fault.Rejected || tc.value != "" && strings.Contains(err.Error(), string(tc.value))) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if !m.holds(bridge.FieldStatus, "2", "callback") || m.holds(bridge.FieldStatus, "3", "callback") {
		t.Error("two words for one status are not the same")
	}
}

func TestCursor(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	// The clocks go back at 01:00 UTC. A change at 02:50 summer time is followed
	// by one at 02:10 winter time, which the server spells as if it were earlier.
	before := time.Date(2026, 10, 25, 0, 50, 0, 0, time.UTC)
	p := place{Since: before.Unix(), Done: before.Unix(), Count: 5}
	spelled := p.from(before.Add(20*time.Minute), paris).In(paris).Format(time.DateTime)
	if spelled > "2026-10-25 02:10:00" {
		t.Errorf("the reading goes on from %s and misses a change", spelled)
	}
	if got := p.from(before.Add(time.Minute), paris); !got.Equal(before.Add(-overlap)) {
		t.Errorf("from %v", got)
	}
	for _, tc := range []struct {
		after    time.Duration
		count    int64
		category bool
		due      bool
	}{
		{0, 5, true, false}, {0, 6, true, true}, {0, 4, true, true}, {0, 6, false, false}, {0, 4, false, true}, {6 * time.Hour, 5, true, true},
	} {
		if got := p.due(before.Add(tc.after), 6*time.Hour, tc.count, tc.category); got != tc.due {
			t.Errorf("%+v: due %v", tc, got)
		}
	}
	if _, further := (place{Since: 10, After: 3}).next(3, 10); further {
		t.Error("the same record again is taken for progress")
	}
	if _, err := parsePlace("not ours"); err == nil {
		t.Error("a foreign cursor was taken")
	}
}

func FuzzPlace(f *testing.F) {
	f.Add(`{"full":true,"after":12,"since":1795317230,"under":true}`)
	f.Add(`{}`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := parsePlace(cursor)
		if err != nil {
			return
		}
		if again, err := parsePlace(p.String()); err != nil || again != p {
			t.Errorf("%q became %+v, %v", cursor, again, err)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(`{"id":"1","array_options":{"options_a":1798671600},"stcomm_id":null}`)
	f.Add(`{"array_options":[],"datep":"x","userassigned":{"4":{"id":"4"}}}`)
	f.Add(`{"id":1e99,"label":{}}`)
	m := mapper{fields: connector.FieldMap{"prospect.comment": "options_a", bridge.FieldStatus: propStatus}, catalog: bridge.Standard(), zone: time.UTC}
	f.Fuzz(func(_ *testing.T, raw string) {
		decoder := json.NewDecoder(strings.NewReader(raw))
		decoder.UseNumber()
		var rec record
		if decoder.Decode(&rec) != nil {
			return
		}
		m.pick(rec, []bridge.FieldName{"prospect.comment", bridge.FieldStatus})
		held(rec)
		busyOf(rec, time.Time{}, time.Now())
		handOver(map[string]any{}, rec, "3")
	})
}

func FuzzRefusal(f *testing.F) {
	f.Add(404, `{"error":{"code":404,"message":"Not Found: No prospects found"},"debug":{}}`)
	f.Add(500, `{"error":{"code":500,"message":"Internal Server Error: Error creating event","0":"ErrorActionCommBadType"}}`)
	f.Add(501, "API not found (failed to include API file)")
	f.Fuzz(func(t *testing.T, status int, body string) {
		said := refusalOf(&http.Response{StatusCode: status, Status: http.StatusText(status), Body: http.NoBody})
		err := fault.New(fault.Unavailable, "dolibarr: test", nil)
		said.message, said.detail = body, body
		if judged := fault.Of(said.judge(err)); judged == nil || judged.Kind == "" {
			t.Errorf("%d %q has no kind", status, body)
		}
	})
}
