package bridge

import (
	"testing"

	"passerelle/test/golden"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Outcome", func(t *testing.T) { t.Parallel(); golden.Check[Outcome](t) })
	t.Run("Lead", func(t *testing.T) { t.Parallel(); golden.Check[Lead](t) })
	t.Run("Write", func(t *testing.T) { t.Parallel(); golden.Check[Write](t) })
	t.Run("FieldChange", func(t *testing.T) { t.Parallel(); golden.Check[FieldChange](t) })
	t.Run("Refusal", func(t *testing.T) { t.Parallel(); golden.Check[Refusal](t) })
	t.Run("Ref", func(t *testing.T) { t.Parallel(); golden.Check[Ref](t) })
	t.Run("CallLog", func(t *testing.T) { t.Parallel(); golden.Check[CallLog](t) })
}

func TestRowsAreReadAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Lead", func(t *testing.T) { t.Parallel(); golden.CheckRead[Lead](t) })
	t.Run("Write", func(t *testing.T) { t.Parallel(); golden.CheckRead[Write](t) })
	t.Run("FieldChange", func(t *testing.T) { t.Parallel(); golden.CheckRead[FieldChange](t) })
	t.Run("Ref", func(t *testing.T) { t.Parallel(); golden.CheckRead[Ref](t) })
	t.Run("CallLog", func(t *testing.T) { t.Parallel(); golden.CheckRead[CallLog](t) })
}
