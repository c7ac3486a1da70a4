package outbox

import (
	"testing"

	"passerelle/test/agree"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Entry", func(t *testing.T) { t.Parallel(); agree.Writes[Entry](t) })
}

func TestRowsAreReadAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Entry", func(t *testing.T) { t.Parallel(); agree.Reads[Entry](t) })
}
