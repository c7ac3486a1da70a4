package sheet

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"
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

// feed is the calendar of a salesperson. Times are local with their zone
// described, so that every calendar shows the hour that was agreed.
func (c *calendars) feed(who string, lines func(yield func([]string) bool)) ([]byte, error) {
	var events bytes.Buffer
	zones := map[string]span{}
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
		zones[line[meetZone]] = zones[line[meetZone]].with(e.start)
		events.WriteString(e.text)
	}
	return assemble(who, zones, events.Bytes())
}

// assemble puts the events into the calendar's frame.
func assemble(who string, zones map[string]span, events []byte) ([]byte, error) {
	cal := ics.NewCalendarFor("Passerelle")
	cal.SetProductId("-//Passerelle//sheet//EN")
	cal.SetXWRCalName(who)
	for _, name := range slices.Sorted(maps.Keys(zones)) {
		cal.Components = append(cal.Components, timezone(name, zones[name]))
	}
	var b bytes.Buffer
	if err := cal.SerializeTo(&b, ics.WithNewLine("\r\n")); err != nil {
		return nil, err
	}
	const end = "END:VCALENDAR\r\n"
	b.Truncate(b.Len() - len(end))
	b.Write(events)
	b.WriteString(end)
	return b.Bytes(), nil
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
	const local = "20060102T150405"
	changed, err := time.Parse(time.RFC3339, line[meetChangedAt])
	if err != nil {
		changed = start
	}
	e := ics.NewEvent(line[meetID])
	e.SetDtStampTime(changed)
	e.SetProperty(ics.ComponentPropertyDtStart, start.Format(local), ics.WithTZID(line[meetZone]))
	if minutes, err := strconv.Atoi(line[meetMinutes]); err == nil && minutes > 0 {
		end := start.Add(time.Duration(minutes) * time.Minute)
		e.SetProperty(ics.ComponentPropertyDtEnd, end.Format(local), ics.WithTZID(line[meetZone]))
	}
	e.SetSequence(max(0, len(strings.Fields(line[meetOperations]))-1))
	status := ics.ObjectStatusConfirmed
	if line[meetState] == stateCancelled {
		status = ics.ObjectStatusCancelled
	}
	e.SetStatus(status)
	e.SetSummary(cmp.Or(unguard(line[meetSubject]), "Rendez-vous "+line[meetProspect]))
	if s := unguard(line[meetPlace]); s != "" {
		e.SetLocation(s)
	}
	e.SetDescription(strings.TrimPrefix(unguard(line[meetNote])+"\nProspect "+line[meetProspect], "\n"))
	return e.Serialize(&ics.SerializationConfiguration{MaxLength: 75, PropertyMaxLength: 75, NewLine: "\r\n"})
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
