package desk

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/faultpoint"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// forgetting is what is kept of a forgotten prospect, under a keyed hash: no
// pull brings them back, and a restore of an older backup forgets them again.
type forgetting struct {
	At time.Time `json:"at"`
	// Ref is who it is, until nothing of them is to be done any more: what is
	// left of their erasure, an opposition that the CRM has not confirmed, lists
	// that they have not left.
	Ref *bridge.Ref `json:"ref,omitempty"`
	// Who is what texts may name them by, until those have been looked through.
	Who *Clues `json:"who,omitempty"`
	// Clean says that the file was compacted since: an erased record lies in its
	// free room until then.
	Clean bool `json:"clean,omitempty"`
}

// forgettings is by keyed hash, whose text form is what backups list.
var forgettings = store.NewTable[forgetting]("desk.forgotten")

func (d *Desk) forgottenKey(ref bridge.Ref) string { return d.hide("forgotten " + ref.Key()) }

// forgot says whether the bridge was told to forget a prospect.
func (c *command) forgot(ref bridge.Ref) bool { return forgettings.Has(c.tx, c.forgottenKey(ref)) }

// ofForgotten says whether an event reports on a forgotten prospect.
func (c *command) ofForgotten(e bridge.CallEvent) bool {
	camp, ok := c.Campaigns[e.Campaign]
	return ok && e.ProspectID != "" && c.forgot(bridge.Ref{Connection: camp.CRM, Object: bridge.ProspectObj, ID: e.ProspectID})
}

// Erasure is what a command to forget has done, in numbers.
type Erasure struct {
	Since   time.Time // when it was first told to
	Already bool      // before this command
	// Erased counts records by kind.
	Erased map[string]int
	// Discarded are writes that the CRM will not get; InFlight those of them that
	// a writer had: the CRM may still show them.
	Discarded, InFlight int
	// Opposing are oppositions that the CRM must still confirm.
	Opposing int
	// Listed are the platforms that must still confirm that they took the
	// prospect off their lists.
	Listed []bridge.ConnectionName
}

// Waits says whether something of the prospect is kept until somebody confirms.
func (e Erasure) Waits() bool { return e.Opposing > 0 || len(e.Listed) > 0 }

// Find settles whom a text means: connection/object/id, or the id of a lead.
func (d *Desk) Find(record string) (ref bridge.Ref, err error) {
	parts := strings.SplitN(record, "/", 3)
	if len(parts) == 3 {
		return bridge.Ref{Connection: bridge.ConnectionName(parts[0]), Object: bridge.Object(parts[1]), ID: parts[2]}, nil
	}
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		l, err := c.lead(bridge.LeadID(record))
		ref = l.Prospect
		return err
	})
	return ref, err
}

// Forget erases a prospect in every table of the desk and of the outbox. What it
// cannot do at once (another system must confirm) and what was written beside
// it, [Desk.EndForgetting] does, once the texts that nobody understood have been
// looked through for them. Repeating it is harmless.
func (d *Desk) Forget(ctx context.Context, actor bridge.Actor, ref bridge.Ref, motive string) (Erasure, error) {
	t, err := d.tracesOf(ref)
	if err != nil {
		return Erasure{}, err
	}
	var out Erasure
	err = d.run(ctx, actor, func(c *command) (err error) {
		out, err = c.forget(t, motive)
		return err
	})
	faultpoint.Hit("desk.forget.erased")
	return out, err
}

