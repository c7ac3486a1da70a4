package sheet

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"passerelle/internal/ical"
)

// calendars are the .ics feeds, one a salesperson, made of appointments.csv.
type calendars struct {
	folder string
	events map[string]entry // by appointment
	stale  map[string]bool  // salespeople whose feed is behind
}

// entry is an appointment as its feed shows it.
type entry struct {
	start time.Time // in its zone
	text  string    // serialised
}

func newCalendars(folder string) *calendars {
	return &calendars{folder: folder, events: map[string]entry{}, stale: map[string]bool{}}
}

// reset forgets everything: each feed is made anew and written if it differs.
func (c *calendars) reset(lines func(yield func([]string) bool)) {
	clear(c.events)
	for line := range lines {
		c.stale[line[meetSalesperson]] = true
	}
}

// touch notes that an appointment changed; old is nil for a new one.
func (c *calendars) touch(old, line []string) {
	delete(c.events, line[meetID])
	c.stale[line[meetSalesperson]] = true
	if old != nil {
		c.stale[old[meetSalesperson]] = true
	}
}

// write brings the feeds up to date.
func (c *calendars) write(lines func(yield func([]string) bool)) error {
	for who := range c.stale {
		data, err := c.feed(who, lines)
		if err != nil {
			return err
		}
		if err := c.writeFeed(filepath.Join(c.folder, feedName(who)), data); err != nil {
			return err
		}
		delete(c.stale, who)
	}
	return nil
}

func (c *calendars) writeFeed(path string, data []byte) error {
	old, st, err := readStamped(path)
	if err != nil || st.info != nil && bytes.Equal(old, data) {
		return err
	}
	st.settled = true // nobody else writes it
	_, err = replaceFile(path, data, st)
	return err
}

// feed is the calendar of a salesperson.
func (c *calendars) feed(who string, lines func(yield func([]string) bool)) ([]byte, error) {
	out := ical.NewFeed("sheet", who)
	for line := range lines {
		if line[meetSalesperson] != who {
			continue
		}
		e, ok := c.events[line[meetID]]
		if !ok {
			start, err := startOf(line)
			if err != nil {
				continue // a person's typing: Check names the line
			}
			e = entry{start, event(line, start)}
			c.events[line[meetID]] = e
		}
		out.Add(e.start, e.text)
	}
	return out.Bytes()
}

func startOf(line []string) (time.Time, error) {
	zone, err := time.LoadLocation(line[meetZone])
	if err != nil || line[meetZone] == "" {
		return time.Time{}, fmt.Errorf("column «zone»: no IANA time zone like Europe/Paris")
	}
	for _, layout := range append([]string{localLayout}, timeLayouts...) {
		if t, err := time.ParseInLocation(layout, line[meetStart], zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("column «start_local»: not a local time like %s", localLayout)
}

func event(line []string, start time.Time) string {
	changed, err := time.Parse(time.RFC3339, line[meetChangedAt])
	if err != nil {
		changed = start
	}
	minutes, err := strconv.Atoi(line[meetMinutes])
	if err != nil {
		minutes = 0
	}
	return ical.Event{
		UID: line[meetID], Start: start, Minutes: minutes, Changed: changed,
		Sequence:    max(0, len(strings.Fields(line[meetOperations]))-1),
		Cancelled:   line[meetState] == stateCancelled,
		Summary:     cmp.Or(unguard(line[meetSubject]), "Rendez-vous "+line[meetProspect]),
		Place:       unguard(line[meetPlace]),
		Description: strings.TrimPrefix(unguard(line[meetNote])+"\nProspect "+line[meetProspect], "\n"),
	}.Text()
}

// feedName is the file of a salesperson's feed. A name that cannot be a file's
// gets a mark that keeps it apart from others.
func feedName(who string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, who)
	clean = strings.TrimLeft(strings.TrimSpace(clean), ".")
	if runes := []rune(clean); len(runes) > 80 {
		clean = string(runes[:80])
	}
	switch {
	case who == "":
		clean = "unassigned"
	case clean != who:
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(who))
		clean = fmt.Sprintf("%s-%08x", clean, sum.Sum32())
	}
	return clean + ".ics"
}
