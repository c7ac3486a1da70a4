package governance

import (
	"time"

	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Simulate decides again, under a policy's text, what was decided since a
// moment, and says what would have been otherwise than under the active one.
func (o *Office) Simulate(text []byte, since time.Time) (policy.Forecast, error) {
	rules := o.opts.Desk.Rules()
	p, err := policy.Load("policy.yaml", text, rules.Catalog)
	if err != nil {
		return policy.Forecast{}, err
	}
	s := policy.Simulate(rules.Policy, p.Like(rules.Policy))
	if err := o.opts.Desk.Past(since, s.Add); err != nil {
		return policy.Forecast{}, err
	}
	err = o.opts.Desk.Deeds(since, s.Did)
	return s.Forecast(), err
}

// Suggest says what could go of a policy, judged by what was done since a moment,
// as far back as decisions are kept. Without a text it is the active one.
func (o *Office) Suggest(file string, text []byte, since time.Time) (policy.Suggestion, error) {
	rules, now := o.opts.Desk.Rules(), o.opts.Now()
	p := rules.Policy
	if len(text) > 0 {
		fresh, err := policy.Load(file, text, rules.Catalog)
		if err != nil {
			return policy.Suggestion{}, err
		}
		p = fresh.Like(p)
	}
	if kept := o.opts.Kept(now); kept.After(since) {
		since = kept
	}
	habits := policy.HabitsUnder(p)
	if err := o.opts.Desk.Past(since, habits.Add); err != nil {
		return policy.Suggestion{}, err
	}
	if err := o.opts.Desk.Deeds(since, habits.Did); err != nil {
		return policy.Suggestion{}, err
	}
	out := habits.Suggest(file)
	out.Since, out.Until = since.UTC(), now.UTC()
	err := o.opts.Store.View(func(tx *store.Tx) error {
		line, _, err := Active(tx)
		if err == nil && line.Policy == p.Hash() {
			out.Active = line.At
		}
		return err
	})
	return out, err
}
