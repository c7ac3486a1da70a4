package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/schema"
	"passerelle/schemas"
)

// modelWindow is an access window as data, with an evaluator that is slow and
// obviously right.
type modelWindow struct {
	zone     string
	hours    map[string][]string // by day; nil: always
	networks []string            // nil: from anywhere
}

type modelException struct {
	person, until string
	modelWindow
}

func (w *modelWindow) text() string {
	var keys []string
	if w.zone != "" {
		keys = append(keys, "zone: "+w.zone)
	}
	if w.hours != nil {
		var days []string
		for day, hours := range w.hours {
			days = append(days, day+": ["+strings.Join(quoted(hours), ", ")+"]")
		}
		keys = append(keys, "hours: {"+strings.Join(days, ", ")+"}")
	}
	if w.networks != nil {
		keys = append(keys, `networks: ["`+strings.Join(w.networks, `", "`)+`"]`)
	}
	return strings.Join(keys, ", ")
}

func quoted(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, strconv.Quote(text))
	}
	return out
}

// over is the window with what the other says over it.
func (w modelWindow) over(o *modelWindow) modelWindow {
	if o == nil {
		return w
	}
	if o.zone != "" {
		w.zone = o.zone
	}
	if o.hours != nil {
		w.hours = o.hours
	}
	if o.networks != nil {
		w.networks = o.networks
	}
	return w
}

func (w modelWindow) opens(v Visit) bool {
	at := v.At.In(w.location())
	clock, day, yesterday := at.Format("15:04"), days[at.Weekday()], days[(at.Weekday()+6)%7]
	timely := w.hours == nil
	for _, hours := range w.hours[day] {
		from, to, _ := strings.Cut(hours, "-")
		timely = timely || from <= clock && (clock < to || to < from)
	}
	for _, hours := range w.hours[yesterday] {
		from, to, _ := strings.Cut(hours, "-")
		timely = timely || to < from && clock < to
	}
	near := w.networks == nil
	for _, n := range w.networks {
		near = near || netip.MustParsePrefix(n).Contains(v.From)
	}
	return timely && near
}

func (w modelWindow) location() *time.Location { return zones[w.zone] }

var zones = func() map[string]*time.Location {
	out := map[string]*time.Location{}
	for _, name := range []string{"", "Europe/Paris", "UTC", "America/New_York", "Pacific/Chatham"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		out[name] = zone
	}
	return out
}()

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

type modelWindows struct {
	general    *modelWindow
	roles      map[string]*modelWindow
	exceptions []modelException
}

func (m modelWindows) letsIn(role string, person string, v Visit) bool {
	w := modelWindow{}.over(m.general).over(m.roles[role])
	if w.opens(v) {
		return true
	}
	return slices.ContainsFunc(m.exceptions, func(e modelException) bool {
		return e.person == person && v.At.In(w.location()).Format(time.DateOnly) <= e.until && w.over(&e.modelWindow).opens(v)
	})
}

func (m modelWindows) text() []byte {
	var b strings.Builder
	b.WriteString("version: 1\n")
	if m.general != nil {
		b.WriteString("window:\n  {" + m.general.text() + ", exceptions: [")
		for _, e := range m.exceptions {
			fmt.Fprintf(&b, "{person: %s, until: %s, motive: they must, %s}, ", e.person, e.until, e.text())
		}
		b.WriteString("]}\n")
	}
	b.WriteString("roles:\n")
	for i := range 2 {
		name := fmt.Sprintf("role%d", i)
		fmt.Fprintf(&b, "  %s:\n    grants: [{on: prospect, scope: own, actions: [read]}]\n", name)
		if w := m.roles[name]; w != nil {
			fmt.Fprintf(&b, "    window: {%s}\n", w.text())
		}
	}
	b.WriteString("profiles: {phoning.console: {role0: role0, role1: role1}}\n")
	return []byte(b.String())
}

