package governance

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Draft is a policy that somebody proposes.
type Draft struct {
	Policy string          `json:"policy"` // its hash, which names it
	Base   string          `json:"base"`   // hash of the policy that was active then
	Motive string          `json:"motive"`
	Author bridge.PersonID `json:"author"`
	At     time.Time       `json:"at"`
}

var drafts = store.NewTable[Draft]("governance.drafts")

// Options make an office.
type Options struct {
	Store *store.Store
	Desk  *desk.Desk // whose rules are replaced
	// People are those of the moment.
	People func() []bridge.Person
	Now    func() time.Time
	Log    *slog.Logger
	// Kept is since when decisions are still kept at a moment; nil is since ever.
	Kept func(now time.Time) time.Time
	// Activated is told after a policy has become active; it must be quick. May
	// be nil.
	Activated func()
}

// Office is where policies are proposed and activated.
type Office struct{ opts Options }

// New makes an office.
func New(opts Options) *Office {
	if opts.Activated == nil {
		opts.Activated = func() {}
	}
	if opts.Kept == nil {
		opts.Kept = func(time.Time) time.Time { return time.Time{} }
	}
	return &Office{opts}
}

// Propose keeps a policy's text as a draft. Its errors: strict.Findings where
// the text is wrong or its own tests do not hold, and desk's.
func (o *Office) Propose(ctx context.Context, actor bridge.Actor, text []byte, motive string) (Draft, error) {
	rules := o.opts.Desk.Rules()
	if err := may(rules, actor, policy.Propose, bilingual.Text{"propose a policy", "proposer des règles"}); err != nil {
		return Draft{}, err
	}
	if strings.TrimSpace(motive) == "" {
		return Draft{}, &desk.Invalid{Part: "motive", Why: bilingual.Text{
			"say why the policy is to change; it stands in the register",
			"dites pourquoi les règles doivent changer ; cela figure au registre",
		}}
	}
	p, err := load(rules, text)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Policy: p.Hash(), Motive: strings.TrimSpace(motive), Author: actor.Person.ID, At: o.opts.Now().UTC()}
	err = o.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		line, _, err := Active(tx)
		if err != nil {
			return err
		}
		d.Base = line.Policy
		if err := o.fresh(tx, d); err != nil {
			return err
		}
		if err := texts.Put(tx, d.Policy, p.Text()); err != nil {
			return err
		}
		if err := drafts.Put(tx, d.Policy, d); err != nil {
			return err
		}
		return o.note(tx, actor, "policy proposed", d.Policy, d.Motive)
	})
	return d, err
}

// fresh refuses a draft that would change nothing, and one that another person
// has proposed already: whoever proposes it again must not become the one who
// may not activate it.
func (o *Office) fresh(tx *store.Tx, d Draft) error {
	if d.Policy == d.Base {
		return &desk.Clash{Why: bilingual.Text{
			"that policy is active already",
			"ces règles sont déjà en vigueur",
		}}
	}
	old, ok, err := drafts.Get(tx, d.Policy)
	if err == nil && ok && old.Author != d.Author && old.Base == d.Base {
		return &desk.Clash{Why: bilingual.Text{
			"{who} has proposed that policy already: activate it, if you agree",
			"{who} a déjà proposé ces règles : activez-les, si vous êtes d'accord",
		}.With("{who}", old.Author)}
	}
	return err
}

// Activate makes a draft the policy that decides.
func (o *Office) Activate(ctx context.Context, actor bridge.Actor, hash string) (Line, error) {
	rules := o.opts.Desk.Rules()
	if err := may(rules, actor, policy.Write, bilingual.Text{"activate a policy", "activer des règles"}); err != nil {
		return Line{}, err
	}
	var line Line
	err := o.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		d, text, err := draft(tx, hash)
		if err != nil {
			return err
		}
		if d.Author == actor.Person.ID {
			return &desk.Clash{Why: bilingual.Text{
				"you have proposed it yourself: somebody else activates it",
				"vous l'avez proposé vous-même : c'est à quelqu'un d'autre de l'activer",
			}}
		}
		for _, base := range []string{d.Base, rules.Policy.Hash()} { // compared with, and judged by
			if err := unchanged(tx, base); err != nil {
				return err
			}
		}
		p, err := load(rules, text)
		if err != nil {
			return err
		}
		if p.Hash() != d.Policy {
			return errChanged(d.Policy)
		}
		line = Line{At: o.opts.Now().UTC(), Policy: d.Policy, Motive: d.Motive, Author: d.Author, Approver: actor.Person.ID}
		return o.enact(tx, actor, &line, p)
	})
	return line, err
}

// unchanged refuses if the policy is no longer the active one. It asks the
// store: the desk hears of a new one only after the transaction.
func unchanged(tx *store.Tx, base string) error {
	line, _, err := Active(tx)
	if err == nil && line.Policy != base {
		err = &desk.Clash{Why: bilingual.Text{
			"another policy has become active since it was proposed: propose it again, and compare",
			"d'autres règles sont entrées en vigueur depuis : proposez de nouveau, et comparez",
		}}
	}
	return err
}

// enact writes the register's next line and lets the policy decide once that is
// kept.
func (o *Office) enact(tx *store.Tx, actor bridge.Actor, line *Line, p *policy.Policy) error {
	last, _, err := Active(tx)
	if err != nil {
		return err
	}
	line.N = last.N + 1
	if err := texts.Put(tx, line.Policy, p.Text()); err != nil {
		return err
	}
	if err := register.Put(tx, key(line.N), *line); err != nil {
		return err
	}
	if err := drafts.Delete(tx, line.Policy); err != nil {
		return err
	}
	if err := o.note(tx, actor, ledger.Policy, line.Policy, line.Motive); err != nil {
		return err
	}
	tx.OnCommit(func() {
		o.use(p)
		o.opts.Log.Info("a policy has become active", "policy", line.Policy, "line", line.N)
		o.opts.Activated()
	})
	return nil
}

