package desk

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/policy"
)

// region is where numbers without a country code are meant.
const region = "FR"

func (c *command) number(text string) (calling.Number, error) { return calling.Parse(text, region) }

func (d *Desk) numberKey(n string) string       { return d.hide("number " + n) }
func (d *Desk) personKey(ref bridge.Ref) string { return d.hide("person " + ref.Key()) }

// hideID names an opposition after what it came from, so that a repeat is the
// same one. It outlives that: it must not tell which event or record it was.
func (d *Desk) hideID(from string) string { return hex.EncodeToString([]byte(d.hide(from)))[:32] }

func (c *command) standing(key string) (bool, error) {
	o, _, err := objected.Get(c.tx, key)
	return o.Opposed(), err
}

// opposed says whether the lead's person, or every number of theirs, is not to
// be called. A doubt counts as opposed.
func (c *command) opposed(l bridge.Lead) bool {
	if person, err := c.standing(c.personKey(l.Prospect)); err != nil || person {
		return true
	}
	return len(l.Numbers) > 0 && len(c.silent(l)) == len(l.Numbers)
}

// silent lists the numbers of the lead that are not to be called.
func (c *command) silent(l bridge.Lead) (numbers []string) {
	for _, n := range l.Numbers {
		if gone, err := c.standing(c.numberKey(n)); err != nil || gone {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// hidden are the fields that hold numbers not to be called: they do not stand on
// a card, whose prospect may be called on another.
func (c *command) hidden(l bridge.Lead, p bridge.Prospect) (names []bridge.FieldName) {
	silent := c.silent(l)
	if len(silent) == 0 {
		return nil
	}
	for _, name := range phones {
		found, _ := calling.ParseAll(string(p.Fields[name]), region)
		if slices.ContainsFunc(found, func(n calling.Number) bool { return slices.Contains(silent, string(n)) }) {
			names = append(names, name)
		}
	}
	return names
}

// object keeps an opposition.
func (c *command) object(key string, o calling.Opposition) error {
	known, _, err := objected.Get(c.tx, key)
	if err != nil {
		return err
	}
	return objected.Put(c.tx, key, known.Oppose(o))
}

// oppose draws the consequences of a disposition that says not to call again:
// the person and the number they were called on, or the number alone.
func (r *recording) oppose() error {
	scopes := calling.Scopes(r.info.Code)
	if len(scopes) == 0 {
		return nil
	}
	numbers := r.called()
	for _, s := range scopes {
		o := calling.Opposition{ID: r.hideID(r.key), Scope: s, At: r.out.At, By: r.actor.Person.ID, Motive: string(r.info.Code)}
		if s == calling.ScopePerson {
			if err := r.opposePerson(r.lead.Prospect, o); err != nil {
				return err
			}
			continue
		}
		for _, n := range numbers {
			if err := r.opposeNumber(n, o); err != nil {
				return err
			}
		}
	}
	if err := r.reload(); err != nil {
		return err
	}
	if r.info.Class != bridge.ClassSuppress {
		return nil
	}
	w := r.write(bridge.WriteOpposition, r.key, 0)
	w.Motive = string(r.info.Code)
	return r.append(w, r.key, r.lead.ID, "")
}

// called is the number of the call: the event's, else the only one there is.
// If several could be meant, none is: a wrong guess would silence a number that
// nobody objected to, and the person's opposition binds anyway.
func (r *recording) called() []string {
	if r.event.Phone != "" {
		if n, err := r.number(r.event.Phone); err == nil {
			return []string{string(n)}
		}
	}
	if len(r.lead.Numbers) == 1 {
		return r.lead.Numbers
	}
	return nil
}

// reload takes over what withdrawing did to this very lead, which the
// recording holds a copy of.
func (r *recording) reload() error {
	fresh, err := r.command.lead(r.lead.ID)
	if err != nil {
		return err
	}
	r.was = fresh
	r.lead.State, r.lead.WithdrawnBy, r.lead.Lease = fresh.State, fresh.WithdrawnBy, fresh.Lease
	return nil
}

func (c *command) opposePerson(ref bridge.Ref, o calling.Opposition) error {
	if err := c.object(c.personKey(ref), o); err != nil {
		return err
	}
	if stands, err := c.standing(c.personKey(ref)); err != nil || !stands {
		return err // a repeat of what a supervisor has lifted
	}
	for _, id := range suffixes(c.tx, byProspect, ref.Key()+"\x00") {
		if err := c.withdraw(bridge.LeadID(id), "opposition"); err != nil {
			return err
		}
	}
	return nil
}

func (c *command) opposeNumber(n string, o calling.Opposition) error {
	if err := c.object(c.numberKey(n), o); err != nil {
		return err
	}
	for _, id := range suffixes(c.tx, byNumber, n+"\x00") {
		l, err := c.lead(bridge.LeadID(id))
		if err != nil {
			return err
		}
		if c.opposed(l) {
			if err := c.withdraw(l.ID, "opposition"); err != nil {
				return err
			}
			continue
		}
		c.callBack(l) // the card shows this number
	}
	return nil
}

// withdraw takes a lead off the lists. Platforms that hold it are told by
// campaign. Who has it on the line is still talking: their lease stays, and with
// it the number is busy.
func (c *command) withdraw(id bridge.LeadID, why string) error {
	l, err := c.lead(id)
	if err != nil || l.WithdrawnBy == why {
		return err
	}
	was := l
	l.State, l.WithdrawnBy = bridge.LeadWithdrawn, why
	return c.keep(&was, l)
}

// Objection is a refusal to be called that somebody brings in without a call.
type Objection struct {
	Person *bridge.Ref // the prospect, or
	Number string      // a number as typed
	Motive string
}

// Oppose records an opposition.
func (d *Desk) Oppose(ctx context.Context, actor bridge.Actor, o Objection) error {
	return d.run(ctx, actor, func(c *command) error {
		if err := c.need(policy.Create, bridge.Activity, policy.Record{Owner: c.who.Person, Handed: true, Team: c.who.Team, CampaignTeam: c.who.Team}, phrase{"record an opposition", "enregistrer une opposition"}); err != nil {
			return err
		}
		if strings.TrimSpace(o.Motive) == "" {
			return &Invalid{"motive", phrase{"say where the opposition comes from", "dites d'où vient l'opposition"}}
		}
		entry := calling.Opposition{At: c.now, By: c.actor.Person.ID, Motive: o.Motive}
		if o.Person != nil {
			entry.Scope = calling.ScopePerson
			return c.opposeKnown(*o.Person, entry)
		}
		n, err := c.number(o.Number)
		if err != nil {
			return &Invalid{"number", noPhone}
		}
		entry.Scope = calling.ScopeNumber
		if err := c.opposeNumber(string(n), entry); err != nil {
			return err
		}
		return c.note("oppose", o.Motive, nil)
	})
}

// opposeKnown records a person's opposition and tells the CRM, as often as it
// is said.
func (c *command) opposeKnown(ref bridge.Ref, o calling.Opposition) error {
	if !prospects.Has(c.tx, ref.Key()) {
		return &NotFound{noProspect, ref.ID}
	}
	if err := c.opposePerson(ref, o); err != nil {
		return err
	}
	w := c.frame(ref, bridge.WriteOpposition, "opposition\x00"+ref.Key()+"\x00"+o.At.Format(time.RFC3339Nano), 0)
	w.Motive = o.Motive
	if err := c.append(w, "", "", ""); err != nil {
		return err
	}
	return c.note("oppose", o.Motive, nil, ref.Key())
}

// Lift ends the oppositions of a person or number: only a named person with a
// motive may.
func (d *Desk) Lift(ctx context.Context, actor bridge.Actor, o Objection) error {
	return d.run(ctx, actor, func(c *command) error {
		if err := c.need(policy.Delete, bridge.Activity, policy.Record{}, phrase{"lift an opposition", "lever une opposition"}); err != nil {
			return err
		}
		key, records := "", []string(nil)
		if o.Person != nil {
			key, records = c.personKey(*o.Person), []string{o.Person.Key()}
		} else {
			n, err := c.number(o.Number)
			if err != nil {
				return &Invalid{"number", noPhone}
			}
			key = c.numberKey(string(n))
		}
		known, _, err := objected.Get(c.tx, key)
		if err != nil {
			return err
		}
		lifted, err := known.Lift(calling.Lift{At: c.now, By: c.actor.Person.ID, Motive: o.Motive})
		if err != nil {
			return &Invalid{"motive", bilingual.Of(err)}
		}
		if !known.Opposed() {
			return &Clash{phrase{
				"there is nothing to lift: no opposition of this person or number stands",
				"il n'y a rien à lever : aucune opposition de cette personne ou de ce numéro n'est en vigueur",
			}}
		}
		if err := c.spend(policy.CommandLift, 1); err != nil {
			return err
		}
		if err := objected.Put(c.tx, key, lifted); err != nil {
			return err
		}
		return c.note("lift", o.Motive, nil, records...)
	})
}
