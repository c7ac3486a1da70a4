package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/policy"
)

// Draft is a policy as far as a CRM's own rights give one. It decides nothing:
// somebody completes and proposes it, another activates it.
type Draft struct {
	Connection bridge.ConnectionName `json:"connection"`
	System     string                `json:"system"`
	Text       string                `json:"text"`   // loads as a policy
	Roles      []DraftRole           `json:"roles"`  // of the text
	Unseen     []string              `json:"unseen"` // what the CRM did not tell, in words
}

// DraftRole is whom the CRM gives the rights that a role of a draft has.
type DraftRole struct {
	Role  bridge.Role `json:"role"`
	Users []string    `json:"users"` // logins in the CRM
	gives string      // its grants, as the text has them
}

// mostUsers is how many users' rights are asked for at most.
const mostUsers = 500

// Import drafts a policy from what a CRM tells of its users' rights: a role for
// each set of rights that differs, the key's first. Nothing is granted that the
// CRM does not say yes to, nothing beyond one's own records, no deleting, and
// no validating of appointments. A CRM that tells nothing of rights is an error.
func Import(ctx context.Context, p Patient) (Draft, error) {
	d := Draft{Connection: p.Name}
	asks, tells := p.Conn.(connector.Cataloguer)
	teller, rights := p.Conn.(connector.RightsTeller)
	if !tells || !rights {
		return d, fmt.Errorf("%s (%s) tells nothing of its users' rights", p.Name, p.Type)
	}
	c, err := asks.Catalogue(ctx)
	if err != nil {
		return d, err
	}
	of, err := teller.Rights(ctx, "")
	if err != nil {
		return d, err
	}
	d.System = c.System
	d.Unseen = append(d.Unseen, c.Silent...)
	d.take(p, c, of, "key", c.Key.Login)
	if err := d.others(ctx, p, c, teller); err != nil {
		return d, err
	}
	d.Unseen = append(d.Unseen, say(p.Lang, "draft.scope"), say(p.Lang, "draft.profiles"), say(p.Lang, "draft.rest"))
	d.Text = d.text(p)
	if _, err := policy.Load("draft", []byte(d.Text), p.Catalog); err != nil {
		return d, fmt.Errorf("what %s tells makes no policy: %w", p.Name, err)
	}
	return d, nil
}

// take gives a user the role whose rights they have, a new one if there is none.
func (d *Draft) take(p Patient, c connector.Catalogue, r connector.Rights, name, login string) {
	gives := grants(p, c, r)
	at := slices.IndexFunc(d.Roles, func(of DraftRole) bool { return of.gives == gives })
	if at < 0 {
		d.Roles = append(d.Roles, DraftRole{Role: bridge.Role(name), gives: gives})
		at = len(d.Roles) - 1
	}
	if login != "" {
		d.Roles[at].Users = append(d.Roles[at].Users, login)
	}
}

// others asks for the rights of everybody whom the CRM lists and tells of.
func (d *Draft) others(ctx context.Context, p Patient, c connector.Catalogue, teller connector.RightsTeller) error {
	lister, lists := p.Conn.(connector.PeopleLister)
	if !lists {
		d.Unseen = append(d.Unseen, say(p.Lang, "draft.people"))
		return nil
	}
	people, err := lister.People(ctx)
	if withheld(err) {
		d.Unseen = append(d.Unseen, say(p.Lang, "draft.people"))
		return nil
	}
	if err != nil {
		return err
	}
	asked := 0
	for _, u := range people.Users {
		if !u.Active || u.ID == c.Key.ID {
			continue
		}
		if asked++; asked > mostUsers {
			d.Unseen = append(d.Unseen, say(p.Lang, "draft.many", mostUsers))
			return nil
		}
		of, err := teller.Rights(ctx, u.ID)
		if withheld(err) {
			d.Unseen = append(d.Unseen, say(p.Lang, "draft.others"))
			return nil
		}
		if err != nil {
			return err
		}
		d.take(p, c, of, fmt.Sprintf("users_%d", len(d.Roles)), u.Login)
	}
	return nil
}

// withheld says whether the CRM, or the connection's settings, leave a question
// unanswered for good.
func withheld(err error) bool {
	return err != nil && (errors.Is(err, errors.ErrUnsupported) || fault.Of(err).Kind == fault.Rejected)
}

// grants words rights as a role's, by the fields that are mapped.
func grants(p Patient, c connector.Catalogue, r connector.Rights) string {
	var b strings.Builder
	for _, object := range []bridge.Object{bridge.ProspectObj, bridge.Account, bridge.Contact, bridge.Opportunity} {
		var reads, writes []string
		for _, name := range p.Fields.Names() {
			o, f, there := c.Field(p.Fields[name])
			if name.Object() != object || !there {
				continue
			}
			of := r.OnField(o.Name, f.Name)
			if r.Admin || of.Read == connector.Yes {
				reads = append(reads, string(name))
			}
			if r.Admin || of.Write == connector.Yes {
				writes = append(writes, string(name))
			}
		}
		if len(reads)+len(writes) > 0 {
			fmt.Fprintf(&b, "      - {on: %s, scope: own%s%s}\n", object, listed("read", reads), listed("write", writes))
		}
	}
	for _, o := range c.Objects {
		made := o.Object == bridge.Appointment || o.Object == bridge.Activity
		if made && (r.Admin || r.Objects[o.Name].Create == connector.Yes) {
			b.WriteString("      - {on: activity, scope: own, actions: [create, read]}\n      - {on: appointment, scope: own, actions: [propose, read]}\n")
			break
		}
	}
	return b.String()
}

func listed(action string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", " + action + ": [" + strings.Join(names, ", ") + "]"
}

func (d *Draft) text(p Patient) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n#\n", say(p.Lang, "draft.head", d.Connection, d.System, p.Now().UTC().Format(time.DateOnly)))
	for _, unseen := range d.Unseen {
		fmt.Fprintf(&b, "# - %s\n", strings.Join(strings.Fields(unseen), " "))
	}
	b.WriteString("version: 1\n\nroles:\n")
	for _, r := range d.Roles {
		fmt.Fprintf(&b, "  %s:\n", r.Role)
		if r.gives == "" {
			b.WriteString("    grants: []\n")
			continue
		}
		b.WriteString("    grants:\n" + r.gives)
	}
	b.WriteString("\nprofiles: {}\n")
	return b.String()
}
