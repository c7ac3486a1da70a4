package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"passerelle/internal/outbox"
)

// proposal is what the API shows of one.
type proposal struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Meeting struct {
		ID   string `json:"id"`
		Note string `json:"note"`
	} `json:"meeting"`
}

// supervisor validates most proposals through the API, rejects some, leaves
// some alone, and resumes the connection when it was paused.
type supervisor struct {
	t    *testing.T
	hub  *process
	http *http.Client
	stop context.CancelFunc
	wg   sync.WaitGroup

	decided map[string]string // proposal → the verb that was acknowledged
}

func newSupervisor(t *testing.T, hub *process) *supervisor {
	return &supervisor{t: t, hub: hub, http: &http.Client{Transport: &http.Transport{}, Timeout: 15 * time.Second}, decided: map[string]string{}}
}

func (s *supervisor) start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.wg.Go(func() {
		for ctx.Err() == nil {
			s.round(ctx)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
}

func (s *supervisor) wait() {
	s.stop()
	s.wg.Wait()
}

// verb is what becomes of a proposal: the same at every try.
func verb(id string) string {
	h := fnv.New32a()
	_, _ = io.WriteString(h, id)
	switch h.Sum32() % 10 {
	case 0:
		return ""
	case 1:
		return "reject"
	}
	return "validate"
}

func (s *supervisor) round(ctx context.Context) {
	s.resume(ctx)
	open, err := s.proposals(ctx, "proposed")
	if err != nil {
		return // the hub is dead at the moment
	}
	for _, p := range open {
		what := verb(p.ID)
		if what == "" || ctx.Err() != nil {
			continue
		}
		status, answer, err := s.ask(ctx, http.MethodPost, "/v1/proposals/"+p.ID+"/"+what, map[string]any{"reason": "not now"})
		switch {
		case err != nil:
			return
		case status == http.StatusOK:
			s.decided[p.ID] = what
		case status != http.StatusConflict && status < 500:
			s.t.Errorf("%s %s: %d %s", what, p.ID, status, answer)
		}
	}
}

// resume ends the connection's pause if it is in one.
func (s *supervisor) resume(ctx context.Context) {
	one, err := s.connection(ctx)
	if err == nil && one.Paused != nil {
		_, _, _ = s.ask(ctx, http.MethodPost, "/v1/connections/crm.main/resume", nil) // the CRM may not let us yet
	}
}

type connection struct {
	Name   string `json:"name"`
	Paused *struct {
		Reason string `json:"reason"`
	} `json:"paused"`
	Breaker string               `json:"breaker"`
	Writes  map[outbox.State]int `json:"writes"`
}

func (s *supervisor) connection(ctx context.Context) (connection, error) {
	var got struct{ Items []connection }
	if err := s.read(ctx, "/v1/connections", &got); err != nil {
		return connection{}, err
	}
	for _, c := range got.Items {
		if c.Name == "crm.main" {
			return c, nil
		}
	}
	return connection{}, fmt.Errorf("no crm.main among the connections")
}

// proposals lists those in a state, all pages.
func (s *supervisor) proposals(ctx context.Context, state string) ([]proposal, error) {
	var all []proposal
	for cursor := ""; ; {
		var page struct {
			Items []proposal
			Next  string
		}
		if err := s.read(ctx, "/v1/proposals?limit=500&state="+state+"&cursor="+cursor, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// write is what the API shows of an entry of the outbox.
type write struct {
	ID         string       `json:"id"`
	Kind       string       `json:"kind"`
	State      outbox.State `json:"state"`
	ProspectID string       `json:"prospect_id"`
	Operation  string       `json:"operation"`
	Attempts   int          `json:"attempts"`
	NotUntil   time.Time    `json:"not_until"`
	Reason     string       `json:"reason"`
}

func (s *supervisor) writes(ctx context.Context, state outbox.State) ([]write, error) {
	var page struct{ Items []write }
	err := s.read(ctx, "/v1/outbox?limit=500&state="+string(state), &page)
	return page.Items, err
}

func (s *supervisor) read(ctx context.Context, path string, into any) error {
	status, answer, err := s.ask(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, status, answer)
	}
	return json.Unmarshal(answer, into)
}

func (s *supervisor) ask(ctx context.Context, method, path string, body any) (int, []byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	if body == nil {
		raw = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, s.hub.url(path), bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+supervisorToken)
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}
