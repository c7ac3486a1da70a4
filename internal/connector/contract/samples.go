package contract

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"passerelle/internal/bridge"
)

// counter makes the operation ids of the suite distinct.
var counter atomic.Int64

func operation() bridge.OperationID {
	return bridge.Operation(connection, fmt.Sprint("event-", counter.Add(1)), "contract", 0)
}

var callAt = time.Date(2026, 3, 29, 0, 59, 58, 0, time.UTC) // an hour before Paris skips one

// writeOf makes a write of a kind, with everything it can hold.
func (o *opened) writeOf(kind bridge.WriteKind, prospect string) bridge.Write {
	w := bridge.Write{
		Operation: operation(), Kind: kind,
		Prospect: bridge.Ref{Connection: connection, Object: bridge.ProspectObj, ID: prospect},
		Author:   "alice", CRMUser: o.CRM.Users[0],
	}
	switch kind {
	case bridge.WriteActivity:
		w.Call = &bridge.CallLog{
			At: callAt, Attempt: 2, TalkS: 83, Technical: bridge.Answered,
			Disposition: bridge.DispNotInterested, Note: noteCanary, Caller: "alice",
		}
	case bridge.WriteMeeting, bridge.WriteMove, bridge.WriteCancel:
		w.Meeting = meeting(w.Operation, o.CRM.Users[1], slotAt("Europe/Paris", "2026-10-25T09:30:00", 45))
	case bridge.WriteOpposition:
		w.Motive = "asked by letter"
	}
	return w
}

// noteCanary is in every call the suite logs, and in no error.
const noteCanary = "canari-note ne rappeler que le mardi"

func meeting(op bridge.OperationID, user string, slot bridge.Slot) *bridge.Meeting {
	return &bridge.Meeting{
		ID:          "meeting-" + strings.ToLower(string(op)),
		Slot:        slot,
		Salesperson: "bob", CRMUser: user, Subject: "Présentation", Place: "12 rue de l’Été", Note: noteCanary, ValidatedBy: "claire",
	}
}

// change makes a write of one field.
func (o *opened) change(prospect string, field bridge.FieldName, value, expected bridge.Value) bridge.Write {
	w := o.writeOf(bridge.WriteFields, prospect)
	w.Fields = []bridge.FieldChange{{Name: field, Value: value, Expected: expected, Author: "alice"}}
	return w
}

// slotAt is a time of a place. Naming a zone or a time that does not exist is a
// mistake of the suite.
func slotAt(zone, local string, minutes int) bridge.Slot {
	at, err := time.ParseInLocation(localLayout, local, place(zone))
	if err != nil {
		panic(err)
	}
	return bridge.Slot{Local: local, Zone: zone, UTC: at.UTC(), Minutes: minutes}
}

const localLayout = "2006-01-02T15:04:05"

func place(zone string) *time.Location {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return loc
}
