package desk

import (
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// Migrations bring the desk's tables of earlier versions up to this one's. seal
// is the data key.
func Migrations(seal secret.Key) []store.Migration {
	return slices.Concat(listMigrations(), []store.Migration{
		{To: 2, Name: "desk: oppositions name no record and no event", Step: objected.Walk(func(tx *store.Tx, key string, o calling.Oppositions) error {
			return renameOppositions(tx, seal, key, o)
		})},
		{To: 2, Name: "desk: proposals by prospect", Step: proposals.Walk(func(tx *store.Tx, _ string, p bridge.Proposal) error {
			return proposalsOf.Put(tx, p.Prospect.Key()+"\x00"+string(p.ID), nil)
		})},
		{To: 2, Name: "desk: events by lead", Step: events.Walk(indexEvent)},
		{To: 3, Name: "desk: calls in the order of time", Step: outcomes.Walk(func(tx *store.Tx, _ string, o bridge.Outcome) error { return enter(tx, o) })},
	})
}

// indexEvent enters an event that no outcome names.
func indexEvent(tx *store.Tx, key string, r Receipt) error {
	o, _, err := outcomes.Get(tx, string(r.ID))
	if err != nil || r.Lead == "" || o.EventKey == key {
		return err
	}
	return eventsOf.Put(tx, string(r.Lead)+"\x00"+key, nil)
}

// renameOppositions hides what oppositions were named by before: the prospect
// or the event.
func renameOppositions(tx *store.Tx, seal secret.Key, key string, o calling.Oppositions) error {
	sealed, ok := keys.Get(tx, hiddenName)
	if !ok {
		return nil // nothing was opposed without it
	}
	hidden, err := seal.Open(sealed, []byte(hiddenName))
	if err != nil {
		return err
	}
	d := Desk{hidden: hidden}
	changed := calling.Oppositions{}
	for _, one := range o {
		if strings.ContainsRune(one.ID, 0) {
			one.ID = d.hideID(one.ID)
		}
		changed = append(changed, one)
	}
	return objected.Put(tx, key, calling.Merge(nil, changed))
}
