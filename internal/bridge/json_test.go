package bridge

import (
	"testing"

	"passerelle/internal/appendjson/appendjsontest"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Outcome", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Outcome](t) })
	t.Run("Lead", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Lead](t) })
	t.Run("Write", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Write](t) })
	t.Run("FieldChange", func(t *testing.T) { t.Parallel(); appendjsontest.Check[FieldChange](t) })
	t.Run("Refusal", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Refusal](t) })
	t.Run("Ref", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Ref](t) })
	t.Run("CallLog", func(t *testing.T) { t.Parallel(); appendjsontest.Check[CallLog](t) })
}
