package desk

import (
	"context"
	"maps"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/connector"
)

// TakeIn takes a page of a campaign's selection in: prospects as the CRM shows
// them now, their leads, and who has left. asked are the fields that the CRM
// was asked for.
func (d *Desk) TakeIn(ctx context.Context, campaign bridge.CampaignID, page connector.Page, asked []bridge.FieldName) error {
	for found := range slices.Chunk(page.Prospects, atOnce) {
		read := parseNumbers(found) // slow: not while the plateau waits
		err := d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
			readable := c.Policy.NeededOf(c.Policy.Paths()...)
			for _, p := range found {
				if err := c.takeIn(campaign, p, asked, readable, read); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return d.left(ctx, campaign, page.Gone)
}

// atOnce is how many records of a CRM one transaction takes: the plateau's
// commands go in between.
const atOnce = 100

func (c *command) takeIn(campaign bridge.CampaignID, p bridge.Prospect, asked, readable []bridge.FieldName, read numbersOf) error {
	known, ok, err := prospects.Get(c.tx, p.Ref.Key())
	if err != nil {
		return err
	}
	if ok || p.Fields == nil {
		p.Fields = overlay(known.Fields, p.Fields, asked)
	}
	// What nobody may read any more is not kept from earlier reads.
	maps.DeleteFunc(p.Fields, func(name bridge.FieldName, _ bridge.Value) bool {
		_, ok := slices.BinarySearch(readable, name)
		return !ok
	})
	if err := prospects.Put(c.tx, p.Ref.Key(), p); err != nil {
		return err
	}
	if err := c.takeInLead(campaign, p, read.of(p)); err != nil {
		return err
	}
	if p.Fields[bridge.FieldDoNotCall] != "true" {
		return nil
	}
	// Never the other way round: a flag that somebody took off in the CRM does
	// not lift what a person said.
	// The same id each time: a mark that a supervisor has lifted stays lifted.
	return c.opposePerson(p.Ref, calling.Opposition{
		ID: "do_not_call " + p.Ref.Key(), Scope: calling.ScopePerson, At: p.ReadAt, Motive: "marked in " + string(p.Ref.Connection),
	})
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
		camp := c.campaign(campaign)
		return c.keep(nil, bridge.Lead{
			ID: id, Campaign: campaign, Prospect: p.Ref, Team: camp.Team,
			State: bridge.LeadWaiting, Numbers: numbers, CreatedAt: c.now.UTC(),
		})
	}
	was := l
	l.Numbers = numbers
	if l.WithdrawnBy == leftSelection {
		l.WithdrawnBy = ""
		if l.State == bridge.LeadWithdrawn {
			l.State = bridge.LeadWaiting
		}
	}
	if slices.Equal(was.Numbers, l.Numbers) && was.WithdrawnBy == l.WithdrawnBy {
		return nil
	}
	return c.keep(&was, l)
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

// left withdraws the leads of prospects that are no longer in the selection.
func (d *Desk) left(ctx context.Context, campaign bridge.CampaignID, prospects []string) error {
	for ids := range slices.Chunk(prospects, atOnce) {
		err := d.run(ctx, bridge.Actor{Operator: true}, func(c *command) error {
			crm := c.campaign(campaign).CRM
			for _, id := range ids {
				lead := LeadOf(campaign, bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id})
				if err := c.leave(lead); err != nil {
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

// leave withdraws a lead whose prospect has left. One that is done with stays
// as it is: to come back must not make it callable again. One whose proposal
// waits is withdrawn when that comes to nothing.
func (c *command) leave(id bridge.LeadID) error {
	l, known, err := leads.Get(c.tx, string(id))
	if err != nil || !known || l.WithdrawnBy != "" {
		return err
	}
	switch l.State {
	case bridge.LeadFinished, bridge.LeadClosed:
		return nil
	case bridge.LeadPending:
		was := l
		l.WithdrawnBy = leftSelection
		return c.keep(&was, l)
	}
	return c.withdraw(id, leftSelection)
}

// Unread withdraws the leads of a campaign whose prospects were not among the
// ids of a whole read.
func (d *Desk) Unread(ctx context.Context, campaign bridge.CampaignID, ids map[string]bool) error {
	var gone []string
	err := d.look(bridge.Actor{Operator: true}, func(c *command) error {
		for _, id := range suffixes(c.tx, byCampaign, string(campaign)+"\x00") {
			l, err := c.lead(bridge.LeadID(id))
			if err != nil {
				return err
			}
			done := l.State == bridge.LeadFinished || l.State == bridge.LeadClosed
			if !ids[l.Prospect.ID] && l.WithdrawnBy == "" && !done {
				gone = append(gone, l.Prospect.ID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.left(ctx, campaign, gone)
}