func (o *Office) use(p *policy.Policy) {
	for {
		old := o.opts.Desk.Rules()
		rules := *old
		rules.Policy = p.Like(old.Policy)
		if o.opts.Desk.Swap(old, &rules) {
			return
		}
	}
}

// Adopt makes a policy active without a second person, on the operator's word,
// where the active one leaves nobody to change it: no two people of whom one
// may propose and the other activate, whose networks let them in at the hub's
// own socket. The register says so.
func (o *Office) Adopt(ctx context.Context, actor bridge.Actor, text []byte, motive string) (Line, error) {
	rules := o.opts.Desk.Rules()
	switch {
	case !actor.Operator:
		return Line{}, &desk.Denied{What: bilingual.Text{
			"adopt a policy: that is the operator's, for a policy that nobody could change",
			"adopter des règles : c'est à l'exploitant de le faire, pour des règles que personne ne pourrait changer",
		}}
	case strings.TrimSpace(motive) == "":
		return Line{}, &desk.Invalid{Part: "motive", Why: bilingual.Text{
			"say why the policy is replaced; it stands in the register",
			"dites pourquoi les règles sont remplacées ; cela figure au registre",
		}}
	case rules.Policy.ChangeableFrom(o.opts.People(), policy.Visit{At: o.opts.Now(), From: policy.HubSocket}):
		return Line{}, &desk.Clash{Why: bilingual.Text{
			"the active policy names people who may change it: one of them proposes, another activates",
			"les règles en vigueur nomment des personnes qui peuvent les changer : l'une propose, une autre active",
		}}
	}
	p, err := load(rules, text)
	if err != nil {
		return Line{}, err
	}
	if !p.Changeable(o.opts.People()) {
		return Line{}, &desk.Clash{Why: bilingual.Text{
			"that policy leaves nobody to change it either: give two people's roles {on: policy, scope: all, actions: [propose, write]}",
			"ces règles ne laissent elles non plus personne pour les changer : donnez aux rôles de deux personnes {on: policy, scope: all, actions: [propose, write]}",
		}}
	}
	line := Line{At: o.opts.Now().UTC(), Policy: p.Hash(), Motive: strings.TrimSpace(motive), Author: Bootstrap}
	err = o.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		if err := unchanged(tx, rules.Policy.Hash()); err != nil {
			return err
		}
		return o.enact(tx, actor, &line, p)
	})
	return line, err
}

// Withdraw drops a draft. Its author may, and who may activate.
func (o *Office) Withdraw(ctx context.Context, actor bridge.Actor, hash string) error {
	return o.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		d, _, err := draft(tx, hash)
		if err != nil {
			return err
		}
		if d.Author != actor.Person.ID || actor.Operator {
			if err := may(o.opts.Desk.Rules(), actor, policy.Write, bilingual.Text{"withdraw another's draft", "retirer le projet d'un autre"}); err != nil {
				return err
			}
		}
		if err := drafts.Delete(tx, hash); err != nil {
			return err
		}
		return o.note(tx, actor, "policy withdrawn", hash, "")
	})
}

// Drafts lists what waits for a second person, the oldest first.
func Drafts(tx *store.Tx) ([]Draft, error) {
	var out []Draft
	err := drafts.Each(tx, "", "", func(_ string, d Draft) (bool, error) {
		out = append(out, d)
		return true, nil
	})
	return out, err
}

// Text is the text of a policy that is or was active or proposed, by its hash.
func Text(tx *store.Tx, hash string) ([]byte, bool) { return texts.Get(tx, hash) }

func draft(tx *store.Tx, hash string) (Draft, []byte, error) {
	d, ok, err := drafts.Get(tx, hash)
	if err != nil {
		return d, nil, err
	}
	text, there := texts.Get(tx, hash)
	if !ok || !there {
		return d, nil, &desk.NotFound{What: bilingual.Text{"draft", "de projet"}, ID: hash}
	}
	return d, text, nil
}

// load reads a policy against the catalogue of the rules; its own tests must
// hold.
func load(rules *desk.Rules, text []byte) (*policy.Policy, error) {
	p, err := policy.Load("policy.yaml", text, rules.Catalog)
	if err != nil {
		return nil, err
	}
	return p, p.Test()
}

// may is the question of every command on the policy, which is nobody's record.
func may(rules *desk.Rules, actor bridge.Actor, a policy.Action, what bilingual.Text) error {
	who := policy.SubjectOf(actor)
	if rules.Policy.Allows(who, a, bridge.PolicyObj, policy.Record{}) {
		return nil
	}
	return &desk.Denied{What: what, Why: rules.Policy.Can(who, a, bridge.PolicyObj, policy.Record{}).Why}
}

func (o *Office) note(tx *store.Tx, actor bridge.Actor, kind, hash, reason string) error {
	rules := o.opts.Desk.Rules().Policy
	l := ledger.Line{At: o.opts.Now(), Kind: kind, Who: actor.Name(), Connection: actor.Connection, Policy: hash, Reason: reason}
	l.Role, _ = rules.RoleOf(actor.Connection, actor.Profile())
	return ledger.Append(tx, l)
}
