package main

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
)

// show asks and prints the answer: as the hub gives it with --json, else as
// human puts it.
func show[T any](ctx context.Context, s *session, h *hub, path string, human func(T) error) error {
	var raw json.RawMessage
	if err := h.get(ctx, path, &raw); err != nil {
		return err
	}
	return answer(s, raw, human)
}

// order gives a command and prints the answer, as show does.
func order[T any](ctx context.Context, s *session, path string, body any, human func(T) error) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	var raw json.RawMessage
	if err := h.post(ctx, path, body, &raw); err != nil {
		return err
	}
	return answer(s, raw, human)
}

func answer[T any](s *session, raw json.RawMessage, human func(T) error) error {
	if s.JSON {
		return s.printJSON(raw)
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	return human(v)
}

// done says that a command without an answer was carried out.
func (s *session) done(text string) error {
	if s.JSON {
		return s.printJSON(map[string]bool{"done": true})
	}
	return s.println(text)
}

// maxPage is how many items the API answers at once.
const maxPage = 500

// list asks for up to limit items, page by page, and says whether there are
// more.
func (h *hub) list(ctx context.Context, path string, query url.Values, limit int) (items []json.RawMessage, more bool, err error) {
	for {
		query.Set("limit", strconv.Itoa(min(limit-len(items), maxPage)))
		var page struct {
			Items []json.RawMessage `json:"items"`
			Next  string            `json:"next"`
		}
		if err := h.get(ctx, path+"?"+query.Encode(), &page); err != nil {
			return nil, false, err
		}
		items = append(items, page.Items...)
		if page.Next == "" || len(items) >= limit {
			return items, page.Next != "", nil
		}
		query.Set("cursor", page.Next)
	}
}

// all decodes every item.
func all[T any](raw []json.RawMessage) ([]T, error) {
	out := make([]T, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
