package vtiger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// The longest texts that the calendar's own columns keep, in characters.
const (
	maxSubject = 100
	maxPlace   = 150
)

// target is what an event is made for.
type target struct {
	events *module
	id     string // the prospect's, the vendor's
	link   string // the field that points to it
}

func (c *conn) target(ctx context.Context, op, prospect string) (target, error) {
	m, id, err := c.prospect(ctx, op, prospect)
	if err != nil {
		return target{}, err
	}
	events, err := c.describe(ctx, op, c.calendar())
	if err != nil {
		return target{}, err
	}
	for _, link := range []string{"parent_id", "rel_id", "contact_id", "cto_id"} {
		if slices.Contains(events.fields[link].refers, m.name) {
			return target{events, id, link}, nil
		}
	}
	return target{}, fault.Newf(fault.Rejected, op, "no field of %s points to %s", events.name, m.name)
}

// fits checks what the server does not: that the key may write each field of a
// new record, and that picklists have the values. Only duration_minutes takes
// more than its list, everywhere.
func (c *conn) fits(op string, m *module, element record) error {
	if !m.create {
		return fault.Newf(fault.Rejected, op, "the key may not create %s", m.name)
	}
	for _, name := range slices.Sorted(maps.Keys(element)) {
		value := element[name]
		if name == "duration_minutes" {
			value = ""
		}
		if err := m.mayWrite(name, value); err != nil {
			return fault.Newf(fault.Rejected, op, "%s: %w", m.name, err)
		}
	}
	return nil
}

// create makes an event and looks at what the answer shows of it. The server
// would hang it on a prospect that is gone, or keep another hour for it: such
// an event is taken away again.
func (c *conn) create(ctx context.Context, op string, t target, element record) (connector.Receipt, error) {
	stored, err := c.send(ctx, op, t.events, "create", "", element)
	if err != nil {
		if fault.Of(err).Kind == fault.Rejected {
			c.outdated(t.events.name)
		}
		return connector.Receipt{}, err
	}
	id := stored["id"]
	if !vendorID.MatchString(id) {
		return connector.Receipt{}, fault.Lost(op, fmt.Errorf("the answer shows no id of the new record"))
	}
	if stored[t.link] == "" {
		return connector.Receipt{}, c.takeBack(ctx, op, t.events, id, noRecord(op))
	}
	wrong := c.shifted(stored)
	if bent := c.bent(t.events, element, stored); wrong == "" && bent != "" {
		wrong = "the CRM did not keep " + bent + " of a new event as it was sent"
	}
	if wrong != "" {
		return connector.Receipt{}, c.takeBack(ctx, op, t.events, id, fault.Newf(fault.Permanent, op, "%s", wrong))
	}
	return connector.Receipt{State: connector.Stored, ExternalID: t.events.own(id)}, nil
}

// takeBack removes a new event that must not stay, and answers why with what
// became of it: one that is left bears our marks, so it would count as wanted.
func (c *conn) takeBack(ctx context.Context, op string, events *module, id string, why error) error {
	became := "the event was taken back"
	if err := c.remove(ctx, op, id); err != nil {
		became = fmt.Sprintf("the event %s could not be taken back, delete it in the CRM: %v", events.own(id), err)
	}
	f := *fault.Of(why)
	f.Err = fmt.Errorf("%w: %s", f.Err, became)
	return &f
}

// shifted says that a record which was written just now bears another time: its
// database is in another zone.
func (c *conn) shifted(stored record) string {
	off := c.ahead(stored)
	if off == 0 {
		return ""
	}
	return fmt.Sprintf("the site's database is %v away from %s: set zone to its $default_timezone", off, c.zone)
}

// ahead is how far a record's stamp lies after the clock that the server told
// with its last answer, to a quarter of an hour; 0 if either is not told.
func (c *conn) ahead(stored record) time.Duration {
	at, err := moment(stored[modified], c.zone)
	told := c.serverTime.Load()
	if err != nil || told == 0 {
		return 0
	}
	return at.Sub(time.Unix(told, 0)).Round(15 * time.Minute)
}