func loadText(t interface {
	Helper()
	Fatalf(string, ...any)
}, text []byte) *Policy {
	t.Helper()
	p, err := Load("policy.yaml", text, catalog)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

func drawWindow(t *rapid.T, zoned bool) *modelWindow {
	var w modelWindow
	if zoned {
		w.zone = rapid.SampledFrom([]string{"Europe/Paris", "UTC", "America/New_York", "Pacific/Chatham"}).Draw(t, "zone")
	}
	if rapid.Bool().Draw(t, "hours") {
		w.hours = map[string][]string{}
		for _, day := range rapid.SliceOfNDistinct(rapid.SampledFrom(days), 1, 4, rapid.ID).Draw(t, "days") {
			w.hours[day] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{
				"00:00-24:00", "08:00-12:30", "12:30-18:00", "22:00-06:00", "02:15-02:45", "23:59-24:00", "11:00-14:00",
			}), 1, 3, rapid.ID).Draw(t, "hours")
		}
	}
	if w.hours == nil || rapid.Bool().Draw(t, "networks") {
		w.networks = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "192.0.2.7/32", "2001:db8::/32"}), 1, 3, rapid.ID).Draw(t, "networks")
	}
	return &w
}

func drawWindows(t *rapid.T) modelWindows {
	m := modelWindows{roles: map[string]*modelWindow{}}
	if rapid.IntRange(0, 3).Draw(t, "general") > 0 {
		m.general = drawWindow(t, true)
		for range rapid.IntRange(0, 3).Draw(t, "exceptions") {
			m.exceptions = append(m.exceptions, modelException{
				person: rapid.SampledFrom([]string{"alice", "bob"}).Draw(t, "person"),
				until:  rapid.SampledFrom([]string{"2026-03-28", "2026-03-29", "2026-10-25", "2026-12-31"}).Draw(t, "until"), modelWindow: *drawWindow(t, false),
			})
		}
	}
	if rapid.Bool().Draw(t, "a role's own") {
		m.roles["role0"] = drawWindow(t, m.general == nil || rapid.Bool().Draw(t, "its own zone"))
	}
	return m
}

// drawVisit favours the weekends on which clocks are set.
func drawVisit(t *rapid.T) Visit {
	day := rapid.SampledFrom([]string{"2026-03-28", "2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-11-25", "2027-01-02"}).Draw(t, "day")
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	from := rapid.SampledFrom([]string{"10.1.2.3", "192.0.2.7", "192.0.2.8", "2001:db8::1", "2001:db9::1", ""}).Draw(t, "from")
	address, _ := netip.ParseAddr(from)
	return Visit{at.Add(time.Duration(rapid.IntRange(0, 3*dayLength).Draw(t, "minutes")) * time.Minute), address}
}

func TestWindowsAreThoseOfTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	set := schema.Must(schemas.FS)
	rapid.Check(t, func(t *rapid.T) {
		m, v := drawWindows(t), drawVisit(t)
		p := loadText(t, m.text())
		if body, err := asJSON(t, m.text()); err != nil || set.Validate("policy.v1", body) != nil {
			t.Fatalf("the schema refuses it: %v\n%s", err, m.text())
		}
		role := rapid.SampledFrom([]string{"role0", "role1", "stranger"}).Draw(t, "role")
		s := Subject{Person: "alice", Connection: "phoning.console", Profile: bridge.Profile(role)}
		shut := p.Shuts(s, v)
		if want := m.letsIn(role, "alice", v); want != (shut == nil) {
			t.Fatalf("%s from %s: let in %v, want %v\n%s", v.At, v.From, shut == nil, want, m.text())
		}
		if p.Shuts(Subject{Connection: "phoning.console", Profile: bridge.Profile(role)}, v) != nil {
			t.Fatal("a platform's list is shut")
		}
		if shut == nil {
			return
		}
		if unfilled(shut.Text("en")+shut.Text("fr")) || shut.Pos.Line == 0 {
			t.Fatalf("%s %+v", shut.Text("en"), shut)
		}
		next := shut.Next
		for at := v.At.Add(time.Minute); at.Before(v.At.Add(8 * 24 * time.Hour)); at = at.Add(time.Minute) {
			if m.letsIn(role, "alice", Visit{at, v.From}) {
				if !next.Equal(at) {
					t.Fatalf("they may come back at %s, but at %s already\n%s", next, at, m.text())
				}
				return
			}
		}
		if !next.IsZero() {
			t.Fatalf("they may come back at %s, and are refused then\n%s", next, m.text())
		}
	})
}

