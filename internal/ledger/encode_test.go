package ledger

import (
	"testing"

	"passerelle/test/agree"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Line", func(t *testing.T) { t.Parallel(); agree.Writes[Line](t) })
}
