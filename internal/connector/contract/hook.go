package contract

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/connector"
)

func (h Harness) hook(t *testing.T) {
	o := h.open(t)
	if _, ok := o.Conn.(connector.Hook); !ok {
		return
	}
	if len(o.Hook.Good) == 0 {
		t.Error("the world shows no good message")
	}
	t.Run("signature", h.signature)
	t.Run("good", h.good)
	t.Run("rubbish", h.rubbish)
}

func (h Harness) signature(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	hook, body := o.Conn.(connector.Hook), o.Hook.Good[0].Body
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	verify := func(name string, ok bool, header http.Header, body []byte, at time.Time) {
		t.Helper()
		err := hook.Verify(header, body, at)
		if (err == nil) != ok {
			t.Errorf("%s: taken %v, want %v: %v", name, err == nil, ok, err)
		}
		o.harmless(t, err)
	}
	signed := o.Hook.Sign(body, now)
	verify("good", true, signed, body, now)
	verify("a minute late", true, signed, body, now.Add(time.Minute))
	verify("no header", false, http.Header{}, body, now)
	verify("other body", false, signed, append(slices.Clone(body), ' '), now)
	verify("empty body", false, signed, nil, now)
	verify("signature of another body", false, o.Hook.Sign([]byte("{}"), now), body, now)
	for name := range signed {
		without := signed.Clone()
		without.Del(name)
		verify("without "+name, false, without, body, now)
		without.Set(name, strings.Repeat("x", 1<<20))
		verify("rubbish in "+name, false, without, body, now)
	}
	if !o.Hook.Undated {
		verify("an hour old", false, signed, body, now.Add(time.Hour))
		verify("an hour early", false, signed, body, now.Add(-time.Hour))
	}
}

func (h Harness) good(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	for _, m := range o.Hook.Good {
		events, err := o.Conn.(connector.Hook).Decode(o.Hook.Sign(m.Body, time.Now()), m.Body)
		if err != nil || len(events) != m.Events {
			t.Errorf("%s: %d events, want %d: %v", m.Name, len(events), m.Events, err)
		}
		for i, e := range events {
			if err := h.Validate(e.Schema, e.Body); err != nil {
				t.Errorf("%s: event %d does not pass %s: %v", m.Name, i, e.Schema, err)
			}
		}
	}
}

// rubbish must be refused or, where only the schema can tell, come out as JSON
// that the schema refuses; and never panic.
func (h Harness) rubbish(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	whole := o.Hook.Good[0].Body
	cases := map[string][]byte{
		"nothing": nil, "spaces": []byte("  \n"), "null": []byte("null"), "text": []byte(`"canari-texte"`), "list": []byte(`[{}]`),
		"number": []byte("1"), "empty object": []byte("{}"), "cut": whole[:len(whole)/2], "twice": bytes.Repeat(whole, 2),
		"page": []byte("<html>canari-texte</html>"), "not UTF-8": []byte("{\"a\":\"\xff\xfe\"}"), "zeros": make([]byte, 64),
		"deep": []byte(strings.Repeat(`{"a":`, 100_000)), "large": []byte(`{"a":"` + strings.Repeat("x", 4<<20) + `"}`),
	}
	for _, m := range o.Hook.Unknown {
		cases["unknown: "+m.Name] = m.Body
	}
	for name, body := range cases {
		events, err := o.Conn.(connector.Hook).Decode(o.Hook.Sign(body, time.Now()), body)
		o.harmless(t, err, "canari-texte")
		if err != nil {
			continue
		}
		if strings.HasPrefix(name, "unknown: ") {
			t.Errorf("%s: was understood as %d events", name, len(events))
		}
		for _, e := range events {
			if !json.Valid(e.Body) || h.Validate(e.Schema, e.Body) == nil {
				t.Errorf("%s: came out as a good event", name)
			}
		}
	}
}
