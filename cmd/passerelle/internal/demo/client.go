package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client is one person at the public API.
type client struct {
	http  *http.Client
	base  string // "http://127.0.0.1:8080"
	token string
}

// answerLimit bounds what is read of an answer, in bytes.
const answerLimit = 8 << 20

// refusal is an answer that is no success.
type refusal struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.Status, r.Detail) }

// get asks.
func (c *client) get(ctx context.Context, path string, out any) error {
	_, err := c.do(ctx, http.MethodGet, path, "", nil, out)
	return err
}

// post commands. key makes a repeat harmless; "" for commands that are so
// anyway. It answers the status: 204 leaves out as it was.
func (c *client) post(ctx context.Context, path, key string, in, out any) (int, error) {
	return c.do(ctx, http.MethodPost, path, key, in, out)
}

func (c *client) do(ctx context.Context, method, path, key string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	switch {
	case err != nil:
		return resp.StatusCode, err
	case resp.StatusCode >= 300:
		return resp.StatusCode, refused(resp.StatusCode, text)
	case out == nil || resp.StatusCode == http.StatusNoContent:
		return resp.StatusCode, nil
	}
	return resp.StatusCode, json.Unmarshal(text, out)
}

func refused(status int, text []byte) error {
	r := &refusal{}
	if err := json.Unmarshal(text, r); err != nil || r.Detail == "" {
		r.Detail = strings.ToLower(http.StatusText(status))
	}
	r.Status = status
	return r
}

// What the API says, as far as the demo looks at it.
type (
	lead struct {
		ID         string `json:"id"`
		ProspectID string `json:"prospect_id"`
		Attempts   int    `json:"attempts"`
		Assignee   string `json:"assignee"`
	}
	handout struct {
		Lead lead              `json:"lead"`
		Card map[string]string `json:"card"`
	}
	proposal struct {
		ID         string `json:"id"`
		ProspectID string `json:"prospect_id"`
		Author     string `json:"author"`
		Meeting    *struct {
			Local       string `json:"local"`
			Salesperson string `json:"salesperson"`
		} `json:"meeting"`
	}
	receipt struct {
		Proposal string `json:"proposal"`
		Refused  []struct {
			Field string `json:"field"`
		} `json:"refused"`
	}
	moved struct {
		Moved int `json:"moved"`
	}
	list[T any] struct {
		Items []T `json:"items"`
	}
)

// outcome is what a caller records.
type outcome struct {
	Technical   string         `json:"technical"`
	Disposition string         `json:"disposition"`
	TalkS       int            `json:"talk_s,omitempty"`
	Note        string         `json:"note,omitempty"`
	Fields      map[string]any `json:"fields,omitempty"`
	Next        *next          `json:"next,omitempty"`
}

type next struct {
	Kind    string `json:"kind"`
	At      string `json:"at,omitempty"`
	With    string `json:"with,omitempty"`
	Minutes int    `json:"minutes,omitempty"`
	Subject string `json:"subject,omitempty"`
}

// wallTime is how appointments are written: the salesperson's local time.
const wallTime = "2006-01-02T15:04"

// weekday is the nth working day after today, from 1.
func weekday(today time.Time, n int) time.Time {
	day := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			n--
		}
	}
	return day
}