// bent names the first part of an event that must be kept as it was sent and
// was not. Of its texts only our marks must: a site may keep an emoji as
// question marks and a tag as entities.
func (c *conn) bent(events *module, element, stored record) string {
	for _, name := range differing(events, element, stored) {
		if slices.Contains(essential, name) {
			return name
		}
	}
	if sent := c.marks(element); !slices.Equal(sent, c.marks(stored)) {
		return c.Operation
	}
	return ""
}

var essential = []string{"date_start", "time_start", "due_date", "time_end", "dtstart", "dtend", "assigned_user_id", "activitytype", "eventstatus"}

// change writes to an event of ours and marks the operation in it.
func (c *conn) change(ctx context.Context, op string, events *module, rec record, operation bridge.OperationID, element record) (connector.Receipt, error) {
	receipt := connector.Receipt{State: connector.Stored, ExternalID: events.own(rec["id"])}
	if slices.Contains(c.marks(rec), string(operation)) {
		return receipt, nil
	}
	for _, name := range slices.Sorted(maps.Keys(element)) {
		value := element[name]
		if name == "duration_minutes" {
			value = ""
		}
		if err := events.mayWrite(name, value); err != nil {
			return receipt, fault.Newf(fault.Rejected, op, "%s: %w", events.name, err)
		}
	}
	stored, err := c.send(ctx, op, events, "revise", rec["id"], element)
	if err != nil {
		return receipt, c.denied(events, err)
	}
	if bent := c.bent(events, element, stored); bent != "" {
		c.outdated(events.name)
		return receipt, fault.Newf(fault.Rejected, op, "the CRM did not keep %s of the event as it was sent, though it answered success", bent)
	}
	return receipt, nil
}

// remove deletes a record; one that is gone is no error.
func (c *conn) remove(ctx context.Context, op, id string) error {
	err := c.call(ctx, op, write("delete", "id", id), new(any))
	if err = ofRecord(err); err != nil && fault.Of(err).NoRecord {
		return nil
	}
	return err
}

// span sets when an event begins and ends. Date and time go apart, both in the
// database's zone: near midnight both move. coreBOS has them in one field.
func (m *module) span(element record, start time.Time, length time.Duration) {
	from, to := start.In(m.zone), start.Add(length).In(m.zone)
	if _, joined := m.fields["dtstart"]; joined {
		element["dtstart"], element["dtend"] = from.Format(time.DateTime), to.Format(time.DateTime)
		return
	}
	element["date_start"], element["time_start"] = from.Format(time.DateOnly), from.Format(time.TimeOnly)
	element["due_date"], element["time_end"] = to.Format(time.DateOnly), to.Format(time.TimeOnly)
	element["duration_hours"] = fmt.Sprint(int(length.Hours()))
	element["duration_minutes"] = fmt.Sprint(int(length.Minutes()) % 60)
}

// spanFields are where an event's times stand.
func (m *module) spanFields() []string {
	if _, joined := m.fields["dtstart"]; joined {
		return []string{"dtstart", "dtend"}
	}
	return []string{"date_start", "time_start", "due_date", "time_end"}
}

// spanOf reads an event's times; ok is false for what has none.
func (m *module) spanOf(rec record) (from, to time.Time, ok bool) {
	first, last := rec["dtstart"], rec["dtend"]
	if _, joined := m.fields["dtstart"]; !joined {
		first, last = rec["date_start"]+" "+rec["time_start"], rec["due_date"]+" "+rec["time_end"]
	}
	from, err := moment(first, m.zone)
	if err != nil {
		return from, to, false
	}
	if to, err = moment(last, m.zone); err != nil || to.Before(from) {
		to = from
	}
	return from, to, true
}

func moment(text string, zone *time.Location) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateTime, text, zone)
	if err != nil {
		t, err = time.ParseInLocation("2006-01-02 15:04", strings.TrimSpace(text), zone)
	}
	return t.UTC(), err
}

// cut shortens a text to what a column keeps, by whole characters.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
