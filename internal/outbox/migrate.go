package outbox

import "passerelle/internal/store"

// Migrations bring the tables of earlier versions up to this one's: applied
// entries are found by when they were confirmed.
func Migrations() []store.Migration {
	return []store.Migration{{To: 2, Name: "outbox: applied writes by time", Step: entries.Walk(func(tx *store.Tx, _ string, e Entry) error {
		if e.State != Applied {
			return nil
		}
		return e.index(tx)
	})}}
}
