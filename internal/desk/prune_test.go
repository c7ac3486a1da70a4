package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

const term = 30 * 24 * time.Hour

// fataler is a test or a run of a property.
type fataler interface {
	Helper()
	Fatal(...any)
}

// reported is a call that was taken in, and the prospect it was to.
type reported struct {
	event bridge.CallEvent
	who   bridge.PersonID
	lead  bridge.LeadID
	ref   bridge.Ref
}

// Whatever is done on the floor, and whenever it is pruned: what is open or in
// use stays, nothing refers to something that is gone, objections bind, and a
// late repeat of a call whose prospect is gone finds nobody. In the end, when
// nothing keeps anybody any more, nothing of them is left.
func TestPruning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		f := twoCampaigns(t, filepath.Join(dir, fmt.Sprint(run)), policy.Campaign)
		defer f.store.Close()
		for _, campaign := range []bridge.CampaignID{spring, autumn} {
			if err := f.desk.TakeIn(context.Background(), campaign, f.selection(rt), bridge.Standard().Names()); err != nil {
				rt.Fatal(err)
			}
		}
		var calls []reported
		for i := range rapid.IntRange(1, 14).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"something", "something", "call", "call", "correct", "decide", "crm", "days", "years", "prune", "prune"}).Draw(rt, "what") {
			case "something":
				f.something(rt)
			case "call":
				calls = f.someCall(rt, i, calls)
			case "correct":
				id := rapid.SampledFrom(f.all()).Draw(rt, "lead").ID
				if _, err := f.desk.Correct(context.Background(), as("sam"), id, fmt.Sprint("fix", i), "customer", "because"); err != nil && !expected(err) {
					rt.Fatal(err)
				}
			case "decide":
				f.decideSome(rt)
			case "crm":
				f.confirmAll(rt)
			case "days":
				f.pass(time.Duration(rapid.IntRange(1, 60).Draw(rt, "days")) * 24 * time.Hour)
			case "years":
				f.endCampaigns()
				f.pass(2 * term)
			case "prune":
				f.pruneAndCheck(rt, calls)
			}
			if len(f.all()) == 0 {
				return
			}
		}
		f.emptyTheFloor(rt)
		f.pruneAndCheck(rt, calls)
		f.nothingIsLeft(rt)
	})
}

// someCall is a call, maybe with an appointment, or an addition to an earlier
// one.
func (f *floor) someCall(rt *rapid.T, n int, calls []reported) []reported {
	l := rapid.SampledFrom(f.all()).Draw(rt, "lead")
	c := reported{
		who: rapid.SampledFrom([]bridge.PersonID{"alice", "sam"}).Draw(rt, "who"), lead: l.ID, ref: l.Prospect,
		event: bridge.CallEvent{
			EventID: fmt.Sprint("call", n), Disposition: "in_discussion", OccurredAt: f.clock().AddDate(rapid.SampledFrom([]int{0, 0, -9, 9}).Draw(rt, "years off"), 0, 0),
			Fields: map[bridge.FieldName]any{"prospect.comment": fmt.Sprint("says ", n), "prospect.lead_status": fmt.Sprint("at ", n)},
		},
	}
	switch {
	case len(calls) > 0 && rapid.Bool().Draw(rt, "amends"):
		was := rapid.SampledFrom(calls).Draw(rt, "call")
		c.event.Amends, c.who, c.lead, c.ref = was.event.EventID, was.who, was.lead, was.ref
	case rapid.Bool().Draw(rt, "meeting"):
		at := f.clock().AddDate(0, 0, rapid.IntRange(1, 100).Draw(rt, "in days"))
		c.event.Disposition, c.event.Next = "appointment_set", &bridge.Next{Kind: bridge.NextAppointment, At: at.Format(time.RFC3339), With: "vera"}
	}
	switch _, err := f.record(c.who, c.event, c.lead); {
	case err == nil:
		return append(calls, c)
	case !expected(err):
		rt.Fatal(err)
	}
	return calls
}

func (f *floor) decideSome(rt *rapid.T) {
	for _, p := range f.proposals(rt) {
		ruling := rapid.SampledFrom([]Ruling{{Verb: Validate}, {Verb: Reject, Reason: "no"}, {Verb: Cancel, Reason: "no"}}).Draw(rt, "ruling")
		if _, err := f.desk.Decide(context.Background(), as("sue"), p.ID, ruling); err != nil && !expected(err) {
			rt.Fatal(err)
		}
	}
}

func (f *floor) proposals(rt *rapid.T) (out []bridge.Proposal) {
	f.reads(rt, func(tx *store.Tx) error {
		return proposals.Each(tx, "", "", func(_ string, p bridge.Proposal) (bool, error) {
			out = append(out, p)
			return true, nil
		})
	})
	return out
}

