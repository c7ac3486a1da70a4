package config

import (
	"testing"
	"time"
)

func TestTerm(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 31, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct{ before string }{
		"12h":  {"2027-03-31T00:00:00Z"},
		"30d":  {"2027-03-01T12:00:00Z"},
		"12mo": {"2026-03-31T12:00:00Z"},
		"3 y":  {"2024-03-31T12:00:00Z"},
		"":     {}, "0d": {}, "-1d": {}, "3": {}, "3w": {}, "1.5y": {}, "99999d": {},
	}
	for text, tt := range tests {
		var term Term
		err := term.DecodeText(text, "")
		if (err != nil) != (tt.before == "") {
			t.Errorf("%q: %v", text, err)
		}
		if got := term.Before(now).Format(time.RFC3339); err == nil && got != tt.before {
			t.Errorf("%s before %v is %s, want %s", text, now, got, tt.before)
		}
	}
}

// What the config does not say is the law's and the DPO's usual term.
func TestRetention(t *testing.T) {
	t.Parallel()
	const base = "hub: h\nconnections: {phoning.console: {type: console}}\n"
	cfg, err := Parse("passerelle.yaml", []byte(base))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Retention{Parked: Term{days: 30}, Writes: Term{days: 7}, Decisions: Term{days: 90}, Prospects: Term{years: 3}, Access: Term{months: 12}}); cfg.Retention != want {
		t.Errorf("%+v, want %+v", cfg.Retention, want)
	}
	cfg, err = Parse("passerelle.yaml", []byte(base+"retention: {prospects: 18mo, writes: 36h}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Retention{Parked: Term{days: 30}, Writes: Term{hours: 36 * time.Hour}, Decisions: Term{days: 90}, Prospects: Term{months: 18}, Access: Term{months: 12}}); cfg.Retention != want {
		t.Errorf("%+v, want %+v", cfg.Retention, want)
	}
	if _, err := Parse("passerelle.yaml", []byte(base+"retention: {prospects: forever}\n")); err == nil {
		t.Error("a term that is none is taken")
	}
}
