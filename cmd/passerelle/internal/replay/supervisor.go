package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// supervisor works through the API with a token.
type supervisor struct {
	client *http.Client
	base   string // http://host:port
	token  string
}

// The supervisor's pace.
const (
	lookEvery   = 50 * time.Millisecond // when nothing waits
	rulingsOnce = 4                     // in parallel
)

// validate validates proposals as they come, until it has validated count.
func (s *supervisor) validate(ctx context.Context, count int) error {
	pause := time.NewTicker(lookEvery)
	defer pause.Stop()
	for done := 0; done < count; {
		ids, err := s.proposed(ctx)
		if err != nil {
			return err
		}
		if err := s.validateAll(ctx, ids); err != nil {
			return err
		}
		if done += len(ids); len(ids) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
	}
	return nil
}

func (s *supervisor) validateAll(ctx context.Context, ids []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(rulingsOnce)
	for _, id := range ids {
		group.Go(func() error {
			_, err := s.ask(ctx, http.MethodPost, "/v1/proposals/"+url.PathEscape(id)+"/validate", http.StatusOK)
			return err
		})
	}
	return group.Wait()
}

// proposed lists some of the proposals that wait.
func (s *supervisor) proposed(ctx context.Context) ([]string, error) {
	raw, err := s.ask(ctx, http.MethodGet, "/v1/proposals?state=proposed&limit=200", http.StatusOK)
	if err != nil {
		return nil, err
	}
	var page struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return nil, fmt.Errorf("the list of proposals: %w", err)
	}
	ids := make([]string, len(page.Items))
	for i, it := range page.Items {
		ids[i] = it.ID
	}
	return ids, nil
}

// writes is how many writes of a CRM have not come to an end, by state.
func (s *supervisor) writes(ctx context.Context, crm string) (map[string]int, error) {
	raw, err := s.ask(ctx, http.MethodGet, "/v1/connections", http.StatusOK)
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []struct {
			Name   string         `json:"name"`
			Writes map[string]int `json:"writes"`
			Paused *struct {
				Reason string `json:"reason"`
			} `json:"paused"`
		} `json:"items"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("the list of connections: %w", err)
	}
	for _, c := range list.Items {
		switch {
		case c.Name != crm:
		case c.Paused != nil:
			return nil, fmt.Errorf("connection %s is paused: %s", crm, c.Paused.Reason)
		default:
			return c.Writes, nil
		}
	}
	return nil, fmt.Errorf("the bridge does not know connection %s", crm)
}

// requests is how many requests the bridge has sent to a CRM.
func (s *supervisor) requests(ctx context.Context, crm string) (n float64, err error) {
	raw, err := s.ask(ctx, http.MethodGet, "/metrics", http.StatusOK)
	if err != nil {
		return 0, err
	}
	prefix := fmt.Sprintf("passerelle_crm_requests_total{connection=%q} ", crm)
	for line := range strings.Lines(string(raw)) {
		if text, ok := strings.CutPrefix(line, prefix); ok {
			_, err := fmt.Sscan(text, &n)
			return n, err
		}
	}
	return 0, fmt.Errorf("the metrics do not tell the requests to %s", crm)
}

func (s *supervisor) ask(ctx context.Context, method, path string, want int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	raw, err := read(resp)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s answered %s: %s", method, path, resp.Status, raw)
	}
	return raw, err
}
