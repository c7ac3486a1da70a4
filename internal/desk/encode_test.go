package desk

import (
	"testing"

	"passerelle/internal/appendjson/appendjsontest"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Receipt", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Receipt](t) })
	t.Run("Decision", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Decision](t) })
}
