package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"

	"passerelle/internal/store"
)

// Policy is the kind of the lines with which a policy became active.
const Policy = "policy"

// LastPolicy is the line of the policy that became active last, false if none
// did. Where it stands is kept aside, since many lines may follow it; where that
// is lost, or was not kept yet, they are read back to it.
func LastPolicy(tx *store.Tx) (Line, bool, error) {
	if at, kept := latest.Get(tx, Policy); kept {
		l, ok, err := lines.Get(tx, string(at))
		if err == nil && ok && l.Kind == Policy {
			return l, true, nil
		}
	}
	for at, raw := range lines.Back(tx, "") {
		if !bytes.Contains(raw, []byte(`"kind":"`+Policy+`"`)) {
			continue
		}
		var l Line
		if err := json.Unmarshal(raw, &l); err != nil {
			return l, false, fmt.Errorf("line %x of the ledger cannot be read: %w", at, err)
		}
		if l.Kind == Policy {
			return l, true, nil
		}
	}
	return Line{}, false, nil
}
