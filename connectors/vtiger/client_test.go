package vtiger

import (
	"testing"

	"passerelle/internal/fault"
)

// A session that the server refuses in any of its words is replaced, once, and
// the request made again.
func TestARefusedSessionIsReplaced(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"SESSION_EXPIRED", "SESSION_LEFT_IDLE", "INVALID_SESSIONID", "AUTHENTICATION_REQUIRED", "AUTHENTICATION_FAILURE"} {
		err := refused("vtiger: check", code, "", true)
		if f := fault.Of(err); !sessionEnded(err) || f.Kind != fault.Unavailable || f.MayHaveApplied {
			t.Errorf("%s: %+v", code, f)
		}
	}
	if err := refused("vtiger: check", "ACCESS_DENIED", wordsHidden, true); sessionEnded(err) || fault.Of(err).Kind != fault.Rejected {
		t.Errorf("a record out of sight: %v", err)
	}
}

// Success with nothing to show is no empty list: a look-up would say that a
// write is absent, and it would be made twice.
func TestNothingIsNoEmptyList(t *testing.T) {
	t.Parallel()
	yes := true
	for _, result := range []string{"null", ""} {
		var rows []record
		err := envelope{Success: &yes, Result: []byte(result)}.read("vtiger: find", true, &rows)
		if f := fault.Of(err); err == nil || f.Kind != fault.Unavailable || !f.MayHaveApplied {
			t.Errorf("%q: %v", result, err)
		}
	}
	var rows []record
	if err := (envelope{Success: &yes, Result: []byte("[]")}).read("vtiger: find", false, &rows); err != nil {
		t.Error(err)
	}
}
