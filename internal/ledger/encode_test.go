package ledger

import (
	"testing"

	"passerelle/internal/appendjson/appendjsontest"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Line", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Line](t) })
}
