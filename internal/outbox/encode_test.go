package outbox

import (
	"testing"

	same "passerelle/test/golden"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Entry", func(t *testing.T) { t.Parallel(); same.Check[Entry](t) })
}

func TestRowsAreReadAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Entry", func(t *testing.T) { t.Parallel(); same.CheckRead[Entry](t) })
}
