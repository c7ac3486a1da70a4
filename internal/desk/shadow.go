package desk

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// Shadow takes the desk's decisions once more under a draft, beside them: no
// command waits for it, and nothing that goes wrong in it is any command's. It
// must be made with [NewShadow] and stopped.
type Shadow struct {
	in      chan []glimpse
	ask     chan question
	stop    chan struct{}
	stopped chan struct{}
	skipped atomic.Int64
	before  keptBeside // from before a restart
	now     func() time.Time
	log     *slog.Logger
}

// glimpse is a decision as it was just taken.
type glimpse struct {
	live, draft *policy.Policy
	past        policy.Past
	carried     bool // out; else it was refused
}

// shadowRoom is how many commands may wait to be decided again.
const shadowRoom = 4096

// keptBeside is a comparison as it is kept over a restart.
type keptBeside struct {
	Live    string      `json:"live"`
	Draft   string      `json:"draft"`
	Since   time.Time   `json:"since"`
	Skipped int64       `json:"skipped,omitempty"`
	Found   policy.Kept `json:"found"`
}

// besides holds the one comparison that is under way.
var besides = store.NewTable[keptBeside]("desk.shadow")

const besideKey = "beside"

// question asks for what was found between two policies; without them, between
// the last two.
type question struct {
	live, draft *policy.Policy
	reply       chan answer
}

// answer is what a shadow has found so far, to be told and to be kept.
type answer struct {
	told policy.Beside
	kept keptBeside
}

