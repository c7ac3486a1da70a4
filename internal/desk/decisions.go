package desk

import (
	"fmt"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Decision is what a decision read: names and scope attributes, so that a
// draft of a policy can decide it again. It never holds a value.
type Decision struct {
	At      time.Time          `json:"at"`
	Kind    string             `json:"kind"`
	Subject policy.Subject     `json:"subject"`
	Record  policy.Record      `json:"record"`
	Asked   []bridge.FieldName `json:"asked,omitempty"`
	Passed  []bridge.FieldName `json:"passed,omitempty"`
	Policy  string             `json:"policy"`
	Follows []bridge.FieldName `json:"follows,omitempty"` // may be written with it
	Meeting bool               `json:"meeting,omitempty"` // with an appointment
	Verb    policy.Action      `json:"verb,omitempty"`    // of an amendment: create or write
}

// decisions are kept by prospect, so that they can be erased with it.
var decisions = store.NewTable[Decision]("desk.decisions")

// decided keeps what a command on a lead's prospect was decided by.
func (c *command) decided(l bridge.Lead, d Decision) error {
	d.At, d.Subject, d.Policy = c.now.UTC(), c.who, c.Policy.Hash()
	if c.shading() {
		c.glimpse(c.again(l, d), true)
	}
	n, err := decisions.Next(c.tx)
	if err != nil {
		return err
	}
	return decisions.Put(c.tx, l.Prospect.Key()+"\x00"+fmt.Sprintf("%012x", n), d)
}

// decidedCall keeps what the call was decided by.
func (r *recording) decidedCall(kind string, passed []bridge.FieldName) error {
	return r.decided(r.lead, Decision{
		Kind: kind, Record: r.scope, Asked: r.gate.asked, Passed: passed, Follows: r.gate.follows, Meeting: r.meets(), Verb: r.verb,
	})
}

// decisionsAtOnce bounds how many decision records one snapshot reads.
const decisionsAtOnce = 2000

// Past gives visit the decisions since a moment, as a simulation wants them:
// prospect by prospect, a prospect's in order.
func (d *Desk) Past(since time.Time, visit func(policy.Past)) error {
	mapped := d.Rules().Mapped
	for from, more := "", true; more; {
		err := d.opts.Store.View(func(tx *store.Tx) (err error) {
			from, more, err = pastFrom(tx, from, since, mapped, visit)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func pastFrom(tx *store.Tx, from string, since time.Time, mapped map[bridge.ConnectionName]map[bridge.FieldName]bool, visit func(policy.Past)) (next string, more bool, err error) {
	n := 0
	err = decisions.Each(tx, "", from, func(key string, past Decision) (bool, error) {
		if n++; n > decisionsAtOnce {
			next, more = key, true
			return false, nil
		}
		if !past.At.Before(since) {
			prospect := key[:strings.LastIndex(key, "\x00")]
			mark, _ := ledger.Pseudonym(tx, prospect)
			connection, _, _ := strings.Cut(prospect, "\x00")
			past.Record.CRM = bridge.ConnectionName(connection)
			visit(past.again(mapped[past.Record.CRM], mark))
		}
		return true, nil
	})
	return next, more, err
}

// again is the decision as it can be taken again.
func (d Decision) again(mapped map[bridge.FieldName]bool, mark string) policy.Past {
	return policy.Past{
		At: d.At, Kind: d.Kind, Subject: d.Subject, Record: d.Record, Asked: d.Asked, Follows: d.Follows, Meeting: d.Meeting, Verb: d.Verb,
		Mapped: mapped, Mark: mark,
	}
}

// deeds are the commands that the ledger alone knows of, by the kinds of their
// lines, with what they hang on.
var deeds = map[string]policy.Deed{
	"oppose":         {Action: policy.Create, Object: bridge.Activity},
	"lift":           {Action: policy.Delete, Object: bridge.Activity},
	"reassign":       {Action: policy.Write, Object: bridge.CampaignObj},
	"close":          {Action: policy.Write, Object: bridge.CampaignObj},
	"handover later": {Action: policy.Write, Object: bridge.CampaignObj},
	"undo reassign":  {Action: policy.Write, Object: bridge.CampaignObj},
	"undo close":     {Action: policy.Write, Object: bridge.CampaignObj},
	"undo correct":   {Action: policy.Write, Object: bridge.CampaignObj},
	"resolve write":  {Action: policy.Write, Object: bridge.CampaignObj},
	"retry write":    {Action: policy.Write, Object: bridge.CampaignObj},
	"discard write":  {Action: policy.Write, Object: bridge.CampaignObj},
	"forget":         {Action: policy.Delete, Object: bridge.ProspectObj},
}

// Deeds gives visit the commands since a moment of which no decision is kept.
func (d *Desk) Deeds(since time.Time, visit func(policy.Deed)) error {
	from := uint64(0)
	for {
		var found []ledger.Line
		err := d.opts.Store.View(func(tx *store.Tx) (err error) {
			if from == 0 {
				if from, err = ledger.Since(tx, since); err != nil {
					return err
				}
			}
			found, err = ledger.Lines(tx, from, decisionsAtOnce)
			return err
		})
		if err != nil || len(found) == 0 {
			return err
		}
		for _, l := range found {
			deed, ok := deeds[l.Kind]
			if !ok || len(l.Records) == 0 && (l.Kind == string(policy.CommandReassign) || l.Kind == string(policy.CommandClose)) {
				continue // what moved no lead hung on nothing
			}
			deed.At, deed.Who, deed.Role, deed.Connection = l.At, l.Who, l.Role, l.Connection
			if len(l.Records) == 1 {
				deed.Mark = l.Records[0]
			}
			visit(deed)
		}
		from = found[len(found)-1].N + 1
	}
}