func (f *floor) reads(rt *rapid.T, fn func(*store.Tx) error) {
	rt.Helper()
	if err := f.store.View(fn); err != nil {
		rt.Fatal(err)
	}
}

// confirmAll has the CRM take everything that waits.
func (f *floor) confirmAll(rt fataler) {
	rt.Helper()
	for range 10 {
		err := f.store.Commit(context.Background(), func(tx *store.Tx) error {
			taken, _, err := outbox.Take(tx, crm, 1000, f.clock())
			if err != nil {
				return err
			}
			var ids []string
			for _, e := range taken {
				ids = append(ids, e.ID)
			}
			grant, err := outbox.Claim(tx, outbox.Ask{Connection: crm, Writer: "w", Entries: ids}, outbox.Terms{Timeout: time.Minute, Most: 1000}, f.clock())
			for _, item := range grant.Items {
				if err != nil || item.Verdict != outbox.Go {
					continue
				}
				var e outbox.Entry
				e, err = outbox.Settle(tx, grant.Fence, outbox.Result{Entry: item.Entry, State: connector.Stored, Begun: true}, f.clock(), true, nil)
				if err == nil {
					err = f.desk.Settled(tx, e)
				}
			}
			for _, id := range outbox.Ids(tx, crm, outbox.Relayed, 0) {
				err = errors.Join(err, outbox.Withdraw(tx, id, f.clock()))
			}
			return err
		})
		if err != nil {
			rt.Fatal(err)
		}
	}
}

func (f *floor) endCampaigns() {
	rules := *f.desk.Rules()
	rules.Campaigns = maps.Clone(rules.Campaigns)
	for id, c := range rules.Campaigns {
		if c.Ends.IsZero() {
			c.Ends = f.clock()
			rules.Campaigns[id] = c
		}
	}
	f.desk.Swap(f.desk.Rules(), &rules)
}

// prune runs every sweep to its end.
func (f *floor) prune(rt fataler) {
	rt.Helper()
	for _, step := range []func(context.Context, time.Time, string) (int, string, error){f.desk.PruneWrites, f.desk.PruneDecisions, f.desk.PruneProspects} {
		for from := ""; ; {
			_, next, err := step(context.Background(), f.clock().Add(-term), from)
			if err != nil {
				rt.Fatal(err)
			}
			if from = next; next == "" {
				break
			}
		}
	}
}

// picture is what pruning must leave alone.
type picture struct {
	open     []string
	objected map[string]bool
	kept     map[bridge.Ref]string // prospects that must stay, and why
}

func (f *floor) look(rt *rapid.T) (p picture) {
	p.objected, p.kept = f.indexed(objected.Raw), map[bridge.Ref]string{}
	young := f.clock().Add(-term)
	for _, e := range f.entries() {
		if !e.State.Final() {
			p.open = append(p.open, e.ID)
			p.kept[e.Write.Prospect] = "an open write"
		}
	}
	for _, q := range f.proposals(rt) {
		if q.State == bridge.Proposed || !q.CreatedAt.Before(young) || !q.DecidedAt.Before(young) {
			p.kept[q.Prospect] = "a proposal"
		}
	}
	for _, l := range f.all() {
		camp := f.desk.Rules().Campaigns[l.Campaign]
		switch {
		case l.Lease != nil || len(l.HeldBy) > 0:
			p.kept[l.Prospect] = "somebody has them"
		case !camp.Ended(f.clock()) && l.WithdrawnBy != leftSelection:
			p.kept[l.Prospect] = "a campaign"
		case !camp.Ends.IsZero() && !camp.Ends.Before(young):
			p.kept[l.Prospect] = "a campaign's end"
		}
	}
	f.reads(rt, func(tx *store.Tx) error {
		return outcomes.Each(tx, "", "", func(_ string, o bridge.Outcome) (bool, error) {
			if !o.ReceivedAt.Before(young) {
				p.kept[o.Prospect] = "a call"
			}
			return true, nil
		})
	})
	return p
}

