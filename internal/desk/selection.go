package desk

import (
	"context"
	"maps"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/connector"
	"passerelle/internal/outbox"
)

// TakeIn takes a page of a campaign's selection in: prospects as the CRM shows
// them now, their leads, and who has left. asked are the fields that the CRM
// was asked for.
func (d *Desk) TakeIn(ctx context.Context, campaign bridge.CampaignID, page connector.Page, asked []bridge.FieldName) error {
	for found := range slices.Chunk(page.Prospects, atOnce) {
		changed, err := d.changed(campaign, found, asked)
		if err == nil && len(changed) > 0 {
			err = d.takeIn(ctx, campaign, changed, asked)
		}
		if err != nil {
			return err
		}
	}
	crm := d.Rules().Campaigns[campaign].CRM
	var gone []bridge.LeadID
	for _, id := range page.Gone {
		gone = append(gone, leadIn(campaign, crm, id))
	}
	return d.left(ctx, gone)
}

// atOnce is how many leads one transaction takes: the plateau's commands go in
// between.
const atOnce = 100

// changed are those of whom the store does not say the same already: most rounds
// find nobody, and that must cost the plateau no commit.
func (d *Desk) changed(campaign bridge.CampaignID, found []bridge.Prospect, asked []bridge.FieldName) (out []bridge.Prospect, err error) {
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		readable := c.Policy.NeededOf(c.Policy.Paths()...)
		for _, p := range found {
			same, err := c.knows(campaign, p, asked, readable)
			if err != nil {
				return err
			}
			if !same {
				out = append(out, p)
			}
		}
		return nil
	})
	return out, err
}

