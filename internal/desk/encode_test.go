package desk

import (
	"testing"

	"passerelle/test/agree"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Receipt", func(t *testing.T) { t.Parallel(); agree.Writes[Receipt](t) })
	t.Run("Decision", func(t *testing.T) { t.Parallel(); agree.Writes[Decision](t) })
}