// The exception that an explanation names lets them in, and no part of it does.
func TestTheSmallestExceptionLetsIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, v := drawWindows(t), drawVisit(t)
		if m.general == nil {
			m.general = &modelWindow{networks: []string{"0.0.0.0/0", "::/0"}}
		}
		role := rapid.SampledFrom([]bridge.Profile{"role0", "role1", "stranger"}).Draw(t, "role")
		s := Subject{Person: "alice", Connection: "phoning.console", Profile: role}
		r := Record{Owner: rapid.SampledFrom([]bridge.PersonID{"alice", "bob"}).Draw(t, "owner")}
		p := loadText(t, m.text())
		plain, e := p.Explain(s, Read, OnObject(bridge.ProspectObj), r), p.ExplainAt(s, Read, OnObject(bridge.ProspectObj), r, v)
		in := !v.From.IsValid() || p.Shuts(s, v) == nil
		if v.From.IsValid() && e.Allowed != (plain.Allowed && in) || e.Allowed && e.Shut != nil {
			t.Fatalf("allowed %v, by rights %v, let in %v\n%s", e.Allowed, plain.Allowed, in, m.text())
		}
		if unfilled(e.Text("en") + e.Text("fr")) {
			t.Fatal(e.Text("en"))
		}
		at := slices.IndexFunc(e.Remedy, func(e Edit) bool { return e.Kind == AddException })
		if !v.From.IsValid() || at < 0 {
			return
		}
		if plain.Cause == CauseUnmapped {
			role = bridge.Profile(e.Remedy[0].Role)
		}
		x := e.Remedy[at].Exception
		full := modelException{person: "alice", until: x.Until}
		if x.Hours != "" {
			day, hours, _ := strings.Cut(x.Hours, ": ")
			full.hours = map[string][]string{day: {strings.Trim(hours, `["]`)}}
		}
		if x.Network != "" {
			full.networks = []string{x.Network}
		}
		if !m.with(full).letsIn(string(role), "alice", v) {
			t.Fatalf("%s lets nobody in at %s\n%s", x.snippet(), v.At, m.text())
		}
		for _, part := range []modelException{
			{person: "alice", until: x.Until, modelWindow: modelWindow{hours: full.hours}},
			{person: "alice", until: x.Until, modelWindow: modelWindow{networks: full.networks}},
		} {
			if (part.hours == nil) != (full.hours == nil) || (part.networks == nil) != (full.networks == nil) {
				if m.with(part).letsIn(string(role), "alice", v) {
					t.Fatalf("a part of %s lets them in\n%s", x.snippet(), m.text())
				}
			}
		}
		loadText(t, m.with(full).text())
	})
}

func (m modelWindows) with(e modelException) modelWindows {
	m.exceptions = append(slices.Clone(m.exceptions), e)
	return m
}

func TestWeeksRead(t *testing.T) {
	t.Parallel()
	p := loadText(t, []byte(`
version: 1
window:
  zone: Europe/Paris
  hours:
    mon-thu: [08:00-12:30, 13:30-20:00]
    fri: [08:00-12:30, 13:30-20:00]
    sat, sun: [22:00-06:00]
roles: {caller: {grants: [{on: prospect, scope: own, actions: [read]}]}}
profiles: {}
`))
	want := "mon 00:00-06:00, 08:00-12:30, 13:30-20:00; tue-fri 08:00-12:30, 13:30-20:00; sat 22:00-24:00; sun 00:00-06:00, 22:00-24:00"
	if got := strings.Join(p.window.hours.lines("en"), "; "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := p.window.hours.lines("fr")[1]; !strings.HasPrefix(got, "mar-ven 08:00") {
		t.Error(got)
	}
}
