package app

import (
	"context"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/identity"
	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Directory is the people and tokens of a config.
func Directory(cfg *config.Config) (*identity.Directory, error) { return directoryOf(cfg, cfg.People) }

func directoryOf(cfg *config.Config, people []bridge.Person) (*identity.Directory, error) {
	tokens := make([]identity.Token, len(cfg.Tokens))
	for i, t := range cfg.Tokens {
		tokens[i] = identity.Token{Person: t.Person, Connection: t.Connection, Secret: t.Token}
	}
	return identity.NewDirectory(people, tokens)
}

// directory is that of the config and of the people whom the store knows.
func (a *App) directory(cfg *config.Config) (*identity.Directory, error) {
	added, err := identity.Added(a.store)
	if err != nil {
		return nil, err
	}
	if err := identity.Apart(cfg.People, added); err != nil {
		return nil, err
	}
	return directoryOf(cfg, slices.Concat(cfg.People, added))
}

// openAccounts makes the accounts of those who sign in with a browser, and the
// tokens of programs.
func (a *App) openAccounts() (err error) {
	var doors []bridge.ConnectionName
	for _, c := range a.cfg.Connections {
		if c.Type == config.ConsoleType {
			doors = append(doors, c.Name)
		}
	}
	a.accounts, err = identity.NewAccounts(identity.AccountOptions{
		Store: a.store, People: a.people, Doors: doors, Terms: a.sessionTerms, Note: a.noteAccount,
		Governs: a.governs, Left: a.desk.Leave, Changed: a.restaff, Now: a.opts.Now, Seal: a.key, Issuer: "Passerelle " + a.cfg.Hub,
		ByPassword: a.cfg.SignIn.ByPassword,
	})
	if err != nil {
		return err
	}
	a.tokens = identity.NewTokens(identity.TokenOptions{
		Store: a.store, People: a.people, Policy: func() *policy.Policy { return a.desk.Rules().Policy }, Note: a.noteAccount, Now: a.opts.Now,
	})
	a.depart(nil)
	return nil
}

// governs says whether somebody may change the policy, whatever they come through.
func (a *App) governs(p bridge.Person) bool {
	rules := a.desk.Rules().Policy
	for c := range p.Phoning {
		if rules.Allows(policy.SubjectOf(bridge.Actor{Person: p, Connection: c}), policy.Write, bridge.PolicyObj, policy.Record{}) {
			return true
		}
	}
	return false
}

// depart ends what those had whom the directory in force has no more, or not as
// active; former is the one before, nil at the start.
func (a *App) depart(former *identity.Directory) {
	var left []bridge.PersonID
	if former != nil {
		for _, p := range former.People() {
			if now, _ := a.people.Directory().Person(p.ID); p.Active && !now.Active {
				left = append(left, p.ID)
			}
		}
	}
	if err := a.accounts.Depart(context.Background(), left); err != nil {
		a.log.Error("what people who have left had could not be ended; they are refused all the same", "err", err)
	}
}

// sessionTerms are those of the actor's role.
func (a *App) sessionTerms(actor bridge.Actor) identity.Terms {
	rules := a.desk.Rules().Policy
	role, _ := rules.RoleOf(actor.Connection, actor.Profile())
	t := a.cfg.Sessions.Of(role)
	return identity.Terms{Idle: t.Idle, Longest: t.Longest, AtOnce: t.AtOnce, Strength: rules.Requires(policy.SubjectOf(actor))}
}

// noteAccount writes the ledger's line of a command on an account.
func (a *App) noteAccount(tx *store.Tx, by bridge.Actor, kind string, on bridge.PersonID, motive string) error {
	rules := a.desk.Rules().Policy
	line := ledger.Line{At: a.opts.Now(), Kind: kind, Who: by.Name(), Connection: by.Connection, Policy: rules.Hash(), Reason: string(on)}
	line.Role, _ = rules.RoleOf(by.Connection, by.Profile())
	if motive != "" {
		line.Reason += ": " + motive
	}
	return ledger.Append(tx, line)
}
