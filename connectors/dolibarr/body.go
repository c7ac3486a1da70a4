package dolibarr

import (
	"fmt"
	"strings"
	"time"

	"passerelle/internal/bridge"
)

// maxLabel is the longest label and place of an event, in characters.
const maxLabel = 128

// callBody is a call as an event shows it. What no extra field takes stands in
// the note.
func (c *conn) callBody(w bridge.Write) map[string]any {
	call := w.Call
	outcome := string(call.Disposition)
	if theirs, ok := c.Call.Dispositions[outcome]; ok {
		outcome = theirs
	} else if other, ok := c.Call.Dispositions["*"]; ok {
		outcome = other
	}
	body := map[string]any{
		"type_code":    c.Call.Type,
		"label":        formStrict.write(clip(c.Call.Label+" : "+outcome, maxLabel)),
		"datep":        epoch(call.At),
		"datef":        epoch(call.At.Add(time.Duration(call.TalkS) * time.Second)),
		"percentage":   100, // done
		"note_private": formRich.write(strings.TrimSpace(call.Note + "\n" + fmt.Sprintf("%s (%s), tentative %d, %d s", outcome, call.Technical, call.Attempt, call.TalkS))),
	}
	c.option(body, c.Events.Disposition, formStrict.write(outcome))
	c.option(body, c.Events.Duration, fmt.Sprint(call.TalkS))
	return body
}

// meetingBody is an appointment as the event of it is made.
func (c *conn) meetingBody(m *bridge.Meeting) map[string]any {
	body := movedBody(m)
	body["type_code"] = c.Appointment.Type
	body["label"] = formStrict.write(clip(m.Subject, maxLabel))
	body["location"] = formStrict.write(clip(m.Place, maxLabel))
	body["note_private"] = formRich.write(m.Note)
	body["transparency"] = 1 // busy
	body["percentage"] = -1  // no progress to show
	return body
}

// movedBody is what a move changes: when an appointment is. What people wrote
// into it since is theirs.
func movedBody(m *bridge.Meeting) map[string]any {
	return map[string]any{
		"datep":        epoch(m.Slot.UTC),
		"datef":        epoch(m.Slot.UTC.Add(time.Duration(m.Slot.Minutes) * time.Minute)),
		"fulldayevent": 0,
	}
}

// clip keeps the beginning of a text, so many characters.
func clip(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
