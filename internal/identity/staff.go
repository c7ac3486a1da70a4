package identity

import (
	"context"
	"reflect"
	"slices"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/store"
)

// Move is somebody who joins, changes or leaves, by their record before and after.
type Move struct {
	Was bridge.Person // zero: nobody knows them yet
	Is  bridge.Person // not active: they leave
}

// leaves is what the ledger says of who does.
const leaves = "person leaves"

// Kind is what the move is to the person, as the ledger has it.
func (m Move) Kind() string {
	switch {
	case !m.Is.Active:
		return leaves
	case m.Was.ID == "":
		return "person joins"
	case !m.Was.Active:
		return "person returns"
	}
	return "person moves"
}

// Restaff keeps all of the moves or none: people join, change and leave, of those
// whom the store knows. Who leaves is out at once; who joins or returns has
// nothing of anybody who had the name before. Its errors: [*Refused].
func (a *Accounts) Restaff(ctx context.Context, by bridge.Actor, moves []Move) error {
	if len(moves) == 0 {
		return nil
	}
	err := a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		return a.spareAdmin(tx, func() error {
			for _, m := range moves {
				if err := a.move(tx, by, m); err != nil {
					return err
				}
			}
			return a.fit(tx)
		})
	})
	if err != nil {
		return err
	}
	return a.opts.Changed()
}

func (a *Accounts) move(tx *store.Tx, by bridge.Actor, m Move) error {
	id := m.Is.ID
	now, _, err := added.Get(tx, string(id))
	if err != nil {
		return err
	}
	if now.ID != m.Was.ID || now.ID != "" && !reflect.DeepEqual(now, m.Was) {
		return &Refused{phrase{"{person} has changed meanwhile: look at the differences again", "{person} a changé entre-temps : regardez de nouveau les différences"}.With("{person}", id)}
	}
	if !m.Is.Active || !m.Was.Active {
		if err := a.depart(tx, by, id); err != nil {
			return err
		}
	}
	if err := added.Put(tx, string(id), m.Is); err != nil {
		return err
	}
	return a.opts.Note(tx, by, m.Kind(), id, "")
}

// depart ends all that somebody comes in with, and what they have in hand: their
// account, sessions, tokens, calendar, second factor, the browsers that know
// them, and the leads on their line.
func (a *Accounts) depart(tx *store.Tx, by bridge.Actor, who bridge.PersonID) error {
	for _, end := range []func() error{
		func() error { return endAll(tx, who, "") },
		func() error { return endFeed(tx, who) },
		func() error { return spare(tx, who) },
		func() error { return factors.Delete(tx, string(who)) },
		func() error { return forgetDevicesOf(tx, who) },
		func() error { return accounts.Delete(tx, string(who)) },
		func() error {
			_, err := endTokens(tx, a.opts.Now().UTC(), func(id bridge.PersonID) bool { return id == who })
			return err
		},
		func() error { return a.opts.Left(tx, by, who) },
	} {
		if err := end(); err != nil {
			return err
		}
	}
	return nil
}

// Depart lets those go whom the config has no more, or not as active: of the
// given, and of those who have an account. A name that comes back finds nothing.
func (a *Accounts) Depart(ctx context.Context, left []bridge.PersonID) error {
	var gone []bridge.PersonID
	err := a.opts.Store.View(func(tx *store.Tx) error {
		ask := func(who bridge.PersonID) {
			p, known := a.opts.People.Directory().Person(who)
			if (!known || !p.Active) && !added.Has(tx, string(who)) && !slices.Contains(gone, who) {
				gone = append(gone, who)
			}
		}
		for _, who := range left {
			ask(who)
		}
		return accounts.Each(tx, "", "", func(_ string, acc Account) (bool, error) {
			ask(acc.Person)
			return true, nil
		})
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	by := bridge.Actor{Operator: true}
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		for _, who := range gone {
			if err := a.depart(tx, by, who); err != nil {
				return err
			}
			if err := a.opts.Note(tx, by, leaves, who, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// staff is everybody as the transaction has them.
func (a *Accounts) staff(tx *store.Tx) ([]bridge.Person, error) {
	var out []bridge.Person
	err := added.Each(tx, "", "", func(_ string, p bridge.Person) (bool, error) {
		out = append(out, p)
		return true, nil
	})
	for _, p := range a.opts.People.Directory().People() {
		if !added.Has(tx, string(p.ID)) {
			out = append(out, p)
		}
	}
	return out, err
}

// Staffed is everybody: of the config, and whom the store knows, those who have
// left too. closed says whose account was closed by hand.
func (a *Accounts) Staffed() (written, ours []bridge.Person, closed map[bridge.PersonID]bool, err error) {
	closed = map[bridge.PersonID]bool{}
	err = a.opts.Store.View(func(tx *store.Tx) error {
		all, err := a.staff(tx)
		if err != nil {
			return err
		}
		for _, p := range all {
			if added.Has(tx, string(p.ID)) {
				ours = append(ours, p)
			} else {
				written = append(written, p)
			}
			acc, _, err := accounts.Get(tx, string(p.ID))
			if err != nil {
				return err
			}
			closed[p.ID] = acc.Disabled
		}
		return nil
	})
	return written, ours, closed, err
}

// Doors are the connections that people come through in a browser.
func (a *Accounts) Doors() []bridge.ConnectionName { return slices.Clone(a.opts.Doors) }

// Governs says whether somebody may change the policy.
func (a *Accounts) Governs(p bridge.Person) bool { return a.opts.Governs(p) }

// fit refuses people who cannot all be there at once.
func (a *Accounts) fit(tx *store.Tx) error {
	all, err := a.staff(tx)
	if err != nil {
		return err
	}
	if _, err := NewDirectory(all, nil); err != nil {
		return &Refused{bilingual.Of(err)}
	}
	return nil
}

// spareAdmin refuses a change after which nobody could change the policy any more.
func (a *Accounts) spareAdmin(tx *store.Tx, change func() error) error {
	before, err := a.admins(tx)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	after, err := a.admins(tx)
	if err != nil {
		return err
	}
	if before > 0 && after == 0 {
		return &Refused{phrase{
			"nobody could change the policy any more: give somebody else a profile whose role may, then do this again",
			"plus personne ne pourrait changer la politique : donnez à quelqu'un d'autre un profil dont le rôle le peut, puis recommencez",
		}}
	}
	return nil
}

// admins is how many could change the policy, were it now.
func (a *Accounts) admins(tx *store.Tx) (n int, err error) {
	all, err := a.staff(tx)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		if !p.Active || !a.opts.Governs(p) {
			continue
		}
		acc, _, err := accounts.Get(tx, string(p.ID))
		if err != nil {
			return 0, err
		}
		if !acc.Disabled {
			n++
		}
	}
	return n, nil
}