// NewShadow begins to decide beside a desk that it is given to with the rules. It
// goes on with what the store has kept of the same two policies.
func NewShadow(s *store.Store, now func() time.Time, log *slog.Logger) (*Shadow, error) {
	shadow := &Shadow{
		in: make(chan []glimpse, shadowRoom), ask: make(chan question),
		stop: make(chan struct{}), stopped: make(chan struct{}), now: now, log: log,
	}
	err := s.View(func(tx *store.Tx) (err error) {
		shadow.before, _, err = besides.Get(tx, besideKey)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what was kept of a draft beside cannot be read: %w", err)
	}
	go shadow.run()
	return shadow, nil
}

// Keep keeps what was found so far.
func (s *Shadow) Keep(ctx context.Context, in *store.Store) error {
	found := s.found(nil, nil)
	if found.kept.Live == "" {
		return nil
	}
	return in.Commit(ctx, func(tx *store.Tx) error { return besides.Put(tx, besideKey, found.kept) })
}

// Stop ends it.
func (s *Shadow) Stop() {
	close(s.stop)
	<-s.stopped
}

// found is what it has found so far, of all decisions that were taken before.
func (s *Shadow) found(live, draft *policy.Policy) answer {
	q := question{live, draft, make(chan answer, 1)}
	select {
	case s.ask <- q:
		return <-q.reply
	case <-s.stopped:
		return answer{}
	}
}

// see hands over what a command decided. What finds no room is left out and
// counted.
func (s *Shadow) see(seen []glimpse) {
	select {
	case s.in <- seen:
	default:
		s.skipped.Add(int64(len(seen)))
	}
}

func (s *Shadow) run() {
	defer close(s.stopped)
	var c comparison
	for {
		select {
		case seen := <-s.in:
			s.take(&c, seen)
		case q := <-s.ask:
			for len(s.in) > 0 {
				s.take(&c, <-s.in)
			}
			if c.simulation == nil && q.live != nil && s.before.Live == q.live.Hash() && s.before.Draft == q.draft.Hash() {
				c = s.begin(q.live, q.draft)
			}
			q.reply <- answer{c.told(int(s.skipped.Load())), c.kept(s.skipped.Load())}
		case <-s.stop:
			return
		}
	}
}

// comparison is between one live policy and one draft.
type comparison struct {
	simulation  *policy.Simulation
	live, draft string
	since       time.Time
}

func (c comparison) told(skipped int) policy.Beside {
	out := policy.Beside{Policy: c.live, Draft: c.draft, Since: c.since, Skipped: skipped, Forecast: policy.Forecast{Effects: []policy.Effect{}}}
	if c.simulation != nil {
		out.Forecast = c.simulation.Forecast()
	}
	return out
}

func (c comparison) kept(skipped int64) keptBeside {
	if c.simulation == nil {
		return keptBeside{}
	}
	return keptBeside{Live: c.live, Draft: c.draft, Since: c.since, Skipped: skipped, Found: c.simulation.Keep()}
}

// begin begins a comparison, or goes on with that of the same two from before.
func (s *Shadow) begin(live, draft *policy.Policy) comparison {
	out := comparison{policy.Simulate(live, draft), live.Hash(), draft.Hash(), s.now().UTC()}
	s.skipped.Store(0)
	if b := s.before; b.Live == out.live && b.Draft == out.draft {
		out.since = b.Since
		out.simulation.Resume(b.Found)
		s.skipped.Store(b.Skipped)
	}
	s.before = keptBeside{}
	return out
}

// take decides again. Another live policy, or another draft, begins a new
// comparison.
func (s *Shadow) take(c *comparison, seen []glimpse) {
	defer func() {
		if failed := recover(); failed != nil {
			s.skipped.Add(int64(len(seen)))
			s.log.Error("decisions could not be taken again under the draft beside", "err", fmt.Errorf("%v", failed))
		}
	}()
	for _, g := range seen {
		if live, draft := g.live.Hash(), g.draft.Hash(); c.simulation == nil || c.live != live || c.draft != draft {
			*c = s.begin(g.live, g.draft)
		}
		c.simulation.Between(g.live, g.draft)
		if g.carried {
			c.simulation.Add(g.past)
		} else {
			c.simulation.Refuse(g.past)
		}
	}
}

// shading says whether a draft is to be compared with what the command decides.
func (c *command) shading() bool { return c.Draft != nil && c.opts.Shadow != nil }

// trying notes what the command decides on, so that a refusal of it can be
// decided again like what is carried out.
func (c *command) trying(d Decision, l bridge.Lead) {
	if c.shading() {
		c.attempt, c.attempted = &d, l
	}
}

// tryingNext is trying for whoever asks for a lead of the campaign: nobody knows
// which.
func (c *command) tryingNext(camp bridge.Campaign) {
	lead := policy.Record{Assignee: c.who.Person, Handed: true, Team: camp.Team, CampaignTeam: camp.Team, Principal: camp.Principal, CRM: camp.CRM}
	c.trying(Decision{Kind: "next", Record: lead}, bridge.Lead{Campaign: camp.ID})
}

// noted takes a right that was asked for into what is decided again: of a
// command whose decision is kept, if it was refused.
func (c *command) noted(allowed bool, a policy.Action, o bridge.Object, r policy.Record) {
	switch {
	case !c.shading():
	case c.attempt == nil:
		c.glimpse(policy.Past{At: c.now, Subject: c.who, Record: r, Verb: a, Object: o}, allowed)
	case !allowed:
		c.attempt.At, c.attempt.Subject = c.now, c.who
		c.glimpse(c.again(c.attempted, *c.attempt), false)
	}
}

// viewed takes a card that left, or did not, into what is decided again.
func (c *command) viewed(s policy.Subject, r policy.Record, l bridge.Lead, allowed bool) {
	if c.shading() {
		c.glimpse(c.again(l, Decision{At: c.now, Kind: "view", Subject: s, Record: r}), allowed)
	}
}

// listed takes a lead that was listed without its card into what is decided again.
func (c *command) listed(r policy.Record, l bridge.Lead) {
	if c.shading() {
		c.glimpse(c.again(l, Decision{At: c.now, Kind: "list", Subject: c.who, Record: r}), true)
	}
}

// viewing is viewed for whoever asks for a lead, to see it or to decide on it.
func (c *command) viewing(allowed bool, l bridge.Lead, r policy.Record) {
	if c.attempt == nil {
		c.viewed(c.who, r, l, allowed)
		return
	}
	c.attempt.Record, c.attempted = r, l
	c.noted(allowed, policy.Read, bridge.ProspectObj, r)
}

// again is the decision on a lead's prospect as it can be taken again.
func (c *command) again(l bridge.Lead, d Decision) policy.Past {
	out := d.again(c.Mapped[l.Prospect.Connection], "")
	out.Lead = l.ID
	return out
}

func (c *command) glimpse(past policy.Past, carried bool) {
	c.glimpses = append(c.glimpses, glimpse{c.Policy, c.Draft, past, carried})
}

// shade hands over what the command came to: all of it if it was carried out, the
// refusal if it was refused; what failed otherwise decided nothing.
func (d *Desk) shade(c *command, err error) {
	if c == nil || len(c.glimpses) == 0 {
		return
	}
	_, refused := err.(*Denied)
	_, hidden := err.(*NotFound)
	switch {
	case err == nil:
		d.opts.Shadow.see(c.glimpses)
	case refused || hidden:
		if last := c.glimpses[len(c.glimpses)-1]; !last.carried {
			d.opts.Shadow.see([]glimpse{last})
		}
	}
}

// Beside is what the draft beside the policy would have decided otherwise; false
// if there is none.
func (d *Desk) Beside() (policy.Beside, bool) {
	rules := d.Rules()
	if rules.Draft == nil || d.opts.Shadow == nil {
		return policy.Beside{}, false
	}
	out := d.opts.Shadow.found(rules.Policy, rules.Draft).told
	if out.Draft == "" {
		out.Draft = rules.Draft.Hash()
	}
	return out, true
}
