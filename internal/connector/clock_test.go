package connector

import (
	"testing"
	"time"

	"passerelle/internal/bridge"
)

func TestTwice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		zone, at string
		minutes  int
		want     bool
	}{
		{"Europe/Paris", "2026-10-24T23:59:59Z", 0, false}, // 01:59:59
		{"Europe/Paris", "2026-10-25T00:00:00Z", 0, true},
		{"Europe/Paris", "2026-10-25T01:59:59Z", 0, true},
		{"Europe/Paris", "2026-10-25T02:00:00Z", 0, false}, // 03:00
		{"Europe/Paris", "2026-10-24T23:30:00Z", 45, true}, // until 02:15
		{"Europe/Paris", "2026-10-24T23:30:00Z", 180, false},
		{"Europe/Paris", "2026-03-29T00:30:00Z", 0, false},
		{"Europe/Paris", "2026-03-29T01:30:00Z", 0, false},
		{"Europe/Paris", "2026-07-14T12:00:00Z", 0, false},
		{"Australia/Lord_Howe", "2026-04-04T14:45:00Z", 0, true}, // half an hour: 01:45, twice
		{"Australia/Lord_Howe", "2026-04-04T15:15:00Z", 0, true},
		{"Australia/Lord_Howe", "2026-04-04T15:45:00Z", 0, false},
		{"America/Martinique", "2026-10-25T00:30:00Z", 0, false},
		{"UTC", "2026-10-25T00:30:00Z", 0, false},
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Twice(bridge.Slot{UTC: at, Minutes: tc.minutes}, zone); got != tc.want {
			t.Errorf("%s in %s: %v", tc.at, tc.zone, got)
		}
	}
}
