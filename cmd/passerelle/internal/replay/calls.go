package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/sync/errgroup"

	"passerelle/internal/bridge"
)

// callersAtOnce is how many of the dialler's lines are in use.
const callersAtOnce = 64

// posted is a line of posted.jsonl: a call as it was posted and acknowledged.
type posted struct {
	EventID     string           `json:"event_id"`
	ProspectID  string           `json:"prospect_id"`
	Attempt     int              `json:"attempt"`
	At          string           `json:"at"`
	DurationS   int              `json:"duration_s"`
	Disposition string           `json:"disposition"`
	Caller      string           `json:"caller"`
	Sent        time.Time        `json:"sent"`
	AckMS       float64          `json:"ack_ms"`
	Refused     []bridge.Refusal `json:"refused,omitempty"`
}

// callFloor posts calls.
type callFloor struct {
	cast   *cast
	client *http.Client
	url    string
	key    *standardwebhooks.Webhook
	posted *lines
	done   func(calls int) // is told of progress
}

// call plays every row's calls, many rows at once and each row's in order.
func (f *callFloor) call(ctx context.Context, rows []row) error {
	var taken atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range callersAtOnce {
		group.Go(func() error {
			for {
				i := int(taken.Add(1)) - 1
				if i >= len(rows) {
					return nil
				}
				for _, e := range f.cast.events(rows[i]) {
					if err := f.report(ctx, e); err != nil {
						return err
					}
				}
			}
		})
	}
	return group.Wait()
}

// report posts a call until it is acknowledged, and writes it down.
func (f *callFloor) report(ctx context.Context, e event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	sent := time.Now()
	refused, err := f.post(ctx, e.EventID, body)
	if err != nil {
		return fmt.Errorf("call %s: %w", e.EventID, err)
	}
	f.done(1)
	return f.posted.write(posted{
		EventID: e.EventID, ProspectID: e.ProspectID, Attempt: e.attempt, At: e.OccurredAt, DurationS: e.TalkS,
		Disposition: e.Disposition, Caller: e.caller, Sent: sent,
		AckMS: float64(time.Since(sent).Microseconds()) / 1000, Refused: refused,
	})
}

// result is what the bridge says of the one event of a request.
type result struct {
	State   string           `json:"state"`
	Reason  string           `json:"reason"`
	Refused []bridge.Refusal `json:"refused"`
}

// post sends one signed event; a bridge that has no room is asked again.
func (f *callFloor) post(ctx context.Context, id string, body []byte) ([]bridge.Refusal, error) {
	for {
		wait, got, err := f.try(ctx, id, body)
		if err != nil || wait == 0 {
			return got, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// try answers how long to wait before the event is sent again, 0 if it is kept.
func (f *callFloor) try(ctx context.Context, id string, body []byte) (wait time.Duration, refused []bridge.Refusal, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	now := time.Now()
	signature, err := f.key.Sign(id, now, body)
	if err != nil {
		return 0, nil, err
	}
	req.Header = http.Header{
		"Content-Type":      {"application/json"},
		"Webhook-Id":        {id},
		"Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)},
		"Webhook-Signature": {signature},
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	answer, err := read(resp)
	switch {
	case err != nil:
		return 0, nil, err
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable:
		return retryAfter(resp), nil, nil
	case resp.StatusCode != http.StatusAccepted:
		return 0, nil, fmt.Errorf("answered %s", resp.Status)
	}
	refused, err = accepted(answer)
	return 0, refused, err
}

func accepted(answer []byte) ([]bridge.Refusal, error) {
	var a struct {
		Results []result `json:"results"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if len(a.Results) != 1 {
		return nil, fmt.Errorf("the answer tells of %d events instead of one", len(a.Results))
	}
	r := a.Results[0]
	if r.State != "recorded" && r.State != "duplicate" {
		return nil, fmt.Errorf("was %s: %s", r.State, r.Reason)
	}
	return r.Refused, nil
}

// maxAnswer bounds an answer of the bridge, in bytes.
const maxAnswer = 16 << 20

// read reads an answer to its end, so that its connection is used again.
func read(resp *http.Response) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	return raw, err
}

func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		seconds = 1
	}
	return time.Duration(seconds) * time.Second
}