func (c *command) forget(t traces, motive string) (Erasure, error) {
	if strings.TrimSpace(motive) == "" {
		return Erasure{}, &Invalid{"motive", phrase{"say why: it stays in the ledger, so it names nobody", "dites pourquoi : cela reste au registre, sans nommer personne"}}
	}
	known, already, err := forgettings.Get(c.tx, c.forgottenKey(t.ref))
	if err != nil {
		return Erasure{}, err
	}
	if !c.actor.Operator {
		if err := c.need(policy.Delete, bridge.ProspectObj, c.scopeOfProspect(t.ref), phrase{"have a prospect forgotten", "faire oublier un prospect"}); err != nil {
			return Erasure{}, err
		}
	}
	switch {
	case already && known.Ref == nil:
		return Erasure{Since: known.At, Already: true, Erased: map[string]int{}}, nil
	case !already && !c.known(t):
		return Erasure{}, &NotFound{noProspect, strings.ReplaceAll(t.ref.Key(), "\x00", "/")} // as [Desk.Find] reads it
	}
	if err := c.offLine(t.ref); err != nil {
		return Erasure{}, err
	}
	if !already {
		if err := c.spend(policy.CommandForget, 1); err != nil {
			return Erasure{}, err
		}
		known.At = c.now.UTC()
		if err := c.note("forget", motive, nil, t.ref.Key()); err != nil {
			return Erasure{}, err
		}
	}
	if known.Who == nil && !already {
		who, err := c.clues(t.ref)
		if err != nil {
			return Erasure{}, err
		}
		known.Who = &who
	}
	known.Ref, known.Clean = &t.ref, false
	if err := forgettings.Put(c.tx, c.forgottenKey(t.ref), known); err != nil {
		return Erasure{}, err
	}
	out, err := c.uproot(t)
	out.Since, out.Already = known.At, already
	return out, err
}

// known says whether anything is kept of the prospect.
func (c *command) known(t traces) bool {
	_, lead := first(c.tx, byProspect, t.ref.Key()+"\x00", "")
	_, proposal := first(c.tx, proposalsOf, t.ref.Key()+"\x00", "")
	return lead || proposal || len(t.entries) > 0 || prospects.Has(c.tx, t.ref.Key())
}

// offLine refuses while somebody has the prospect on their line: their report
// is still to come, and could not be kept.
func (c *command) offLine(ref bridge.Ref) error {
	for _, id := range suffixes(c.tx, byProspect, ref.Key()+"\x00") {
		l, err := c.lead(bridge.LeadID(id))
		if err != nil {
			return err
		}
		if c.onLine(l) {
			return &Clash{phrase{
				"{who} has this prospect on the line until {until}: wait for the end of the call",
				"{who} a ce prospect en ligne jusqu'à {until} : attendez la fin de l'appel",
			}.With("{who}", l.Lease.Person, "{until}", l.Lease.Until.Format(time.RFC3339))}
		}
	}
	return nil
}

// scopeOfProspect is what rights on a prospect as a whole are decided by: those
// of its first lead.
func (c *command) scopeOfProspect(ref bridge.Ref) policy.Record {
	for _, id := range suffixes(c.tx, byProspect, ref.Key()+"\x00") {
		if l, p, err := c.load(bridge.LeadID(id)); err == nil {
			return c.record(l, p)
		}
	}
	return policy.Record{}
}

// uproot removes what is there of the prospect and notes which lists they are
// to leave.
func (c *command) uproot(t traces) (Erasure, error) {
	out := Erasure{Erased: c.counts(t.ref)}
	if err := c.hushObjections(t.ref); err != nil {
		return out, err
	}
	if err := c.leaveLists(t.ref); err != nil {
		return out, err
	}
	gone, err := c.erase(t.ref, t.entries)
	if err != nil {
		return out, err
	}
	out.Discarded, out.InFlight, out.Opposing = gone.Discarded, gone.InFlight, gone.Kept
	out.Erased["writes"] = gone.Ended + gone.Discarded
	out.Listed, err = c.stillListed(t.ref)
	maps.DeleteFunc(out.Erased, func(_ string, n int) bool { return n == 0 })
	return out, err
}

// EndForgetting erases what came beside a [Desk.Forget], and once nobody has to
// confirm anything any more, who it was. It answers what is still waited for.
func (d *Desk) EndForgetting(ctx context.Context, ref bridge.Ref) (Erasure, error) {
	t, err := d.tracesOf(ref)
	if err != nil {
		return Erasure{}, err
	}
	var out Erasure
	err = d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		key := c.forgottenKey(ref)
		known, ok, err := forgettings.Get(c.tx, key)
		if err != nil || !ok || known.Ref == nil {
			return err
		}
		if out, err = c.uproot(t); err != nil {
			return err
		}
		if known.Who == nil && out.Waits() {
			return nil // nothing new
		}
		known.Who, known.Clean = nil, false
		if !out.Waits() {
			known.Ref = nil
		}
		return forgettings.Put(c.tx, key, known)
	})
	faultpoint.Hit("desk.forget.ended")
	return out, err
}

