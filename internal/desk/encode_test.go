package desk

import (
	"testing"

	"passerelle/test/golden"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Receipt", func(t *testing.T) { t.Parallel(); golden.Check[Receipt](t) })
	t.Run("Decision", func(t *testing.T) { t.Parallel(); golden.Check[Decision](t) })
}
