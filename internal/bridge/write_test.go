package bridge_test

import (
	"testing"

	"passerelle/internal/bridge"
)

func TestEvent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		write      bridge.Write
	}{
		{"a call", "op1", bridge.Write{Operation: "op1", Kind: bridge.WriteActivity, Call: &bridge.CallLog{}}},
		{"a call's revision", "op1", bridge.Write{Operation: "op2", Kind: bridge.WriteActivity, Call: &bridge.CallLog{Revises: "op1"}}},
		{"an appointment", "m1", bridge.Write{Operation: "op3", Kind: bridge.WriteMeeting, Meeting: &bridge.Meeting{ID: "m1"}}},
		{"an appointment's end", "m1", bridge.Write{Operation: "op4", Kind: bridge.WriteCancel, Meeting: &bridge.Meeting{ID: "m1"}}},
		{"fields", "", bridge.Write{Operation: "op5", Kind: bridge.WriteFields}},
		{"an opposition", "", bridge.Write{Operation: "op6", Kind: bridge.WriteOpposition}},
		{"a call without its content", "", bridge.Write{Operation: "op7", Kind: bridge.WriteActivity}},
	} {
		if got := c.write.Event(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