func (d *Desk) takeIn(ctx context.Context, campaign bridge.CampaignID, found []bridge.Prospect, asked []bridge.FieldName) error {
	read := parseNumbers(found) // slow: not while the plateau waits
	return d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
		readable := c.Policy.NeededOf(c.Policy.Paths()...)
		for _, p := range found {
			if err := c.takeIn(campaign, p, asked, readable, read); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *command) takeIn(campaign bridge.CampaignID, p bridge.Prospect, asked, readable []bridge.FieldName, read numbersOf) error {
	if c.forgot(p.Ref) {
		return nil // the CRM still has them
	}
	known, ok, err := prospects.Get(c.tx, p.Ref.Key())
	if err != nil {
		return err
	}
	p.Fields = merged(known, ok, p, asked, readable)
	if err := prospects.Put(c.tx, p.Ref.Key(), p); err != nil {
		return err
	}
	if err := c.takeInLead(campaign, p, read.of(p)); err != nil {
		return err
	}
	switch mark := p.Fields[bridge.FieldDoNotCall]; {
	case unclear(mark):
		return c.leave(LeadOf(campaign, p.Ref), unclearMark)
	case mark != "true":
		return nil
	}
	// Never the other way round: a flag that somebody took off in the CRM does
	// not lift what a person said.
	return c.opposePerson(p.Ref, c.marked(p))
}

// unclearMark marks leads that are not called because nobody knows what the
// CRM's mark against it means. Once it can be read they come back.
const unclearMark = "do_not_call cannot be read"

// unclear says whether a mark is neither yes nor no: «since March» may mean no.
func unclear(mark bridge.Value) bool { return mark != "" && mark != "false" && mark != "true" }

// marked is the opposition of a prospect whom the CRM marks as not to be called.
// The same id each time: a mark that a supervisor has lifted stays lifted.
func (c *command) marked(p bridge.Prospect) calling.Opposition {
	return calling.Opposition{
		ID: c.hideID("do_not_call " + p.Ref.Key()), Scope: calling.ScopePerson, At: p.ReadAt, Motive: "marked in " + string(p.Ref.Connection),
	}
}

// readAgain is how old the time of a read gets when nothing was found new since.
const readAgain = 7 * 24 * time.Hour

// knows says whether taking the prospect in would change nothing but the time of
// the read. What that is for, to tell our own writes from other people's, it can
// do as well when it is older, unless we may have written meanwhile.
func (c *command) knows(campaign bridge.CampaignID, p bridge.Prospect, asked, readable []bridge.FieldName) (bool, error) {
	if c.forgot(p.Ref) {
		return true, nil
	}
	known, ok, err := prospects.Get(c.tx, p.Ref.Key())
	if err != nil || !ok || p.ReadAt.Sub(known.ReadAt) > readAgain || micros(p.Modified) != micros(known.Modified) {
		return false, err
	}
	fields := merged(known, ok, p, asked, readable)
	if !maps.Equal(known.Fields, fields) {
		return false, nil
	}
	if written, err := outbox.WrittenSince(c.tx, p.Ref, known.ReadAt); err != nil || written {
		return false, err
	}
	l, ok, err := leads.Get(c.tx, string(LeadOf(campaign, p.Ref)))
	if err != nil || !ok || l.WithdrawnBy == leftSelection {
		return false, err
	}
	switch mark := fields[bridge.FieldDoNotCall]; {
	case unclear(mark):
		return l.WithdrawnBy != "" || done(l), nil
	case mark != "true":
		return l.WithdrawnBy != unclearMark, nil
	}
	said, _, err := objected.Get(c.tx, c.personKey(p.Ref))
	return slices.ContainsFunc(said, func(o calling.Opposition) bool { return o.ID == c.marked(p).ID }), err
}

// merged is what is known of a prospect after a read. What nobody may read any
// more is not kept from earlier reads.
func merged(known bridge.Prospect, ok bool, p bridge.Prospect, asked, readable []bridge.FieldName) map[bridge.FieldName]bridge.Value {
	fields := maps.Clone(p.Fields)
	if ok || fields == nil {
		fields = overlay(known.Fields, fields, asked)
	}
	maps.DeleteFunc(fields, func(name bridge.FieldName, _ bridge.Value) bool {
		_, ok := slices.BinarySearch(readable, name)
		return !ok
	})
	return fields
}

// overlay is what is known of a prospect with the asked fields as just read: a
// field that was asked for and not answered is empty now.
func overlay(known, read map[bridge.FieldName]bridge.Value, asked []bridge.FieldName) map[bridge.FieldName]bridge.Value {
	out := make(map[bridge.FieldName]bridge.Value, len(known)+len(read))
	maps.Copy(out, known)
	for _, name := range asked {
		delete(out, name)
	}
	maps.Copy(out, read)
	return out
}

func (c *command) takeInLead(campaign bridge.CampaignID, p bridge.Prospect, numbers []string) error {
	id := LeadOf(campaign, p.Ref)
	l, known, err := leads.Get(c.tx, string(id))
	if err != nil {
		return err
	}
	if !known {
		l = bridge.Lead{
			ID: id, Campaign: campaign, Prospect: p.Ref, Team: c.campaign(campaign).Team,
			State: bridge.LeadWaiting, Numbers: numbers, CreatedAt: c.now.UTC(),
		}
		if err := c.keep(nil, l); err != nil {
			return err
		}
	}
	if l.WithdrawnBy == leftSelection || l.WithdrawnBy == unclearMark && !unclear(p.Fields[bridge.FieldDoNotCall]) {
		was := l
		l.WithdrawnBy = ""
		if l.State == bridge.LeadWithdrawn {
			l.State = bridge.LeadWaiting
		}
		if err := c.keep(&was, l); err != nil {
			return err
		}
	}
	return c.callOn(p, numbers)
}

// callOn gives all leads of a prospect their numbers: the other campaigns' reads
// will find the prospect as it is known then.
func (c *command) callOn(p bridge.Prospect, numbers []string) error {
	for _, id := range suffixes(c.tx, byProspect, p.Ref.Key()+"\x00") {
		c.prospectSighted(bridge.LeadID(id), p)
		l, err := c.lead(bridge.LeadID(id))
		if err != nil {
			return err
		}
		if slices.Equal(l.Numbers, numbers) {
			continue
		}
		was := l
		l.Numbers = numbers
		if err := c.keep(&was, l); err != nil {
			return err
		}
	}
	return nil
}

// phones are the fields that hold numbers to call.
var phones = []bridge.FieldName{bridge.FieldPhone, bridge.FieldMobile}

// numbersOf knows the numbers that texts hold.
type numbersOf map[bridge.Value][]calling.Number

func parseNumbers(found []bridge.Prospect) numbersOf {
	out := numbersOf{}
	for _, p := range found {
		for _, name := range phones {
			text := p.Fields[name]
			if _, known := out[text]; !known {
				out[text], _ = calling.ParseAll(string(text), region)
			}
		}
	}
	return out
}

// of are the prospect's phone numbers in E.164. One that cannot be read is left
// out: the CRM's field stays as it is.
func (known numbersOf) of(p bridge.Prospect) []string {
	var out []string
	for _, name := range phones {
		text := p.Fields[name]
		found, ok := known[text]
		if !ok { // kept from an earlier read
			found, _ = calling.ParseAll(string(text), region)
		}
		for _, n := range found {
			if !slices.Contains(out, string(n)) {
				out = append(out, string(n))
			}
		}
	}
	return out
}

// leftSelection marks leads whose prospect is no longer in the selection.
const leftSelection = "selection"

func leadIn(campaign bridge.CampaignID, crm bridge.ConnectionName, prospect string) bridge.LeadID {
	return LeadOf(campaign, bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: prospect})
}

