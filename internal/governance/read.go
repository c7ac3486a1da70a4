package governance

import (
	"passerelle/internal/bilingual"
	"passerelle/internal/desk"
	"passerelle/internal/ledger"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// What follows is for those whose [Powers] say so: whoever asks looks there
// first.

// History is the register, the oldest line first.
func (o *Office) History() (out []Line, err error) {
	err = o.opts.Store.View(func(tx *store.Tx) error {
		out, err = Register(tx)
		return err
	})
	return out, err
}

// Waiting are the drafts that wait for a second person, the oldest first.
func (o *Office) Waiting() (out []Draft, err error) {
	err = o.opts.Store.View(func(tx *store.Tx) error {
		out, err = Drafts(tx)
		return err
	})
	return out, err
}

// InForce stands for the hash of the policy that decides.
const InForce = "active"

// Text is the text of a policy that is, was or may become active, by its hash;
// "" is the one in force, as [InForce] is. [desk.NotFound] if there is none.
func (o *Office) Text(hash string) (text []byte, err error) {
	active := o.opts.Desk.Rules().Policy
	if hash == "" || hash == InForce || hash == active.Hash() {
		return active.Text(), nil
	}
	err = o.opts.Store.View(func(tx *store.Tx) error {
		var ok bool
		if text, ok = Text(tx, hash); !ok {
			return &desk.NotFound{What: bilingual.Text{"policy", "de règles"}, ID: hash}
		}
		return nil
	})
	return text, err
}

// Policy is such a policy, read against the catalogue of the moment: its error is
// strict.Findings where the text does not fit that any more.
func (o *Office) Policy(hash string) (*policy.Policy, error) {
	rules := o.opts.Desk.Rules()
	text, err := o.Text(hash)
	if err != nil || policy.HashOf(text) == rules.Policy.Hash() {
		return rules.Policy, err
	}
	return policy.Load("policy.yaml", text, rules.Catalog)
}

// Check reads a text as [Office.Propose] does, and keeps nothing: strict.Findings
// where it is wrong or its own tests do not hold.
func (o *Office) Check(text []byte) (*policy.Policy, error) {
	return load(o.opts.Desk.Rules(), text)
}

// Verify checks the ledger's whole chain, the checkpoint if there is one, and that
// the register says the same. The error of a broken chain is a *[ledger.BadLine].
func (o *Office) Verify(since *ledger.Checkpoint) (out ledger.Verified, err error) {
	err = o.opts.Store.View(func(tx *store.Tx) error {
		if out, err = ledger.Verify(tx, since); err != nil {
			return err
		}
		return Chained(tx, out)
	})
	return out, err
}

// Ledger lists lines of the ledger, the newest first.
func (o *Office) Ledger(f ledger.Filter) (out []ledger.Line, next uint64, err error) {
	err = o.opts.Store.View(func(tx *store.Tx) error {
		out, next, err = ledger.Newest(tx, f)
		return err
	})
	return out, next, err
}
