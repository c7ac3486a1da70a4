package dolibarr

import (
	"encoding/json"
	"time"
)

// place is how far the reading of a selection is; as JSON it is the cursor.
//
// Two ways of reading take turns. A full one goes by id and shows who is in the
// selection: Dolibarr moves no date and leaves no trace when a third party joins
// or leaves a category. An incremental one goes by (time of change, id) from
// where the last reading ended.
type place struct {
	Full  bool  `json:"full,omitempty"`
	After int64 `json:"after,omitempty"` // the id that was read last
	Since int64 `json:"since,omitempty"` // epoch seconds, of the server's clock: the change read last, or the newest when a full reading began
	Done  int64 `json:"done,omitempty"`  // epoch seconds, of ours: the beginning of the last full reading
	Count int64 `json:"count,omitempty"` // members at that time, -1 where Dolibarr does not say
	Under bool  `json:"under,omitempty"` // a reading is under way
}

// overlap is how far an incremental reading goes back: a transaction that was
// open then may show changes older than those already read.
const overlap = time.Minute

func parsePlace(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	var p place
	err := json.Unmarshal([]byte(cursor), &p)
	return p, err
}

func (p place) String() string {
	raw, _ := json.Marshal(p) // numbers and booleans
	return string(raw)
}

// due says whether the next reading is to be a full one: after a while, and as
// soon as the number of members shows that some left or, in a category, joined.
// Who joins the selection of everybody is new and read anyway.
func (p place) due(now time.Time, every time.Duration, count int64, category bool) bool {
	return p.Done == 0 || now.Unix()-p.Done >= int64(every/time.Second) || count < p.Count || category && count > p.Count
}

// next is the place behind a record, false if that is none further on. It is so
// in the hour that the server's clock shows twice, where only a full reading
// comes to an end.
func (p place) next(id, changed int64) (place, bool) {
	further := p.Full && id > p.After || !p.Full && (changed > p.Since || changed == p.Since && id > p.After)
	p.After = id
	if !p.Full {
		p.Since = changed
	}
	return p, further
}

// from is the moment from which an incremental reading begins. Where the
// server's clock has been set back since, as it is each autumn, the hour that it
// shows twice is read again.
func (p place) from(now time.Time, zone *time.Location) time.Time {
	from := time.Unix(p.Since, 0).Add(-overlap).In(zone)
	_, then := from.Zone()
	if _, today := now.In(zone).Zone(); today < then {
		from = from.Add(time.Duration(today-then) * time.Second)
	}
	return from
}