// Forgetting lists those whose forgetting can be carried on, by what texts name
// them by, and says whether the store must be compacted because of somebody.
func (d *Desk) Forgetting() (who []Clues, unclean bool, err error) {
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		return forgettings.Each(c.tx, "", "", func(_ string, f forgetting) (bool, error) {
			unclean = unclean || !f.Clean
			switch {
			case f.Who != nil:
				who = append(who, *f.Who)
			case f.Ref != nil:
				listed, err := c.stillListed(*f.Ref)
				if err != nil {
					return false, err
				}
				if len(listed) == 0 && !outbox.HasOpen(c.tx, *f.Ref) {
					who = append(who, Clues{Ref: *f.Ref})
				}
			}
			return true, nil
		})
	})
	return who, unclean, err
}

// Cleaned compacts the store by the given function, if somebody was erased since
// it last was, and notes that nothing of them is left in it.
func (d *Desk) Cleaned(ctx context.Context, compact func(context.Context) error) error {
	before := map[string]bool{} // whether it is known who it is
	err := d.look(bridge.Actor{Operator: true}, func(c *command) error {
		return forgettings.Each(c.tx, "", "", func(key string, f forgetting) (bool, error) {
			if !f.Clean {
				before[key] = f.Ref != nil
			}
			return true, nil
		})
	})
	if err != nil || len(before) == 0 {
		return err
	}
	if err := compact(ctx); err != nil {
		return err
	}
	faultpoint.Hit("desk.forget.compacted")
	return d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error { return c.cleaned(before) })
}

// cleaned notes that the store was compacted. Whoever came to their end
// meanwhile waits for the next time: who they are was still copied.
func (c *command) cleaned(before map[string]bool) error {
	for key, known := range before {
		f, ok, err := forgettings.Get(c.tx, key)
		if err != nil {
			return err
		}
		if !ok || (f.Ref != nil) != known {
			continue
		}
		f.Clean = true
		if err := forgettings.Put(c.tx, key, f); err != nil {
			return err
		}
	}
	return nil
}

// ForgottenIDs lists the keyed hashes of everybody forgotten, in hex: what a
// backup says so that a restore of an older one forgets them again.
func ForgottenIDs(tx *store.Tx) []string {
	out := []string{}
	for key := range forgettings.Scan(tx, "", "") {
		out = append(out, hexOf(key))
	}
	return out
}

// Mark marks as forgotten those of the keyed hashes, in hex, whom the store does
// not know, and answers the others: they are still to be forgotten.
func (d *Desk) Mark(ctx context.Context, hashes []string) ([]bridge.Ref, error) {
	wanted := map[string]bool{}
	for _, text := range hashes {
		key, err := hex.DecodeString(text)
		if err != nil || len(key) != len(d.hide("")) {
			return nil, errors.New("a list of forgotten ids holds something else")
		}
		wanted[string(key)] = true
	}
	found := map[string]bridge.Ref{}
	err := d.look(bridge.Actor{Operator: true}, func(c *command) error {
		return c.everybody(func(ref bridge.Ref) {
			if key := c.forgottenKey(ref); wanted[key] {
				found[key] = ref
			}
		})
	})
	if err != nil {
		return nil, err
	}
	refs := slices.SortedFunc(maps.Values(found), func(a, b bridge.Ref) int { return cmp.Compare(a.Key(), b.Key()) })
	return refs, d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		for key := range wanted {
			if _, there := found[key]; there || forgettings.Has(c.tx, key) {
				continue
			}
			if err := forgettings.Put(c.tx, key, forgetting{At: c.now.UTC(), Clean: true}); err != nil {
				return err
			}
		}
		return nil
	})
}

// everybody tells fn of each prospect that anything is kept of, some repeatedly.
func (c *command) everybody(fn func(bridge.Ref)) error {
	tell := func(key string) {
		if ref, err := bridge.ParseRef(key); err == nil {
			fn(ref)
		}
	}
	for key := range prospects.Scan(c.tx, "", "") {
		tell(key)
	}
	for _, index := range []store.Raw{byProspect, proposalsOf, decisions.Raw} {
		for key := range index.Scan(c.tx, "", "") {
			tell(key[:max(0, strings.LastIndexByte(key, 0))])
		}
	}
	return outbox.Refs(c.tx, fn)
}