func (f *floor) pruneAndCheck(rt *rapid.T, calls []reported) {
	rt.Helper()
	was := f.look(rt)
	f.prune(rt)
	now := f.look(rt)
	if diff := cmp.Diff(was.open, now.open); diff != "" {
		rt.Fatalf("open writes (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(was.objected, now.objected); diff != "" {
		rt.Fatalf("oppositions (-before +after):\n%s", diff)
	}
	there := f.indexed(prospects.Raw)
	for ref, why := range was.kept {
		if !there[ref.Key()] {
			rt.Fatalf("prospect %s is gone in spite of %s", ref.ID, why)
		}
	}
	f.nothingDangles(rt, there)
	f.indexesAgree(rt)
	for _, c := range calls {
		before := len(f.entries())
		r, err := f.record(c.who, c.event, c.lead)
		var missing *NotFound
		switch {
		case there[c.ref.Key()] && (err != nil || !r.Duplicate):
			rt.Fatalf("%s again: %+v, %v; want what was answered", c.event.EventID, r, err)
		case !there[c.ref.Key()] && !errors.As(err, &missing):
			rt.Fatalf("%s of somebody who is gone: %+v, %v; want to find nobody", c.event.EventID, r, err)
		case len(f.entries()) != before:
			rt.Fatalf("%s again is written again", c.event.EventID)
		}
	}
}

// nothingDangles checks that whatever names a record finds it.
func (f *floor) nothingDangles(rt *rapid.T, there map[string]bool) {
	rt.Helper()
	lead, call, proposal, event := f.indexed(leads.Raw), f.indexed(outcomes.Raw), f.indexed(proposals.Raw), f.indexed(events.Raw)
	cut := func(key string, back int) string { return key[:len(key)-back] }
	before, after := func(key string) string { b, _, _ := strings.Cut(key, "\x00"); return b },
		func(key string) string { return key[strings.LastIndexByte(key, 0)+1:] }
	for _, check := range []struct {
		what  string
		index store.Raw
		names func(string) string
		in    map[string]bool
	}{
		{"leads by prospect", byProspect, after, lead},
		{"prospects of leads", byProspect, func(k string) string { return cut(k, 1+len(after(k))) }, there},
		{"calls by lead", byLead, func(k string) string { return k[len(before(k))+9:] }, call},
		{"leads of calls", byLead, before, lead},
		{"proposals by prospect", proposalsOf, after, proposal},
		{"prospects of proposals", proposalsOf, func(k string) string { return cut(k, 1+len(after(k))) }, there},
		{"events by lead", eventsOf, func(k string) string { return k[len(before(k))+1:] }, event},
		{"leads of events", eventsOf, before, lead},
		{"leads of cards", shown.Raw, before, lead},
		{"leads on lists", pushes, before, lead},
		{"appointments", booked, func(k string) string { return k }, proposal},
		{"prospects of decisions", decisions.Raw, func(k string) string { return cut(k, 13) }, there},
	} {
		for key := range f.indexed(check.index) {
			if !check.in[check.names(key)] {
				rt.Fatalf("%s: %q names nothing", check.what, key)
			}
		}
	}
	written := map[string]bool{}
	for _, e := range f.entries() {
		written[e.ID] = true
	}
	for _, p := range f.proposals(rt) {
		if i := slices.IndexFunc(p.Entries, func(id string) bool { return !written[id] }); i >= 0 {
			rt.Fatalf("write %s of a proposal is gone", p.Entries[i])
		}
	}
}

// emptyTheFloor ends everything that keeps somebody.
func (f *floor) emptyTheFloor(rt *rapid.T) {
	rt.Helper()
	f.endCampaigns()
	f.pass(400 * 24 * time.Hour)
	if _, err := f.desk.ExpireLeases(context.Background()); err != nil {
		rt.Fatal(err)
	}
	if err := f.desk.ExpireProposals(context.Background(), f.clock()); err != nil {
		rt.Fatal(err)
	}
	items, _, err := f.desk.ToPush(context.Background(), spring, dial, "", 100)
	if err == nil {
		err = f.desk.Pushed(context.Background(), dial, items)
	}
	if err != nil {
		rt.Fatal(err)
	}
	f.confirmAll(rt)
	f.pass(2 * term)
}

func (f *floor) nothingIsLeft(rt *rapid.T) {
	rt.Helper()
	for what, table := range map[string]store.Raw{
		"prospects": prospects.Raw, "leads": leads.Raw, "calls": outcomes.Raw, "proposals": proposals.Raw, "events": events.Raw, "cards": shown.Raw,
		"decisions": decisions.Raw, "pushes": pushes, "calendar": calendar.Raw, "booked": booked, "proposals by state": byState,
		"writes": store.NewRaw("outbox.entries"), "expected values": store.NewRaw("outbox.seen"), "applied writes": store.NewRaw("outbox.by_applied"),
		"pseudonyms": store.NewRaw("ledger.pseudonyms"), "list": list, "leases": leases, "numbers": byNumber,
	} {
		if left := f.indexed(table); len(left) > 0 {
			rt.Fatalf("%s are left: %q", what, slices.Sorted(maps.Keys(left)))
		}
	}
}
