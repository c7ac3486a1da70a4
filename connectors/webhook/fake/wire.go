package fake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxItems is the most that one push may hold.
const maxItems = 500

type item struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Card
}

type refusal struct {
	Index int    `json:"index"`
	Code  string `json:"code"`
	Error string `json:"error"`
}

// readItems reads a message and nothing it does not know.
func readItems(body []byte) ([]item, error) {
	var message struct {
		Items *[]item `json:"items"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&message); err != nil {
		return nil, fmt.Errorf("not a push: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the message")
	}
	if message.Items == nil {
		return nil, errors.New("items is missing")
	}
	if len(*message.Items) > maxItems {
		return nil, fmt.Errorf("%d items, at most %d", len(*message.Items), maxItems)
	}
	return *message.Items, nil
}

// check wants whole cards and bare withdrawals.
func (it item) check() error {
	for _, part := range []struct{ name, value string }{
		{"id", it.ID}, {"list", it.List}, {"campaign", it.Campaign}, {"lead", it.Lead}, {"prospect_id", it.ProspectID},
	} {
		if part.value == "" {
			return fmt.Errorf("%s is missing", part.name)
		}
	}
	switch it.Type {
	case "card.push":
		if it.Role == "" || it.Policy == "" || it.Fields == nil {
			return errors.New("a card has a role, a policy and fields")
		}
	case "card.withdraw":
		if it.Role != "" || it.Policy != "" || it.Fields != nil || it.Context != nil {
			return errors.New("a withdrawal holds nothing of a card")
		}
	default:
		return fmt.Errorf("type %q is neither card.push nor card.withdraw", it.Type)
	}
	return nil
}
