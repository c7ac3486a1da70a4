package connector

import (
	"time"

	"passerelle/internal/bridge"
)

// Twice says whether an appointment begins or ends at a time that the clocks of a
// zone show twice, as they do when summer time ends. A CRM that keeps the time
// of such a clock alone cannot tell which of the two is meant.
func Twice(s bridge.Slot, zone *time.Location) bool {
	return shownTwice(s.UTC.In(zone)) || shownTwice(s.UTC.Add(time.Duration(s.Minutes)*time.Minute).In(zone))
}

func shownTwice(at time.Time) bool {
	_, here := at.Zone()
	for _, near := range []time.Duration{-12 * time.Hour, 12 * time.Hour} {
		_, there := at.Add(near).Zone()
		other := at.Add(time.Duration(here-there) * time.Second)
		if here != there && other.Format(time.DateTime) == at.Format(time.DateTime) {
			return true
		}
	}
	return false
}
