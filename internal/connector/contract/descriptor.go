package contract

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/strict"
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// descriptor compares what is declared with what is implemented and with what
// the world lets the suite exercise.
func (h Harness) descriptor(t *testing.T) {
	d := h.Descriptor
	o := h.open(t)
	must := func(ok bool, format string, args ...any) {
		t.Helper()
		if !ok {
			t.Errorf(format, args...)
		}
	}
	must(namePattern.MatchString(d.Name), "name %q", d.Name)
	must(d.Doc != "", "no doc line")
	must(d.Kind == connector.CRM || d.Kind == connector.Phoning, "kind %q", d.Kind)
	for _, s := range d.Settings {
		must(s.Key != "" && s.Doc != "", "setting %q has no key or no doc", s.Key)
	}
	for _, page := range []string{"README.md", "doc.go"} {
		_, err := os.Stat(page)
		must(err == nil, "the connector's folder has no %s", page)
	}

	_, pulls := o.Conn.(connector.Puller)
	_, applies := o.Conn.(connector.Applier)
	_, finds := o.Conn.(connector.Finder)
	_, pushes := o.Conn.(connector.Pusher)
	_, hooks := o.Conn.(connector.Hook)
	if d.Kind == connector.CRM {
		must(pulls && applies, "a CRM pulls (%v) and applies (%v)", pulls, applies)
		must(len(d.Kinds) > 0, "no kinds of writes")
		must(d.Batch >= 1, "batch %d", d.Batch)
		must(finds || d.Idempotency != connector.ByLookup && d.Confirmation == connector.ByAnswer, "%s and %s need a Finder", d.Idempotency, d.Confirmation)
		must(oneOf(d.Idempotency, connector.Native, connector.ByLookup, connector.None), "idempotency %q", d.Idempotency)
		must(oneOf(d.Confirmation, connector.ByAnswer, connector.ByList, connector.ByReadback), "confirmation %q", d.Confirmation)
		must(d.Local || d.Tokens >= 1, "%d tokens a write", d.Tokens)
		must(d.Local || d.Settle > 0, "no settle: a write that timed out may still appear")
		for _, k := range d.Kinds {
			must(oneOf(k, bridge.WriteKinds()...), "kind of write %q", k)
		}
		must(o.CRM != nil && len(o.CRM.Prospects) >= 5 && len(o.CRM.Texts) >= 2, "the world's CRM part is missing or too small")
		must(len(o.Personal) > 0, "the world names no personal value that its system holds")
	} else {
		must(pushes || hooks, "a platform pushes or calls")
		must(!applies && !pulls && len(d.Kinds) == 0, "a platform takes no writes")
		must(pushes == (o.Platform != nil), "pusher %v, but the world's platform part says otherwise", pushes)
		must(hooks == (o.Hook != nil) && hooks == (h.Validate != nil), "hook %v, but the world's hook part or Validate says otherwise", hooks)
	}
	must(o.Server == nil || o.Client != nil, "the world has a server but no client")
}

func oneOf[T comparable](v T, all ...T) bool {
	for _, a := range all {
		if v == a {
			return true
		}
	}
	return false
}

// settings checks that mistakes are named and secrets are flagged and stay
// hidden.
func (h Harness) settings(t *testing.T) {
	for _, bad := range h.Bad {
		t.Run(bad.Name, func(t *testing.T) {
			t.Parallel()
			h.refusesSettings(t, bad.Settings, bad.Names)
		})
	}
	t.Run("unknown key", func(t *testing.T) {
		t.Parallel()
		o := h.world(t)
		h.refusesSettings(t, o.Settings("http://127.0.0.1:1")+"\nno_such_key: 1\n", "no_such_key")
	})
	t.Run("secrets", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		flagged := h.flagged(t, o.Settings("http://127.0.0.1:1"))
		for _, s := range o.Secrets {
			if !flagged[s] {
				t.Errorf("a secret stands under a key that the descriptor does not flag")
			}
		}
		if len(flagged) > len(o.Secrets) {
			t.Errorf("%d values stand under secret keys, the world names %d", len(flagged), len(o.Secrets))
		}
		o.hides(t, fmt.Sprintf("%v %+v %#v", o.Conn, o.Conn, o.Conn))
	})
}

func (h Harness) refusesSettings(t *testing.T, yaml, names string) {
	t.Helper()
	o := h.world(t)
	o.env.Decode = decoder(yaml)
	conn, err := o.open(t.Context(), o.env)
	if err == nil {
		_ = conn.Close()
		t.Fatal("these settings were taken")
	}
	if !strings.Contains(err.Error(), names) {
		t.Errorf("the error does not name %q: %v", names, err)
	}
	o.harmless(t, err)
}

// flagged collects the texts under keys that the descriptor flags as secret.
func (h Harness) flagged(t *testing.T, yaml string) map[string]bool {
	t.Helper()
	var root strict.Node
	if err := decoder(yaml)(&root); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, s := range h.Descriptor.Settings {
		if !s.Secret {
			continue
		}
		at := root.At(s.Key)
		for _, n := range append(at.Items(), at) {
			if text, ok := n.Scalar(); ok {
				out[text] = true
			}
		}
	}
	return out
}

// life checks opening, checking and closing.
func (h Harness) life(t *testing.T) {
	t.Run("open asks nothing", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		if o.proxy != nil && o.proxy.requests() > 0 {
			t.Errorf("%d requests before anything was asked for", o.proxy.requests())
		}
		if n := o.metered.Load(); n > 0 {
			t.Errorf("%d requests counted before anything was asked for", n)
		}
	})
	t.Run("check", func(t *testing.T) {
		t.Parallel()
		o := h.open(t)
		if err := o.Check(t.Context()); err != nil {
			t.Errorf("check of a good connection: %v", err)
		}
	})
	t.Run("close twice", func(t *testing.T) {
		t.Parallel()
		o := h.world(t)
		conn, err := o.open(t.Context(), o.env)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := conn.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
	})
	t.Run("no goroutine left", h.leavesNothing)
}

// leavesNothing runs a connection under a profiler label of its own, which all
// its goroutines inherit.
func (h Harness) leavesNothing(t *testing.T) {
	o := h.world(t)
	label := fmt.Sprintf("%s-%d", h.Descriptor.Name, counter.Add(1))
	pprof.Do(t.Context(), pprof.Labels("contract", label), func(ctx context.Context) {
		conn, err := o.open(ctx, o.env)
		if err != nil {
			t.Error(err)
			return
		}
		o.Conn = conn
		for _, op := range h.operations(o) {
			_ = op.run(ctx)
		}
		if err := conn.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if o.Client != nil {
		o.Client.CloseIdleConnections()
	}
	for until := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		var profile strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(profile.String(), label) {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("goroutines are left after Close:\n%s", profile.String())
		}
	}
}
