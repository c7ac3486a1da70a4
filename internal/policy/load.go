package policy

import (
	"errors"

	"passerelle/internal/bridge"
)

// Load reads a policy's text (YAML, see the package's documentation) against
// the catalog of fields. On error there is no policy, and the error holds every
// finding with file, line and column.
func Load(file string, text []byte, catalog bridge.Catalog) (*Policy, error) {
	return nil, errors.New("policy: the language is not read yet")
}
