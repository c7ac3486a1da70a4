package ledger

import (
	"testing"

	"passerelle/test/golden"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Line", func(t *testing.T) { t.Parallel(); golden.Check[Line](t) })
}
