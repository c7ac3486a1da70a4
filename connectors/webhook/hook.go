package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"passerelle/internal/connector"
)

// Schema is what the events of this connector are.
const Schema = "call_outcome.v1"

// MaxEvents is the largest batch.
const MaxEvents = 500

type hook struct{ keys []*standardwebhooks.Webhook }

// Verify says whether the request is signed with one of the secrets, at most
// [Tolerance] from now.
func (h hook) Verify(header http.Header, body []byte, now time.Time) error {
	return verify(h.keys, header, body, now)
}

// Decode splits a body into its events, without touching their bytes. A body is
// one event or {"events": [event, …]}.
func (h hook) Decode(_ http.Header, body []byte) ([]connector.Event, error) {
	if err := wholeObject(body); err != nil {
		return nil, err
	}
	// Inside a string the quotes would be escaped, so this is true of batches
	// and of very few single events.
	if !bytes.Contains(body, []byte(`"events"`)) {
		return []connector.Event{{Schema: Schema, Body: body}}, nil
	}
	batch, found, err := eventsOf(body)
	if err != nil {
		return nil, err
	}
	if !found {
		return []connector.Event{{Schema: Schema, Body: body}}, nil
	}
	return split(batch)
}

func wholeObject(body []byte) error {
	var raw json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fmt.Errorf("the body is not JSON from byte %d on", syntax.Offset)
		}
		return errors.New("the body is not JSON")
	}
	if !isObject(body) {
		return errors.New(`the body is not a JSON object: post one event, or {"events": [...]}`)
	}
	return nil
}

func isObject(raw []byte) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

// eventsOf gives the value of the body's key "events". It reads the keys one by
// one because a map would silently lose the first of two.
func eventsOf(body []byte) (events json.RawMessage, found bool, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if _, err := decoder.Token(); err != nil {
		return nil, false, errors.New("the body is not JSON")
	}
	others := false
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, false, errors.New("the body is not JSON")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
			return nil, false, errors.New("the body is not JSON")
		}
		switch {
		case key != "events":
			others = true
		case found:
			return nil, false, errors.New(`the body has the key "events" twice`)
		default:
			events, found = value, true
		}
	}
	if found && others {
		return nil, false, errors.New(`a batch has the key "events" and no other`)
	}
	return events, found, nil
}

func split(batch json.RawMessage) ([]connector.Event, error) {
	var bodies []json.RawMessage
	if err := json.Unmarshal(batch, &bodies); err != nil || bodies == nil {
		return nil, errors.New(`"events" is not a list`)
	}
	if len(bodies) > MaxEvents {
		return nil, fmt.Errorf("%d events in one request: send %d at most", len(bodies), MaxEvents)
	}
	events := make([]connector.Event, len(bodies))
	for i, body := range bodies {
		if !isObject(body) {
			return nil, fmt.Errorf("events[%d] is not a JSON object", i)
		}
		events[i] = connector.Event{Schema: Schema, Body: body}
	}
	return events, nil
}
