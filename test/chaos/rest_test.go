package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"passerelle/test/crmfake"
)

// restCRM is a CRM with a JSON API that does its worst.
type restCRM struct {
	*crmfake.Server
	http *httptest.Server

	mu       sync.Mutex
	first    time.Time
	shuffled map[string]bool
}

func newRestCRM(t *testing.T, seed uint64) *restCRM {
	t.Helper()
	fake, err := crmfake.New(crmfake.Options{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	c := &restCRM{Server: fake, shuffled: map[string]bool{}}
	for i := range prospects {
		c.Put(fmt.Sprint(i), map[string]any{"name": fmt.Sprintf("Société %d", i), "phone": fmt.Sprintf("01 99 00 %02d %02d", i/100, i%100)})
	}
	c.http = httptest.NewServer(c.watch(fake))
	t.Cleanup(func() {
		c.http.CloseClientConnections()
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
		c.http.Close()
	})
	return c
}

// watch notes when writes come and which prospects' calls the CRM lied about.
func (c *restCRM) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the hub died in the middle of it
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := &statusWriter{ResponseWriter: w}
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.first.IsZero() && answer.status >= 200 && answer.status < 300 {
				c.first = time.Now()
			}
			if answer.status == http.StatusAccepted { // what it really stores it answers with 201
				var call struct {
					Prospect string `json:"prospect_id"`
				}
				_ = json.Unmarshal(body, &call)
				c.shuffled[call.Prospect] = true
			}
		}()
		next.ServeHTTP(answer, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the fake reset the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (c *restCRM) config() string {
	return `
type: rest
allow_private: true
fields:
  prospect.name: name
  prospect.phone: phone
  prospect.comment: comment
  prospect.status: status
settings:
` + indent(crmfake.Settings(c.http.URL+"/api", crmfake.DefaultToken), 2)
}

// late is how late a CRM that lies stores what it said yes to: within what the
// connector's descriptor calls its settling time.
const late = 1200 * time.Millisecond

// mood is a way to misbehave through a whole life of the hub.
type mood struct {
	name   string
	weight int
	rules  []crmfake.Rule
	rate   float64 // requests per second; 0 is no limit
}

var moods = []mood{
	{name: calm, weight: 6},
	{name: "down", weight: 1, rules: []crmfake.Rule{{Fault: crmfake.Down}}},
	{name: "flaky", weight: 4, rules: []crmfake.Rule{
		{Fault: crmfake.Down, Chance: 0.05},
		{Fault: crmfake.DownWait, Chance: 0.02, Delay: time.Second},
		{Fault: crmfake.ResetBefore, Chance: 0.03},
		{Fault: crmfake.ResetAfter, Chance: 0.05},
		{Fault: crmfake.CutAfter, Chance: 0.05},
		{Fault: crmfake.Page, Chance: 0.02},
		{Fault: crmfake.ErrorPage, Chance: 0.02},
	}},
	{name: "hanging", weight: 2, rules: []crmfake.Rule{
		{Fault: crmfake.HangBefore, Chance: 0.02, Times: 4},
		{Fault: crmfake.HangAfter, Chance: 0.02, Times: 4},
	}},
	{name: "slow", weight: 3, rules: []crmfake.Rule{{Fault: crmfake.Slow, Delay: 40 * time.Millisecond}}},
	{name: "throttling", weight: 2, rate: 120, rules: []crmfake.Rule{{Fault: crmfake.Throttled, Chance: 0.02, Delay: time.Second}}},
	{name: "lying", weight: 2, rules: []crmfake.Rule{
		{Fault: crmfake.Forget, Chance: 0.03},
		{Fault: crmfake.Late, Chance: 0.05, Delay: late},
	}},
	{name: "logged out", weight: 1, rules: []crmfake.Rule{{Fault: crmfake.Login, Chance: 0.02, Times: 1}}},
}

func (c *restCRM) upset(dice *rand.Rand) string {
	var bag []mood
	for _, m := range moods {
		for range m.weight {
			bag = append(bag, m)
		}
	}
	m := bag[dice.IntN(len(bag))]
	c.Throttle(m.rate, 20)
	c.Misbehave(m.rules...)
	return m.name
}

func (c *restCRM) calm() {
	c.Throttle(0, 0)
	c.Misbehave()
	c.http.CloseClientConnections() // what hangs need not hang to its end
}

func (c *restCRM) between(*rand.Rand) error { return nil }

func (c *restCRM) passes(point string) bool { return !strings.HasPrefix(point, "sheet.") }

func (c *restCRM) arrived() int { return len(c.All(crmfake.Activities)) }

func (c *restCRM) mark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.first = time.Time{}
}

func (c *restCRM) firstWrite() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first
}

func (c *restCRM) content() (content, error) {
	c.Settle()
	c.mu.Lock()
	defer c.mu.Unlock()
	out := content{prospects: map[string]map[string]string{}, shuffled: c.shuffled}
	for _, r := range c.All(crmfake.Activities) {
		out.activities = append(out.activities, activity{
			operation: text(r, "operation_id"), prospect: text(r, "prospect_id"), attempt: text(r, "attempt"),
			disposition: text(r, "result"), note: text(r, "note"),
		})
	}
	for _, r := range c.All(crmfake.Appointments) {
		out.appointments = append(out.appointments, appointment{text(r, "uid"), text(r, "prospect_id"), text(r, "validated_by")})
	}
	for _, r := range c.All(crmfake.Prospects) {
		out.prospects[r.ID] = map[string]string{"comment": text(r, "comment"), "status": text(r, "status")}
	}
	return out, nil
}

// text is a field of a record, "" if it has none.
func text(r crmfake.Record, field string) string {
	if r.Fields[field] == nil {
		return ""
	}
	return fmt.Sprint(r.Fields[field])
}
