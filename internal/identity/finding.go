package identity

import (
	"context"
	"net/netip"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// findingEvery is how often the same attempt is noted again: somebody who goes on
// trying is one finding.
const findingEvery = 15 * time.Minute

// Found notes that somebody came outside the hours or networks of their role.
func (a *Accounts) Found(ctx context.Context, who bridge.Actor, from netip.Addr, shut *policy.Shut) error {
	what := Outside
	if shut.Away {
		what = Elsewhere
	}
	now := a.opts.Now()
	if a.findings.take(what+" "+who.Name()+" "+text(neighbourhood(from)), now) > 0 {
		return nil
	}
	return a.opts.Store.Commit(ctx, func(tx *store.Tx) error {
		return enter(tx, Access{At: now.UTC(), What: what, Person: who.Person.ID, Client: text(from)})
	})
}
