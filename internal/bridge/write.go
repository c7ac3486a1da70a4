package bridge

import "time"

// WriteKind is what a write does in the CRM.
type WriteKind string

// The kinds of writes.
const (
	WriteActivity   WriteKind = "activity"           // log a call, or revise its log
	WriteFields     WriteKind = "fields"             // change fields of the prospect
	WriteMeeting    WriteKind = "appointment"        // put a validated appointment in the calendar
	WriteMove       WriteKind = "appointment_move"   // move one
	WriteCancel     WriteKind = "appointment_cancel" // cancel one
	WriteOpposition WriteKind = "opposition"         // mark the prospect as not to be called
)

// WriteKinds lists them all.
func WriteKinds() []WriteKind {
	return []WriteKind{WriteActivity, WriteFields, WriteMeeting, WriteMove, WriteCancel, WriteOpposition}
}

// Urgency ranks kinds: the lower goes first.
func (k WriteKind) Urgency() int {
	switch k {
	case WriteOpposition:
		return 0
	case WriteMeeting, WriteMove, WriteCancel:
		return 1
	case WriteActivity:
		return 2
	}
	return 3
}

// FieldChange is one field of a write. The CRM must hold Expected (or already
// Value) for it to be written: anything else is a conflict for a supervisor.
type FieldChange struct {
	Name     FieldName `json:"name"`
	Value    Value     `json:"value"`
	Expected Value     `json:"expected"`
	Author   PersonID  `json:"author"`
	Policy   string    `json:"policy"`
	CardAt   time.Time `json:"card_at"` // start of the CRM read behind the author's card
}

// CallLog is a call as the CRM's history shows it.
type CallLog struct {
	At          time.Time   `json:"at"`
	Attempt     int         `json:"attempt"`
	TalkS       int         `json:"talk_s"`
	Technical   Technical   `json:"technical"`
	Disposition Disposition `json:"disposition"`
	Note        string      `json:"note,omitempty"`
	Caller      PersonID    `json:"caller"`
	Revises     OperationID `json:"revises,omitempty"` // the operation that first logged this call
}

// Write is one admitted change bound for the CRM.
type Write struct {
	Operation OperationID   `json:"operation"`
	Kind      WriteKind     `json:"kind"`
	Prospect  Ref           `json:"prospect"`
	Author    PersonID      `json:"author"`
	CRMUser   string        `json:"crm_user,omitempty"` // the author's user id in the CRM
	Call      *CallLog      `json:"call,omitempty"`     // of an activity
	Fields    []FieldChange `json:"fields,omitempty"`   // of fields
	Meeting   *Meeting      `json:"meeting,omitempty"`  // of an appointment, its move or its end
	Motive    string        `json:"motive,omitempty"`   // of an opposition or a cancellation
}

// Event is our id of the call or appointment that a write makes or changes: of
// a call the operation that first logged it. "" where it changes the prospect.
func (w Write) Event() string {
	switch {
	case w.Kind == WriteActivity && w.Call != nil && w.Call.Revises != "":
		return string(w.Call.Revises)
	case w.Kind == WriteActivity && w.Call != nil:
		return string(w.Operation)
	case w.Meeting != nil:
		return w.Meeting.ID
	}
	return ""
}
