package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/connectors/webhook/fake"
	"passerelle/internal/bridge"
)

const prospects = 160

// call is one acknowledged call.
type call struct {
	event       string
	disposition bridge.Disposition
	comment     string
	proposal    bool
}

// load is the platform: callers who each work their own prospects, report every
// call by a signed webhook and repeat it until it is acknowledged.
type load struct {
	t       *testing.T
	hub     *process
	callers int
	pause   time.Duration    // that a caller rests between two calls, at most
	now     func() time.Time // the platform's clock
	http    *http.Client
	stop    chan struct{}
	wg      sync.WaitGroup

	acked   atomic.Int64
	repeats atomic.Int64
	calls   [prospects][]call // of each prospect, by its caller; read after wait
}

func newLoad(t *testing.T, hub *process, callers int, pause time.Duration) *load {
	return &load{
		t: t, hub: hub, callers: callers, pause: pause, now: time.Now, stop: make(chan struct{}),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}, Timeout: 15 * time.Second},
	}
}

func (l *load) start(seed uint64) {
	for c := range l.callers {
		dice := rand.New(rand.NewPCG(seed, uint64(c)))
		l.wg.Go(func() { l.caller(c, dice) })
	}
}

// wait lets every caller finish the call under way: until it is acknowledged.
func (l *load) wait() {
	close(l.stop)
	l.wg.Wait()
	l.http.CloseIdleConnections()
}

func (l *load) caller(c int, dice *rand.Rand) {
	for {
		select {
		case <-l.stop:
			return
		case <-time.After(time.Duration(dice.Int64N(int64(l.pause)))):
		}
		prospect := c + l.callers*dice.IntN(prospects/l.callers)
		event, made := l.event(prospect, dice)
		if !l.report(event, &made) {
			return
		}
		l.calls[prospect] = append(l.calls[prospect], made)
		l.acked.Add(1)
	}
}

var usual = []bridge.Disposition{"no_answer", "busy", "voicemail", "callback_no_date", "not_interested", "gatekeeper"}

// event makes up a prospect's next call.
func (l *load) event(prospect int, dice *rand.Rand) (map[string]any, call) {
	n := len(l.calls[prospect])
	made := call{event: fmt.Sprintf("call-%d-%d", prospect, n), disposition: usual[dice.IntN(len(usual))]}
	event := map[string]any{
		"event_id": made.event, "note": made.event, "connection": "phoning.dial", "campaign": "spring",
		"occurred_at": time.Date(2026, 3, 2, 8, n, 0, 0, time.UTC).Format(time.RFC3339),
		"prospect_id": fmt.Sprint(prospect), "agent": "alice", "technical": "answered", "talk_s": n,
	}
	switch dice.IntN(8) {
	case 0:
		made.disposition, made.proposal = bridge.DispAppointmentSet, true
		// Half an hour each, no two at the same time.
		at := time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC).Add(time.Duration(prospect+prospects*n) * 30 * time.Minute)
		event["next"] = map[string]any{"kind": "appointment", "at": at.Format(time.RFC3339), "with": "vera", "minutes": 30}
	case 1, 2, 3:
		made.comment = "after " + made.event
		event["fields"] = map[string]any{"prospect.comment": made.comment}
	}
	event["disposition"] = made.disposition
	return event, made
}

// report posts a call until it is acknowledged. It is false if the test cannot
// go on.
func (l *load) report(event map[string]any, made *call) bool {
	body, err := json.Marshal(event)
	if err != nil {
		l.t.Error(err)
		return false
	}
	for try := 0; ; try++ {
		status, answer := l.post(made.event, body)
		switch {
		case status == http.StatusAccepted:
			return l.understood(made, answer)
		case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
			l.t.Errorf("%s: refused with %d: %s", made.event, status, answer)
			return false
		case try == 6000:
			l.t.Errorf("%s: not acknowledged after %d tries, the last: %d %s", made.event, try, status, answer)
			return false
		}
		l.repeats.Add(1)
		<-time.After(20 * time.Millisecond) // as a platform that sends again
	}
}

func (l *load) post(id string, body []byte) (status int, answer []byte) {
	signed, sent := l.now(), time.Now()
	header, err := fake.Sign(hookSecret, id, signed, body)
	if err != nil {
		return 0, []byte(err.Error())
	}
	req, err := http.NewRequest(http.MethodPost, l.hub.url("/hooks/phoning.dial"), bytes.NewReader(body))
	if err != nil {
		return 0, []byte(err.Error())
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.http.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		return 0, []byte(err.Error()) // half an acknowledgement is none
	}
	if skew := l.now().Sub(signed) - time.Since(sent); resp.StatusCode == http.StatusUnauthorized && skew.Abs() > time.Minute {
		return 0, answer // the clock was set meanwhile
	}
	return resp.StatusCode, answer
}

// understood reads an acknowledgement: nothing that we send may be parked or
// refused.
func (l *load) understood(made *call, answer []byte) bool {
	var got struct {
		Results []struct {
			State    string            `json:"state"`
			Reason   string            `json:"reason"`
			Proposal string            `json:"proposal"`
			Refused  []json.RawMessage `json:"refused"`
		} `json:"results"`
	}
	err := json.Unmarshal(answer, &got)
	if err != nil || len(got.Results) != 1 || got.Results[0].State == "parked" || len(got.Results[0].Refused) > 0 || (got.Results[0].Proposal != "") != made.proposal {
		l.t.Errorf("%s: %s", made.event, answer)
		return false
	}
	return true
}
