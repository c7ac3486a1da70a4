package bridge

import (
	"testing"

	"passerelle/test/agree"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Outcome", func(t *testing.T) { t.Parallel(); agree.Writes[Outcome](t) })
	t.Run("Lead", func(t *testing.T) { t.Parallel(); agree.Writes[Lead](t) })
	t.Run("Write", func(t *testing.T) { t.Parallel(); agree.Writes[Write](t) })
	t.Run("FieldChange", func(t *testing.T) { t.Parallel(); agree.Writes[FieldChange](t) })
	t.Run("Refusal", func(t *testing.T) { t.Parallel(); agree.Writes[Refusal](t) })
	t.Run("Ref", func(t *testing.T) { t.Parallel(); agree.Writes[Ref](t) })
	t.Run("CallLog", func(t *testing.T) { t.Parallel(); agree.Writes[CallLog](t) })
}

func TestRowsAreReadAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Lead", func(t *testing.T) { t.Parallel(); agree.Reads[Lead](t) })
	t.Run("Write", func(t *testing.T) { t.Parallel(); agree.Reads[Write](t) })
	t.Run("FieldChange", func(t *testing.T) { t.Parallel(); agree.Reads[FieldChange](t) })
	t.Run("Ref", func(t *testing.T) { t.Parallel(); agree.Reads[Ref](t) })
	t.Run("CallLog", func(t *testing.T) { t.Parallel(); agree.Reads[CallLog](t) })
}
