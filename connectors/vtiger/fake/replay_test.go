package fake_test

import (
	"crypto/md5" // as the vendor does
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/connectors/vtiger/fake"
	"passerelle/test/shared"
)

// capture is one exchange with a real vtiger 8.0.0.
type capture struct {
	name    string
	At      time.Time `json:"captured_at"`
	Request struct {
		Method, URL string
		Form        map[string]string
	}
	Response struct {
		Status   int
		Headers  map[string]string
		Body     any
		BodyText string `json:"body_text"`
	}
}

func captures(t *testing.T) []capture {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "captures/vtiger"), "*.json"))
	if err != nil || len(files) < 70 {
		t.Fatalf("%d captures: %v", len(files), err)
	}
	var out []capture
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := capture{name: strings.TrimSuffix(filepath.Base(path), ".json")}
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, c)
	}
	return out
}

// replay is a fake in the state in which the captured system was, and what its
// sessions are called in the captures.
type replay struct {
	crm      *fake.CRM
	now      time.Time
	sessions map[string]string // captured → the fake's
}

func newReplay(t *testing.T) *replay {
	r := &replay{now: time.Date(2026, 11, 22, 3, 28, 46, 0, time.UTC), sessions: map[string]string{"deadbeefdeadbeef": "deadbeefdeadbeef"}}
	r.crm = fake.New(fake.Options{Now: func() time.Time { return r.now }})
	r.crm.AddUser(fake.User{ID: 1, Login: "admin", Key: "key-admin", First: "Ad", Last: "Min", Email: "admin@example.test", Admin: true})
	r.crm.AddUser(fake.User{
		ID: 5, Login: "alice", Key: "key-alice", First: "Alice", Last: "Martin", Email: "alice@example.test",
		Hidden: map[string][]string{"Leads": {"annualrevenue"}}, Locked: map[string][]string{"Leads": {"phone", "industry"}},
		Closed: []string{"Potentials"}, NoCreate: []string{"Contacts"}, NoDelete: []string{"Leads"},
	})
	r.crm.AddUser(fake.User{ID: 6, Login: "bruno", Key: "key-bruno", First: "Bruno", Last: "Durand", Email: "bruno@example.test"})
	for captured, login := range map[string]string{
		"130020c66b02616ed7b9f": "admin", "2a374c366b02616ee457b": "alice", "766b32936b02616ee917e": "bruno", "4d9ad7156b0261c5df7c2": "admin",
	} {
		r.sessions[captured] = r.login(t, login)
	}
	return r
}

func (r *replay) send(t *testing.T, method, query string, form url.Values) *http.Response {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req := httptest.NewRequest(method, "/webservice.php?"+query, body)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	r.crm.ServeHTTP(w, req)
	return w.Result()
}

