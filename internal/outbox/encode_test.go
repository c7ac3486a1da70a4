package outbox

import (
	"testing"

	"passerelle/internal/appendjson/appendjsontest"
)

func TestRowsAreWrittenAsEncodingJSONWould(t *testing.T) {
	t.Parallel()
	t.Run("Entry", func(t *testing.T) { t.Parallel(); appendjsontest.Check[Entry](t) })
}
