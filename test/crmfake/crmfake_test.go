package crmfake

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type client struct {
	t    *testing.T
	base string
	http *http.Client
}

func start(t *testing.T, o Options) (*Server, client) {
	t.Helper()
	s, base := Start(t, o)
	s.Put("p1", map[string]any{"name": "Un", "list": "L1"})
	c := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(c.CloseIdleConnections)
	return s, client{t, base, c}
}

// do sends a request; change may spoil it. A lost answer is status 0.
func (c client) do(method, path, body string, change ...func(*http.Request)) (int, string, http.Header) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(req)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Error(err)
	}
	return resp.StatusCode, string(raw), resp.Header
}

const aCall = `{"operation_id":"OP1","prospect_id":"p1","at":"2026-05-04T12:00:00Z","attempt":1,"result":"no_answer"}`

func TestStrict(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		code                     string
		change                   func(*http.Request)
	}{
		{"no credential", "GET", "/me", "", 401, "invalid_token", func(r *http.Request) { r.Header.Del("Authorization") }},
		{"wrong credential", "POST", "/activities", aCall, 401, "invalid_token", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }},
		{"unknown path", "GET", "/nowhere", "", 404, "", nil},
		{"method not allowed", "PUT", "/activities/a1", "", 405, "", nil},
		{"unknown record", "GET", "/prospects/p9", "", 404, "not_found", nil},
		{"unknown field asked", "GET", "/prospects?fields=name,salary", "", 422, "unknown_field", nil},
		{"bad limit", "GET", "/prospects?limit=101", "", 400, "bad_limit", nil},
		{"bad cursor", "GET", "/prospects?cursor=x", "", 400, "bad_cursor", nil},
		{"unknown field sent", "PATCH", "/prospects/p1", `{"salary":1}`, 422, "unknown_field", nil},
		{"wrong type", "PATCH", "/prospects/p1", `{"score":"many"}`, 422, "bad_type", nil},
		{"no whole number", "PATCH", "/prospects/p1", `{"score":1.5}`, 422, "bad_type", nil},
		{"over-long", "PATCH", "/prospects/p1", `{"name":"` + strings.Repeat("é", 2001) + `"}`, 422, "too_long", nil},
		{"no JSON", "POST", "/activities", `{`, 400, "bad_json", nil},
		{"null", "POST", "/activities", `null`, 400, "bad_json", nil},
		{"too large", "POST", "/activities", `{"note":"` + strings.Repeat("x", maxBody) + `"}`, 413, "too_large", nil},
		{"form", "POST", "/activities", aCall, 415, "unsupported_media_type", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
		{"unknown prospect", "POST", "/activities", `{"prospect_id":"p9"}`, 422, "unknown_prospect", nil},
		{"changed meanwhile", "PATCH", "/prospects/p1", `{"name":"x"}`, 412, "changed", func(r *http.Request) { r.Header.Set("If-Match", `"v9"`) }},
		{"no such user", "POST", "/appointments", `{"prospect_id":"p1","owner_id":"u9"}`, 422, "unknown_user", nil},
		{"bad time", "GET", "/busy?user=u1&from=today&to=tomorrow", "", 400, "bad_time", nil},
		{"read only", "PATCH", "/prospects/p1", `{"city":"Lyon"}`, 422, "read_only", nil},
		{"good call", "POST", "/activities", aCall, 201, "", nil},
		{"good change", "PATCH", "/prospects/p1", `{"name":null,"score":3,"opt_in":true,"revenue":1.5}`, 200, "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, c := start(t, Options{})
			s.Hire(User{ID: "u1"})
			s.Freeze("city")
			var changes []func(*http.Request)
			if tc.change != nil {
				changes = append(changes, tc.change)
			}
			status, body, _ := c.do(tc.method, tc.path, tc.body, changes...)
			if status != tc.status || !strings.Contains(body, tc.code) {
				t.Errorf("status %d, want %d %s: %s", status, tc.status, tc.code, body)
			}
			if tc.status >= 400 && (len(s.All(Activities)) > 0 || s.All(Prospects)[0].Version != 1) {
				t.Error("refused, yet something was stored")
			}
		})
	}
}