func (r *replay) token(t *testing.T, login string) string {
	t.Helper()
	var answer struct{ Result struct{ Token string } }
	if err := json.NewDecoder(r.send(t, "GET", "operation=getchallenge&username="+login, nil).Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Result.Token
}

func proof(token, login string) string {
	sum := md5.Sum([]byte(token + "key-" + login))
	return hex.EncodeToString(sum[:])
}

func (r *replay) login(t *testing.T, login string) string {
	t.Helper()
	var answer struct{ Result struct{ SessionName string } }
	form := url.Values{"operation": {"login"}, "username": {login}, "accessKey": {proof(r.token(t, login), login)}}
	if err := json.NewDecoder(r.send(t, "POST", "", form).Body).Decode(&answer); err != nil || answer.Result.SessionName == "" {
		t.Fatalf("%s does not get in: %v", login, err)
	}
	return answer.Result.SessionName
}

// again sends a captured request to the fake, with the fake's own secrets.
func (r *replay) again(t *testing.T, c capture) *http.Response {
	t.Helper()
	at, err := url.Parse(c.Request.URL)
	if err != nil {
		t.Fatal(err)
	}
	query, form := at.Query(), url.Values(nil)
	if c.Request.Form != nil {
		form = url.Values{}
		for k, v := range c.Request.Form {
			form.Set(k, v)
		}
	}
	for _, params := range []url.Values{query, form} {
		if s := params.Get("sessionName"); s != "" {
			known, ok := r.sessions[s]
			if !ok {
				t.Fatalf("a session that no login gave: %s", s)
			}
			params.Set("sessionName", known)
		}
	}
	switch {
	case strings.HasPrefix(c.name, "02"), strings.HasPrefix(c.name, "70"):
		form.Set("accessKey", proof(r.token(t, form.Get("username")), form.Get("username")))
		r.send(t, c.Request.Method, query.Encode(), form) // its first use
	case strings.HasPrefix(c.name, "71"):
		form.Set("accessKey", proof(r.token(t, form.Get("username")), form.Get("username")))
		r.now = r.now.Add(6 * time.Minute)
		defer func() { r.now = r.now.Add(-6 * time.Minute) }()
	}
	return r.send(t, c.Request.Method, query.Encode(), form)
}

// The fake answers every captured request with the status, the shape, the words
// of errors and the records that the real system answered with.
func TestReplay(t *testing.T) {
	t.Parallel()
	r := newReplay(t)
	for _, c := range captures(t) {
		r.now = c.At.UTC()
		resp := r.again(t, c)
		if resp.StatusCode != c.Response.Status {
			t.Errorf("%s: status %d, want %d", c.name, resp.StatusCode, c.Response.Status)
			continue
		}
		if want, got := c.Response.Headers["Content-type"], resp.Header.Get("Content-Type"); want != got {
			t.Errorf("%s: %q, want %q", c.name, got, want)
		}
		raw, _ := io.ReadAll(resp.Body)
		if c.Response.Body == nil {
			if string(raw) != c.Response.BodyText {
				t.Errorf("%s: body %q, want %q", c.name, raw, c.Response.BodyText)
			}
			continue
		}
		var got any
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(digest(c.Response.Body), digest(got)); d != "" {
			t.Errorf("%s (-real +fake):\n%s", c.name, d)
		}
	}
}

// digest is what must be alike: of an error its words, of a record its keys and
// kinds, of a list its records' ids and the shape of all, of a description the
// fields with what the profile makes of them.
func digest(body any) []string {
	var out []string
	top := body.(map[string]any)
	if e, ok := top["error"].(map[string]any); ok {
		return []string{fmt.Sprintf("success %v, %s: %s", top["success"], e["code"], e["message"])}
	}
	result := top["result"]
	if d, ok := result.(map[string]any); ok && d["fields"] != nil {
		for _, f := range d["fields"].([]any) {
			f := f.(map[string]any)
			kind := f["type"].(map[string]any)
			out = append(out, fmt.Sprint("field ", f["name"], " ", kind["name"], " mandatory ", f["mandatory"], " editable ", f["editable"]))
		}
		for _, key := range []string{"createable", "updateable", "deleteable", "retrieveable", "idPrefix", "isEntity", "labelFields"} {
			out = append(out, fmt.Sprint(key, " ", d[key]))
		}
		slices.Sort(out)
		return out
	}
	if d, ok := result.(map[string]any); ok && d["types"] != nil {
		return []string{fmt.Sprint(d["types"])}
	}
	shapes(&out, "", result)
	slices.Sort(out)
	return append(slices.Compact(out), ids(result)...)
}

// shapes collects path and kind of everything in a value.
func shapes(out *[]string, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			shapes(out, at+"."+k, v[k])
		}
	case []any:
		*out = append(*out, at+" list")
		for _, inner := range v {
			shapes(out, at+"[]", inner)
		}
	default:
		*out = append(*out, fmt.Sprintf("%s %T", at, v))
	}
}

// ids lists the ids of records, in the order of their stamps only where the
// statement gave one; so they are sorted.
func ids(v any) []string {
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if id, ok := v["id"].(string); ok {
				out = append(out, fmt.Sprint("id ", id, " status ", v["leadstatus"], " phone ", v["phone"], " revenue ", v["annualrevenue"], " industry ", v["industry"]))
			}
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k])
			}
		case []any:
			for _, inner := range v {
				if id, ok := inner.(string); ok {
					out = append(out, "deleted "+id)
				}
				walk(inner)
			}
		}
	}
	walk(v)
	slices.Sort(out)
	return out
}
