package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

type forgetCmd struct {
	Prospect string `arg:"" help:"connection/object/id, like crm.main/prospect/123, or the id of one of their leads."`
	Motive   string `required:"" placeholder:"TEXT" help:"Why. It stays in the ledger for good: it must not name them."`
}

// forgotten is what was done, as the API says it.
type forgotten struct {
	Done      bool           `json:"done"`
	Since     time.Time      `json:"since"`
	Already   bool           `json:"already"`
	Erased    map[string]int `json:"erased"`
	Discarded int            `json:"discarded_writes"`
	Copies    []string       `json:"copies_removed"`
	Remaining []string       `json:"remaining"`
}

func (c forgetCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	var raw json.RawMessage
	body := map[string]string{"prospect": c.Prospect, "motive": c.Motive}
	if err := h.patient().post(ctx, "/v1/forget", body, &raw); err != nil {
		return err
	}
	return answer(s, raw, s.forgotten)
}

func (s *session) forgotten(f forgotten) error {
	if err := s.println(f.summary()); err != nil {
		return err
	}
	if f.Discarded > 0 {
		if err := s.printf("The CRM will not get %d writes of them.\n", f.Discarded); err != nil {
			return err
		}
	}
	if len(f.Copies) > 0 {
		if err := s.printf("Removed copies of the store: %s.\n", strings.Join(f.Copies, ", ")); err != nil {
			return err
		}
	}
	if err := s.println("Left to do:"); err != nil {
		return err
	}
	for _, one := range f.Remaining {
		if err := s.println("-", one); err != nil {
			return err
		}
	}
	return nil
}

// summary says what was erased.
func (f forgotten) summary() string {
	if len(f.Erased) == 0 && f.Already {
		return "They were forgotten before, on " + moment(f.Since) + "."
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(f.Erased)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, f.Erased[kind]))
	}
	text := "Erased: " + strings.Join(parts, ", ") + "."
	if !f.Done {
		text += " Not all is done yet: the bridge carries on by itself."
	}
	return text
}