func TestLocked(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	s.Lock("p1", "Anne")
	for method, path := range map[string]string{"POST": "/activities", "PATCH": "/prospects/p1"} {
		body := map[string]string{"POST": aCall, "PATCH": `{"name":"x"}`}[method]
		if status, text, _ := c.do(method, path, body); status != 409 || !strings.Contains(text, "Anne") {
			t.Errorf("%s: %d %s", method, status, text)
		}
	}
	s.Lock("p1", "")
	if status, _, _ := c.do("POST", "/activities", aCall); status != 201 {
		t.Errorf("after the lock: %d", status)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	s.Put("p2", map[string]any{"name": "Deux", "list": "L2"})
	s.Put("p3", map[string]any{"name": "Trois", "list": "L1"})
	s.Put("p4", map[string]any{"name": "Quatre", "list": "L1"})
	s.Remove(Prospects, "p3")
	var names []string
	for cursor := ""; ; {
		status, body, _ := c.do("GET", "/prospects?fields=name&list=L1&limit=1&cursor="+cursor, "")
		var page struct {
			Data []map[string]any
			Next string
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil || status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		for _, p := range page.Data {
			names = append(names, p["name"].(string))
			if len(p) != 3 {
				t.Errorf("asked for one field, got %v", p)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if d := cmp.Diff([]string{"Un", "Quatre"}, names); d != "" {
		t.Error(d)
	}
	c.do("GET", "/prospects/p1", "")
	if asked := s.FieldsAsked(); asked["name"] != 3 || asked["confidential_note"] != 1 {
		t.Errorf("asked: %v", asked)
	}
}

func TestDoublesShow(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	for range 2 {
		if status, body, _ := c.do("POST", "/activities", aCall); status != 201 {
			t.Fatalf("%d %s", status, body)
		}
	}
	c.do("POST", "/appointments", `{"operation_id":"OP2","uid":"M1","prospect_id":"p1"}`)
	if d := cmp.Diff([]string{"OP1"}, s.Doubles()); d != "" {
		t.Error(d)
	}
	if _, body, _ := c.do("GET", "/activities?operation_ids=OP0,OP1", ""); strings.Count(body, `"OP1"`) != 2 {
		t.Errorf("find: %s", body)
	}
	if _, body, _ := c.do("GET", "/appointments?uid=M1", ""); strings.Count(body, `"M1"`) != 1 {
		t.Errorf("find: %s", body)
	}
	if n := len(s.Of(Activities, "p1")); n != 2 {
		t.Errorf("%d activities of the prospect", n)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		rule   Rule
		status int // 0: no answer
		stored int
	}{
		{Rule{Fault: Down}, 503, 0}, {Rule{Fault: DownWait, Delay: 3 * time.Second}, 503, 0}, {Rule{Fault: Throttled}, 429, 0},
		{Rule{Fault: ResetBefore}, 0, 0}, {Rule{Fault: ResetAfter}, 0, 1}, {Rule{Fault: HangBefore}, 0, 0}, {Rule{Fault: HangAfter}, 0, 1},
		{Rule{Fault: CutAfter}, 201, 1}, {Rule{Fault: Page}, 200, 0}, {Rule{Fault: ErrorPage}, 500, 0}, {Rule{Fault: Login}, 302, 0},
		{Rule{Fault: Forget}, 202, 0}, {Rule{Fault: Late, Delay: time.Millisecond}, 202, 1}, {Rule{Fault: Slow, Delay: time.Millisecond}, 201, 1},
		{Rule{Fault: Twice}, 201, 2}, {Rule{Fault: HangLate, Delay: time.Millisecond}, 0, 1},
	} {
		t.Run(string(tc.rule.Fault), func(t *testing.T) {
			t.Parallel()
			s, c := start(t, Options{})
			s.Misbehave(tc.rule)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			shorter := func(r *http.Request) { *r = *r.WithContext(ctx) }
			var changes []func(*http.Request)
			if strings.HasPrefix(string(tc.rule.Fault), "hang") {
				changes = append(changes, shorter)
			}
			status, body, header := c.do("POST", "/activities", aCall, changes...)
			s.Settle()
			if status != tc.status || len(s.All(Activities)) != tc.stored {
				t.Errorf("status %d, stored %d; want %d, %d: %s", status, len(s.All(Activities)), tc.status, tc.stored, body)
			}
			if wait := header.Get("Retry-After"); tc.rule.Fault == DownWait && wait != "3" {
				t.Errorf("retry-after %q", wait)
			}
			if got := s.Requests(); len(got) != 1 || got[0].Fault != tc.rule.Fault {
				t.Errorf("logged %+v", got)
			}
		})
	}
}

func TestFaultsKeepToTheirPath(t *testing.T) {
	t.Parallel()
	for _, f := range Faults() {
		s, c := start(t, Options{})
		s.Misbehave(Rule{Fault: f, Path: "/nowhere"})
		if status, _, _ := c.do("GET", "/me", ""); status != 200 {
			t.Errorf("%s hits paths that do not match: %d", f, status)
		}
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	s.Misbehave(
		Rule{Fault: Down, Method: "POST", Path: "/activities", Skip: 1, Times: 2},
		Rule{Fault: ErrorPage, Method: "GET", Until: time.Nanosecond},
		Rule{Fault: ErrorPage, Method: "GET", Since: time.Hour},
	)
	var got []int
	for range 4 {
		status, _, _ := c.do("POST", "/activities", aCall)
		got = append(got, status)
	}
	if d := cmp.Diff([]int{201, 503, 503, 201}, got); d != "" {
		t.Error(d)
	}
	if status, _, _ := c.do("GET", "/me", ""); status != 200 {
		t.Errorf("outside its time: %d", status)
	}
	s.Misbehave()
	if status, _, _ := c.do("POST", "/activities", aCall); status != 201 {
		t.Errorf("well behaved: %d", status)
	}
}

// The same seed throws the same dice.
func TestSeed(t *testing.T) {
	t.Parallel()
	run := func(seed uint64) (out string) {
		s, c := start(t, Options{Seed: seed})
		s.Misbehave(Rule{Fault: Down, Chance: 0.5})
		for range 40 {
			status, _, _ := c.do("GET", "/me", "")
			out += map[int]string{200: ".", 503: "x"}[status]
		}
		return out
	}
	one := run(7)
	if two := run(7); one != two {
		t.Errorf("%s\n%s", one, two)
	}
	if other := run(8); one == other || strings.Count(one, "x") < 8 || strings.Count(one, "x") > 32 {
		t.Errorf("%s\n%s", one, other)
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	s.Throttle(0.001, 2)
	forms := map[bool]int{}
	for n := range 4 {
		status, _, header := c.do("GET", "/me", "")
		if want := map[bool]int{true: 200, false: 429}[n < 2]; status != want {
			t.Errorf("request %d: %d, want %d", n, status, want)
		}
		if wait := header.Get("Retry-After"); wait != "" {
			_, err := http.ParseTime(wait)
			forms[err == nil]++
		}
	}
	if forms[true] != 1 || forms[false] != 1 {
		t.Errorf("forms of Retry-After: %v", forms)
	}
	s.Throttle(0, 0)
	if status, _, _ := c.do("GET", "/me", ""); status != 200 {
		t.Errorf("unthrottled: %d", status)
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	first.Put("p1", map[string]any{"name": "Un"})
	first.Put("p2", map[string]any{"name": "Deux"})
	first.EditByPerson("p1", "name", "Un bis")
	first.Remove(Prospects, "p2")
	want := first.All(Prospects)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "crm.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(whole, `{"table":"prospects","rec`...), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the torn line is cut, and stays so
		again, err := New(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, again.All(Prospects)); d != "" {
			t.Error(d)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, append([]byte("rubbish\n"), whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a damaged journal: %v", err)
	}
	if _, err := New(Options{Dir: filepath.Join(dir, "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestRenumber(t *testing.T) {
	t.Parallel()
	for how, want := range map[Moved]int{MovedGone: 404, MovedRedirect: 301, MovedShown: 200} {
		s, c := start(t, Options{})
		c.do("POST", "/activities", aCall)
		s.Renumber("p1", "p77", how)
		status, body, header := c.do("GET", "/prospects/p1?fields=name", "")
		if status != want || how == MovedShown && !strings.Contains(body, `"p77"`) || how == MovedRedirect && header.Get("Location") != "/api/prospects/p77?fields=name" {
			t.Errorf("%s: %d %s %v", how, status, body, header)
		}
		if status, body, _ := c.do("GET", "/prospects/p77?fields=name", ""); status != 200 || !strings.Contains(body, "Un") {
			t.Errorf("%s: the new id: %d %s", how, status, body)
		}
		if n := len(s.Of(Activities, "p77")); n != 1 {
			t.Errorf("%s: %d calls went with it", how, n)
		}
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	c.do("POST", "/activities", aCall)
	b := s.Backup()
	want := s.All(Activities)
	s.EditByPerson("p1", "name", "Autre")
	lost := s.Enter(Activities, map[string]any{"operation_id": "OP2", "prospect_id": "p1"})
	s.Restore(b)
	if d := cmp.Diff(want, s.All(Activities)); d != "" {
		t.Error(d)
	}
	if p, _ := s.Get(Prospects, "p1"); p.Fields["name"] != "Un" {
		t.Errorf("the prospect is %v", p.Fields["name"])
	}
	if id := s.Enter(Activities, map[string]any{"prospect_id": "p1"}); id != lost {
		t.Errorf("the next id is %s, %s is free again", id, lost)
	}
}
