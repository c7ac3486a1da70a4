package contract

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
)

// Sessions is how a system ends what a connection's credentials have bought.
type Sessions struct {
	Login  func(r *http.Request) bool // whether a request buys a session (or asks for what that needs); it may read the body
	End    func()                     // refuses the token in use; a login gives a new one
	Refuse func()                     // refuses the credentials too
}

// keeper is the bridge's side of sessions, in memory.
type keeper struct {
	mu     sync.Mutex
	used   bool
	held   connector.Session
	logins int
}

func (k *keeper) session(login connector.Login) connector.Access {
	k.used = true
	return func(ctx context.Context, refused secret.String) (secret.String, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		if !k.held.Token.IsZero() && !k.held.Token.Equal(refused) {
			return k.held.Token, nil
		}
		s, err := login(context.WithoutCancel(ctx), k.held)
		if err != nil {
			return secret.String{}, err
		}
		k.held = s
		k.logins++
		return s.Token, nil
	}
}

// sessions ends a connection's session under it.
func (h Harness) sessions(t *testing.T) {
	o := h.open(t)
	if o.keeper.used != (o.World.Sessions != nil) {
		t.Fatalf("the connection buys sessions (%v) and the world can end them (%v)", o.keeper.used, o.World.Sessions != nil)
	}
	if !o.keeper.used {
		return
	}
	t.Run("one that ends is replaced", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0])
		o.sees(t, false, w)
		o.World.Sessions.End()
		o.must(t, w)
		o.effects(t, w, 1)
		o.World.Sessions.End()
		o.sees(t, true, w)
		if o.keeper.logins != 3 {
			t.Errorf("logged in %d times for three sessions", o.keeper.logins)
		}
	})
	t.Run("one that ends under many", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0])
		o.sees(t, false, w)
		o.World.Sessions.End()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { o.sees(t, false, w) })
		}
		all.Wait()
		if o.keeper.logins != 2 {
			t.Errorf("logged in %d times for two sessions", o.keeper.logins)
		}
	})
	t.Run("credentials that are refused", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		o.World.Sessions.Refuse()
		w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0])
		r := o.apply(t, w)
		if f := fault.Of(r.Err); r.State != connector.Failed || f.Kind != fault.Permanent || f.MayHaveApplied {
			t.Errorf("want it permanent and not begun, got %+v", r)
		}
		o.harmless(t, r.Err)
		o.effects(t, w, 0)
	})
}
