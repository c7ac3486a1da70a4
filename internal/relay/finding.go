package relay

import (
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
	"passerelle/internal/store"
)

// Tally is how often a CRM did something that it should not have.
type Tally struct {
	Finding outbox.Finding `json:"finding"`
	Count   int            `json:"count"`
	First   time.Time      `json:"first"`
	Last    time.Time      `json:"last"`
	Entry   string         `json:"entry"` // the last one's
}

// tallies is by connection and finding.
var tallies = store.NewTable[Tally]("relay.findings")

func tallyKey(c bridge.ConnectionName, f outbox.Finding) string {
	return string(c) + "\x00" + string(f)
}

// Tallies lists what was found of a connection.
func Tallies(tx *store.Tx, c bridge.ConnectionName) (out []Tally, err error) {
	err = tallies.Each(tx, string(c)+"\x00", "", func(_ string, t Tally) (bool, error) {
		out = append(out, t)
		return true, nil
	})
	return out, err
}

// found counts what the CRM got wrong with a write, and says it once that is
// kept.
func (l *lane) found(tx *store.Tx, f outbox.Finding, entry string) error {
	now := l.now()
	t, known, err := tallies.Get(tx, tallyKey(l.Name, f))
	if err != nil {
		return err
	}
	if !known {
		t = Tally{Finding: f, First: now}
	}
	t.Count, t.Last, t.Entry = t.Count+1, now, entry
	tx.OnCommit(func() {
		if l.relay.opts.Found != nil {
			l.relay.opts.Found(l.Name, f)
		}
		l.relay.opts.Log.Warn("the CRM got a write wrong", "connection", l.Name, "entry", entry, "kind", f)
	})
	return tallies.Put(tx, tallyKey(l.Name, f), t)
}
