package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	h := hookWith(t, oldSecret, newSecret)
	body := []byte(`{"event_id":"e1"}`)
	good := signed(t, oldSecret, noon, body)
	with := func(key, value string) http.Header {
		h := good.Clone()
		h.Set(key, value)
		return h
	}
	twice := good.Clone()
	twice.Add("Webhook-Timestamp", "1")
	other := signed(t, newSecret, noon, body).Get("Webhook-Signature")

	cases := []struct {
		name   string
		header http.Header
		body   []byte
		want   error
	}{
		{"the first secret", good, body, nil},
		{"the second secret", signed(t, newSecret, noon, body), body, nil},
		{"several signatures, one ours", with("Webhook-Signature", "v1a,abc v1,bm90IGl0 "+other), body, nil},
		{"five minutes old", signed(t, oldSecret, noon.Add(-Tolerance), body), body, nil},
		{"older", signed(t, oldSecret, noon.Add(-Tolerance-time.Second), body), body, errTooOld},
		{"five minutes ahead", signed(t, oldSecret, noon.Add(Tolerance), body), body, nil},
		{"further ahead", signed(t, oldSecret, noon.Add(Tolerance+time.Second), body), body, errTooNew},
		{"a stranger's secret", signed(t, pushSecret, noon, body), body, errSignature},
		{"another body", good, []byte(`{"event_id":"e2"}`), errSignature},
		{"another id", with("Webhook-Id", "msg_2"), body, errSignature},
		{"another timestamp", with("Webhook-Timestamp", fmt.Sprint(noon.Unix()+1)), body, errSignature},
		{"another version", with("Webhook-Signature", strings.Replace(good.Get("Webhook-Signature"), "v1", "v2", 1)), body, errSignature},
		{"no version", with("Webhook-Signature", strings.TrimPrefix(good.Get("Webhook-Signature"), "v1,")), body, errSignature},
		{"no headers", http.Header{}, body, errNoHeaders},
		{"empty id", with("Webhook-Id", ""), body, errNoHeaders},
		{"two timestamps", twice, body, errNoHeaders},
		{"a date for a timestamp", with("Webhook-Timestamp", "2026-05-04T12:00:00Z"), body, errTimestamp},
		{"a timestamp out of this world", with("Webhook-Timestamp", "9223372036854775807"), body, errTooNew},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := h.Verify(c.header, c.body, noon); got != c.want {
				t.Errorf("Verify = %v; want %v", got, c.want)
			}
		})
	}
}

// The example of the specification, so that we are sure to speak its dialect.
func TestVerifySpecificationExample(t *testing.T) {
	t.Parallel()
	h := hookWith(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	header := http.Header{}
	header.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	header.Set("webhook-timestamp", "1614265330")
	header.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	if err := h.Verify(header, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)); err != nil {
		t.Error(err)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, body string
		want       []string
	}{
		{"one event, byte for byte", ` {"event_id" : "e1", "talk_s": 1e1 }` + "\n", []string{` {"event_id" : "e1", "talk_s": 1e1 }` + "\n"}},
		{"an event that talks of events", `{"note":"\"events\": []","raw_code":"events"}`, []string{`{"note":"\"events\": []","raw_code":"events"}`}},
		{"an event with such a key inside", `{"fields":{"events":[1]}}`, []string{`{"fields":{"events":[1]}}`}},
		{"a batch, byte for byte", `{"events": [{"event_id" : "e1"}, {"talk_s":1.0} ]}`, []string{`{"event_id" : "e1"}`, `{"talk_s":1.0}`}},
		{"an empty batch", `{"events":[]}`, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := hook{}.Decode(nil, []byte(c.body))
			if err != nil || len(got) != len(c.want) {
				t.Fatalf("%d events, %v; want %d", len(got), err, len(c.want))
			}
			for i, event := range got {
				if event.Schema != "call_outcome.v1" || string(event.Body) != c.want[i] {
					t.Errorf("event %d: %s %q; want %q", i, event.Schema, event.Body, c.want[i])
				}
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	many := `{"events":[` + strings.TrimSuffix(strings.Repeat(`{},`, MaxEvents+1), ",") + `]}`
	cases := []struct{ name, body, says string }{
		{"nothing", "", "not JSON"},
		{"a form", "data=hunter2", "not JSON from byte 1"},
		{"cut short", `{"event_id":"e1"`, "not JSON from byte 16"},
		{"two documents", `{"event_id":"e1"}{"event_id":"e2"}`, "not JSON from byte 18"},
		{"a list", `[{"event_id":"e1"}]`, "not a JSON object"},
		{"null", `null`, "not a JSON object"},
		{"events of no list", `{"events":{"event_id":"e1"}}`, "not a list"},
		{"events of nothing", `{"events":null}`, "not a list"},
		{"an event of no object", `{"events":[{},"hunter2"]}`, "events[1]"},
		{"a batch and more", `{"events":[],"note":"hunter2"}`, "no other"},
		{"two batches", `{"events":[],"events":[{}]}`, "twice"},
		{"too many", many, "501 events"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := hook{}.Decode(nil, []byte(c.body))
			if err == nil || got != nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%d events, error %v; want one that says %q", len(got), err, c.says)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds a value: %v", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"event_id":"e1"}`, `{"events":[{},{"a":"\u00e9"}]}`, `{"events":[{}],"events":[]}`, `{"x":{"events":1}}`, `[]`, `{"events":[[{}]]}`, "{\"a\":\"\xff\"}", `{"events":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		events, err := hook{}.Decode(nil, body)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		if err != nil && events != nil {
			t.Fatal("events and an error")
		}
		if err == nil && !json.Valid(body) {
			t.Fatalf("took what is not JSON: %q", body)
		}
		for _, e := range events {
			if !json.Valid(e.Body) || !bytes.Contains(body, e.Body) {
				t.Fatalf("event %q of %q", e.Body, body)
			}
		}
	})
}

func FuzzVerify(f *testing.F) {
	h := hookWith(f, oldSecret, newSecret)
	body := []byte(`{}`)
	good := signed(f, oldSecret, noon, body)
	stamp := good.Get("Webhook-Timestamp")
	f.Add("msg_1", stamp, good.Get("Webhook-Signature"), body)
	f.Add("msg_1", stamp, "v1, v1,= v2,x ,,", body)
	f.Add("msg_1", "-1", "v1,", []byte(nil))
	f.Add("a.b", "1e9", " ", body)
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		header := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}}
		if h.Verify(header, body, noon) != nil {
			return
		}
		// What passes is what a holder of a secret would have signed.
		for _, s := range []string{oldSecret, newSecret} {
			seconds, err := timestamp(header)
			if err == nil && strings.Contains(signature, signedAs(t, s, id, time.Unix(seconds, 0), body)) {
				return
			}
		}
		t.Fatalf("took a signature that nobody made: id %q, timestamp %q, signature %q", id, stamp, signature)
	})
}
