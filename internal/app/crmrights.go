package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/connector"
	"passerelle/internal/governance"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// rightsEvery is how often CRMs whose own rights bind the policy are asked for
// them again, and rightsWithin how long one may take to tell.
const (
	rightsEvery  = 15 * time.Minute
	rightsWithin = 30 * time.Second
)

// askRights asks a CRM what its key, and these users of it, may do. A user that
// it does not tell of is left out.
func askRights(ctx context.Context, conn connector.Conn, users []string, now time.Time) (governance.CRMRights, error) {
	out := governance.CRMRights{At: now.UTC(), Users: map[string]connector.Rights{}}
	cataloguer, describes := conn.(connector.Cataloguer)
	teller, tells := conn.(connector.RightsTeller)
	if !describes || !tells {
		return out, errNoRights
	}
	ctx, cancel := context.WithTimeout(ctx, rightsWithin)
	defer cancel()
	var err error
	if out.Catalogue, err = cataloguer.Catalogue(ctx); err != nil {
		return out, err
	}
	if out.Key, err = teller.Rights(ctx, ""); err != nil {
		return out, err
	}
	for _, user := range users {
		if rights, err := teller.Rights(ctx, user); err == nil {
			out.Users[user] = rights
		}
	}
	return out, nil
}

// tellsRights says whether a connection can tell what its CRM lets do.
func tellsRights(conn connector.Conn) bool {
	_, describes := conn.(connector.Cataloguer)
	_, tells := conn.(connector.RightsTeller)
	return describes && tells
}

var errNoRights = errors.New("this kind of connection cannot tell what its CRM lets it do")

// namedCRMs are the connections whose rights bind the policy, or the draft beside
// it.
func (a *App) namedCRMs() map[bridge.ConnectionName]policy.Bound {
	rules := a.desk.Rules()
	out := rules.Policy.CRMRights()
	if rules.Draft != nil {
		maps.Copy(out, rules.Draft.CRMRights())
	}
	return out
}

// readRights asks the CRMs whose rights bind, and keeps within what they tell.
// What one does not tell now stays as it was told last.
func (a *App) readRights(ctx context.Context) error {
	var failed error
	for name := range a.namedCRMs() {
		if _, err := a.readRightsOf(ctx, name); err != nil {
			failed = errors.Join(failed, fmt.Errorf("rights of connection %s: %w", name, err))
		}
	}
	return errors.Join(failed, a.keepWithin())
}

func (a *App) readRightsOf(ctx context.Context, name bridge.ConnectionName) (governance.CRMRights, error) {
	at := slices.IndexFunc(a.lines, func(l line) bool { return l.cfg.Name == name && l.desc.Kind == connector.CRM })
	if at < 0 {
		return governance.CRMRights{}, errors.New("there is no such connection to a CRM")
	}
	var users []string
	if a.namedCRMs()[name] == policy.BoundPerson {
		users = a.usersOf(name)
	}
	told, err := askRights(ctx, a.lines[at].conn, users, a.opts.Now())
	if err == nil {
		err = governance.KeepRights(ctx, a.store, name, told)
	}
	return told, err
}

// usersOf are the ids that people have in a CRM.
func (a *App) usersOf(name bridge.ConnectionName) (out []string) {
	for _, p := range a.people.Directory().People() {
		if user, has := p.CRM[name]; has && p.Active {
			out = append(out, user)
		}
	}
	return out
}

// told is what CRMs told last, of the key and of the people who have a user there.
func (a *App) told(people []bridge.Person) (map[bridge.ConnectionName]policy.Told, error) {
	out := map[bridge.ConnectionName]policy.Told{}
	err := a.store.View(func(tx *store.Tx) error {
		for _, c := range a.cfg.Connections {
			told, ever, err := governance.RightsOf(tx, c.Name)
			if err != nil {
				return fmt.Errorf("the rights that %s told last cannot be read: %w", c.Name, err)
			}
			if ever {
				out[c.Name] = told.Told(c.Name, c.Fields, people)
			}
		}
		return nil
	})
	return out, err
}

// keepWithin lets the policy decide within what CRMs told last, from the next
// command on, and tells the way down if that is something else.
func (a *App) keepWithin() error {
	if len(a.namedCRMs()) == 0 {
		return nil
	}
	for {
		old := a.desk.Rules()
		told, err := a.told(a.people.Directory().People())
		if err != nil || reflect.DeepEqual(told, old.Policy.Told()) {
			return err
		}
		rules := *old
		rules.Policy = old.Policy.Within(told)
		if old.Draft != nil {
			rules.Draft = old.Draft.Within(told)
		}
		if a.desk.Swap(old, &rules) {
			a.sync.Poke() // what may be asked of a CRM hangs on it
			return nil
		}
	}
}

// watchRights reads the rights now.
func (a *App) watchRights() {
	if len(a.namedCRMs()) == 0 {
		return
	}
	if err := a.readRights(a.during); err != nil && a.during.Err() == nil {
		a.log.Warn("a CRM did not tell its rights: those it told last still bind", "err", err)
	}
}

// useOf compares what a CRM told with a policy.
func useOf(c config.Connection, p *policy.Policy, told governance.CRMRights) policy.KeyUse {
	uses := func(actions ...policy.Action) int {
		used := map[bridge.FieldName]bool{}
		for _, action := range actions {
			for _, name := range p.Uses(action) {
				if c.Fields[name] != "" {
					used[name] = true
				}
			}
		}
		return len(used)
	}
	out := policy.KeyUse{
		Connection: c.Name, Bound: p.CRMRights()[c.Name], At: told.At, Key: told.Catalogue.Key.Login,
		Reads: uses(policy.Read), Writes: uses(policy.Write, policy.Propose), Withheld: p.Withholds(c.Name),
	}
	out.CouldRead, out.CouldWrite = told.Could()
	return out
}

// rightsUse asks every CRM that can tell, and answers with what it told last
// where it does not tell now.
func (a *App) rightsUse(ctx context.Context) ([]policy.KeyUse, error) {
	out := []policy.KeyUse{}
	for _, l := range a.lines {
		if l.desc.Kind != connector.CRM {
			continue
		}
		told, failed := a.readRightsOf(ctx, l.cfg.Name)
		if failed != nil {
			err := a.store.View(func(tx *store.Tx) (err error) {
				told, _, err = governance.RightsOf(tx, l.cfg.Name)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		if err := a.keepWithin(); err != nil {
			return nil, err
		}
		use := useOf(l.cfg, a.desk.Rules().Policy, told)
		if failed != nil {
			use.Problem = failed.Error()
		}
		out = append(out, use)
	}
	return out, nil
}
