package outbox

import (
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Take moves up to room pending entries of a connection to relayed, the most
// urgent prospect's first and each prospect's in order, and answers them. Next
// is when to look again if entries were passed over because their time has not
// come (zero: none).
func Take(tx *store.Tx, c bridge.ConnectionName, room int, now time.Time) (taken []Entry, next time.Time, err error) {
	return TakeRank(tx, c, urgencies-1, room, now)
}

// TakeRank is [Take] of those prospects only whose most urgent entry is of a
// rank or a more urgent one.
func TakeRank(tx *store.Tx, c bridge.ConnectionName, rank, room int, now time.Time) (taken []Entry, next time.Time, err error) {
	met := map[string]bool{}
	from := ""
	for len(taken) < room && len(met) < scanAtMost {
		var prospects []string
		prospects, from = waiting(tx, c, rank, from, room, met)
		for _, key := range prospects {
			if len(taken) >= room {
				return taken, next, nil
			}
			ref, err := bridge.ParseRef(key)
			if err != nil {
				return nil, next, err
			}
			got, later, err := takeProspect(tx, ref, room-len(taken), now)
			if err != nil {
				return nil, next, err
			}
			taken = append(taken, got...)
			if !later.IsZero() && (next.IsZero() || later.Before(next)) {
				next = later
			}
		}
		if from == "" {
			break
		}
	}
	return taken, next, nil
}

// scanAtMost bounds how many prospects one Take looks at when most of them
// have to wait.
const scanAtMost = 50_000

// waiting lists up to room prospects, not met before, that have pending
// entries of a rank or a more urgent one, from an index key on; it answers where
// to go on, "" at the end.
func waiting(tx *store.Tx, c bridge.ConnectionName, rank int, from string, room int, met map[string]bool) (prospects []string, next string) {
	prefix := statePrefix(c, Pending)
	for k, ref := range byState.Scan(tx, prefix, from) {
		if int(k[len(prefix)]-'0') > rank {
			break
		}
		if len(prospects) >= room {
			return prospects, k
		}
		if key := string(ref); !met[key] {
			met[key] = true
			prospects = append(prospects, key)
		}
	}
	return prospects, ""
}

func takeProspect(tx *store.Tx, ref bridge.Ref, room int, now time.Time) (taken []Entry, later time.Time, err error) {
	for _, id := range nextOf(tx, ref, room) {
		e, _, err := entries.Get(tx, id)
		if err != nil {
			return nil, later, err
		}
		if e.NotUntil.After(now) {
			return taken, e.NotUntil, e.waitAnew(tx, now)
		}
		if err := e.move(tx, Relayed, now); err != nil {
			return nil, later, err
		}
		taken = append(taken, e)
	}
	return taken, later, nil
}

// waitAnew begins an entry's wait again where it was put off by a clock that has
// been set back since: by that one it could be long.
func (e *Entry) waitAnew(tx *store.Tx, now time.Time) error {
	if !e.Changed.After(now) {
		return nil
	}
	e.NotUntil = now.Add(e.NotUntil.Sub(e.Changed))
	e.Changed = now
	return entries.Put(tx, e.ID, *e)
}

// nextOf lists up to room pending entries of a prospect, oldest first, up to
// one that a writer has: its report will wake us.
func nextOf(tx *store.Tx, ref bridge.Ref, room int) (ids []string) {
	prefix := prospectKey(ref, "")
	for k, v := range byProspect.Scan(tx, prefix, "") {
		_, state, _ := strings.Cut(string(v), " ")
		if State(state) == Sending || len(ids) >= room {
			break
		}
		if State(state) == Pending {
			ids = append(ids, k[len(prefix):])
		}
	}
	return ids
}

// Heads answers the oldest entry of each rank that a connection has in a state
// that is not final, the most urgent rank first; "" where there is none.
func Heads(tx *store.Tx, c bridge.ConnectionName, s State) []string {
	heads := make([]string, urgencies)
	for rank := range heads {
		prefix := statePrefix(c, s) + string(rune('0'+rank))
		for k := range byState.Scan(tx, prefix, "") {
			heads[rank] = k[len(prefix):]
			break
		}
	}
	return heads
}

// Ids lists the entries of a connection in a state that is not final, the most
// urgent first, at most limit (0: all).
func Ids(tx *store.Tx, c bridge.ConnectionName, s State, limit int) []string {
	prefix := statePrefix(c, s)
	var ids []string
	for k := range byState.Scan(tx, prefix, "") {
		ids = append(ids, k[len(prefix)+1:])
		if limit > 0 && len(ids) >= limit {
			break
		}
	}
	return ids
}

// Trouble is what the CRM said to the oldest of the writes that are to be tried
// again, "" if there is none.
func Trouble(tx *store.Tx, c bridge.ConnectionName) (string, error) {
	for _, id := range Ids(tx, c, Pending, mostTried) {
		if e, ok, err := entries.Get(tx, id); err != nil || ok && e.Reason != "" {
			return e.Reason, err
		}
	}
	return "", nil
}

// mostTried bounds how many writes are looked at for one that was tried: those
// stand in front.
const mostTried = 100

// Count says how many entries a connection has in each state that is not
// final, and since when the oldest of those on their way waits.
func Count(tx *store.Tx, c bridge.ConnectionName) (counts map[State]int, oldest time.Time, err error) {
	counts = map[State]int{}
	first := ""
	for _, s := range States() {
		if s.Final() {
			continue
		}
		for urgency := range urgencies {
			prefix := statePrefix(c, s) + string(rune('0'+urgency))
			n, key := byState.Count(tx, prefix)
			if n == 0 {
				continue
			}
			counts[s] += n
			if id := key[len(prefix):]; (s.onTheWay() || s == Sent) && (first == "" || id < first) {
				first = id
			}
		}
	}
	if first != "" {
		e, _, err := entries.Get(tx, first)
		return counts, e.Created, err
	}
	return counts, oldest, nil
}

// urgencies is how many ranks of urgency writes have.
const urgencies = 4

// Filter chooses entries of a list.
type Filter struct {
	Connection bridge.ConnectionName // "" is any
	State      State                 // "" is any
	Prospect   *bridge.Ref           // nil is any
	After      string                // an entry's id: what comes behind it
	Limit      int                   // 0 is 100
}

// List answers entries by age, oldest first, and whether there are more.
func List(tx *store.Tx, f Filter) (out []Entry, more bool, err error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	if f.State != "" && !f.State.Final() {
		return f.listOpen(tx)
	}
	err = entries.Each(tx, "", f.After, func(id string, e Entry) (bool, error) {
		if id == f.After || !f.matches(e) {
			return true, nil
		}
		if len(out) == f.Limit {
			more = true
			return false, nil
		}
		out = append(out, e)
		return true, nil
	})
	return out, more, err
}

// listOpen finds the entries in the index: few are open, and all are kept.
func (f Filter) listOpen(tx *store.Tx) (out []Entry, more bool, err error) {
	var ids []string
	for k := range byState.Scan(tx, "", "") {
		parts := strings.SplitN(k, "\x00", 3)
		if id := parts[2][1:]; State(parts[1]) == f.State && id > f.After {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		e, _, err := entries.Get(tx, id)
		if err != nil {
			return nil, false, err
		}
		if !f.matches(e) {
			continue
		}
		if len(out) == f.Limit {
			return out, true, nil
		}
		out = append(out, e)
	}
	return out, false, nil
}

func (f Filter) matches(e Entry) bool {
	return (f.Connection == "" || e.Connection() == f.Connection) &&
		(f.State == "" || e.State == f.State) &&
		(f.Prospect == nil || e.Write.Prospect == *f.Prospect)
}