// left withdraws leads whose prospects are no longer in the selection.
func (d *Desk) left(ctx context.Context, gone []bridge.LeadID) error {
	for ids := range slices.Chunk(gone, atOnce) {
		err := d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
			for _, id := range ids {
				if err := c.leave(id, leftSelection); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leave withdraws a lead for as long as why holds: its prospect has left, or
// perhaps must not be called. One that is done with stays as it is: to come back
// must not make it callable again. One whose proposal waits is withdrawn when
// that comes to nothing.
func (c *command) leave(id bridge.LeadID, why string) error {
	l, known, err := leads.Get(c.tx, string(id))
	if err != nil || !known || done(l) || l.WithdrawnBy != "" && l.WithdrawnBy != unclearMark {
		return err
	}
	if l.State == bridge.LeadPending {
		was := l
		l.WithdrawnBy = why
		return c.keep(&was, l)
	}
	return c.withdraw(id, why)
}

// mayReturn says whether what withdrew a lead may bring it back.
func mayReturn(l bridge.Lead) bool {
	return l.WithdrawnBy == leftSelection || l.WithdrawnBy == unclearMark
}

// done says whether a lead has come to its end.
func done(l bridge.Lead) bool { return l.State == bridge.LeadFinished || l.State == bridge.LeadClosed }

// Unread withdraws the leads of a campaign whose prospects a whole read has not
// met.
func (d *Desk) Unread(ctx context.Context, campaign bridge.CampaignID, met func(bridge.LeadID) bool) error {
	for after := ""; ; {
		var gone []bridge.LeadID
		err := d.look(bridge.Actor{Operator: true}, func(c *command) (err error) {
			gone, after, err = c.unread(met, campaign, after)
			return err
		})
		if err == nil {
			err = d.left(ctx, gone)
		}
		if err != nil || after == "" {
			return err
		}
	}
}

// lookedAtOnce is how many keys of the list one snapshot is kept open for.
const lookedAtOnce = 10_000

// unread looks for leads of a campaign that have left, some at a time.
func (c *command) unread(met func(bridge.LeadID) bool, campaign bridge.CampaignID, after string) (gone []bridge.LeadID, next string, err error) {
	ids, next := c.leadsAfter(campaign, after, lookedAtOnce)
	for _, id := range ids {
		if met(id) {
			continue
		}
		l, err := c.lead(id)
		if err != nil {
			return nil, "", err
		}
		if (l.WithdrawnBy == "" || l.WithdrawnBy == unclearMark) && !done(l) {
			gone = append(gone, id)
		}
	}
	return gone, next, nil
}
