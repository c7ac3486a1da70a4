package governance

import (
	"fmt"

	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// isLast refuses the register's last line if the ledger says that another policy
// has become active since, or has never heard of it: lines were taken out of one
// of the two.
func isLast(tx *store.Tx, line Line) error {
	last, ok, err := ledger.LastPolicy(tx)
	if err != nil {
		return err
	}
	if !ok || last.Policy != line.Policy {
		return fmt.Errorf("the register ends with policy %s, and the ledger says that %s: lines are missing from one of them; put the store back from a backup with passerelle restore", line.Policy, became(last, ok))
	}
	return nil
}

func became(last ledger.Line, ok bool) string {
	if !ok {
		return "no policy has ever become active"
	}
	return fmt.Sprintf("policy %s has become active last (line %d)", last.Policy, last.N)
}

// Chained checks that the register has a line for each policy that became active
// by the ledger, in order, and no other. The error of one that has not is a
// *[ledger.BadLine].
func Chained(tx *store.Tx, found ledger.Verified) error {
	versions, err := Register(tx)
	if err != nil {
		return err
	}
	for i, l := range found.Policies {
		if i >= len(versions) || versions[i].Policy != l.Policy || versions[i].N != uint64(i)+1 {
			return &ledger.BadLine{N: l.N, Why: fmt.Sprintf("says that policy %s became active, and line %d of the register does not: put the store back from a backup with passerelle restore", l.Policy, i+1)}
		}
	}
	if more := len(found.Policies); len(versions) > more {
		return &ledger.BadLine{N: found.Lines + 1, Why: fmt.Sprintf("is missing: line %d of the register says that policy %s became active, and no line of the ledger does; put the store back from a backup with passerelle restore", versions[more].N, versions[more].Policy)}
	}
	return nil
}
