package outbox

import (
	"bytes"
	"encoding/json"

	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Erased counts what [Forget] did.
type Erased struct {
	Ended     int // writes that had come to an end
	Discarded int // writes that were still to be made
	InFlight  int // of these: with a writer, so the CRM may still get them
	Kept      int // oppositions that the CRM must still hear of
}

// Of lists the entries of a prospect, ended ones too: it reads all there are.
func Of(tx *store.Tx, ref bridge.Ref) (ids []string, err error) {
	quoted, err := json.Marshal(ref.ID)
	if err != nil {
		return nil, err
	}
	for id, raw := range entries.Scan(tx, "", "") {
		if !bytes.Contains(raw, quoted) {
			continue // decoding is what takes time
		}
		var e struct{ Write struct{ Prospect bridge.Ref } }
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, err
		}
		if e.Write.Prospect == ref {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Refs tells fn of the prospect of every entry.
func Refs(tx *store.Tx, fn func(bridge.Ref)) error {
	return entries.Each(tx, "", "", func(_ string, e Entry) (bool, error) {
		fn(e.Write.Prospect)
		return true, nil
	})
}

// Forget erases the given entries of a prospect, its open ones and what is
// known of its fields. A claim on an erased entry is over: its report is
// refused. An opposition that the CRM has not confirmed stays, and nothing in
// it but what it takes to say so.
func Forget(tx *store.Tx, ref bridge.Ref, ended []string) (Erased, error) {
	var out Erased
	open, err := ofProspect(tx, ref, func(bridge.WriteKind, State) bool { return true })
	if err != nil {
		return out, err
	}
	for i := range open {
		e := &open[i]
		if e.Write.Kind == bridge.WriteOpposition {
			out.Kept++
			if err := e.bare(tx); err != nil {
				return out, err
			}
			continue
		}
		out.Discarded++
		if e.State == Sending {
			out.InFlight++
		}
		if err := e.erase(tx); err != nil {
			return out, err
		}
	}
	for _, id := range ended {
		e, ok, err := entries.Get(tx, id)
		if err != nil {
			return out, err
		}
		if !ok || e.Write.Prospect != ref || !e.State.Final() {
			continue
		}
		out.Ended++
		if err := e.erase(tx); err != nil {
			return out, err
		}
	}
	return out, forgetSeen(tx, ref)
}

// bare takes out of an opposition what only we know.
func (e *Entry) bare(tx *store.Tx) error {
	if _, code := bridge.Disposition(e.Write.Motive).Info(); !code {
		e.Write.Motive = "opposition"
	}
	e.Lead, e.Proposal, e.EventKey, e.Reason = "", "", "", ""
	return entries.Put(tx, e.ID, *e)
}

func (e *Entry) erase(tx *store.Tx) error {
	for _, err := range []error{
		e.leave(tx),
		byProspect.Delete(tx, prospectKey(e.Write.Prospect, e.ID)),
		entries.Delete(tx, e.ID),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func forgetSeen(tx *store.Tx, ref bridge.Ref) error {
	var keys []string
	for key := range seen.Scan(tx, seenKey(ref, ""), "") {
		keys = append(keys, key)
	}
	for _, key := range keys {
		if err := seen.Delete(tx, key); err != nil {
			return err
		}
	}
	return nil
}
