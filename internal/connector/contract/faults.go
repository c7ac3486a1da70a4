package contract

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// doing is one thing that a connection can be asked to do.
type doing struct {
	name string
	run  func(ctx context.Context) error
	sent []string     // values that no error may show
	made bridge.Write // of a write: what it made
}

// operations lists what the connection can do, one of each kind.
func (h Harness) operations(o *opened) []doing {
	ops := []doing{{name: "check", run: o.Check}}
	if c, ok := o.Conn.(connector.Puller); ok {
		ops = append(ops, doing{name: "pull", run: func(ctx context.Context) error {
			_, err := c.Pull(ctx, connector.PullRequest{Selection: o.CRM.Selection, Fields: o.CRM.Texts, Limit: 2})
			return err
		}})
	}
	if c, ok := o.Conn.(connector.Applier); ok && h.Descriptor.Takes(bridge.WriteActivity) {
		w := o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0])
		ops = append(ops, doing{name: "apply", sent: []string{noteCanary}, made: w, run: func(ctx context.Context) error {
			return firstError(c.Apply(ctx, []bridge.Write{w}))
		}})
	}
	if c, ok := o.Conn.(connector.Finder); ok {
		writes := []bridge.Write{o.change(o.CRM.Prospects[1], o.CRM.Texts[0], fieldCanary, "")}
		if h.Descriptor.Takes(bridge.WriteActivity) {
			writes = append(writes, o.writeOf(bridge.WriteActivity, o.CRM.Prospects[0]))
		}
		ops = append(ops, doing{name: "find", sent: []string{noteCanary, fieldCanary}, run: func(ctx context.Context) error {
			_, err := c.Find(ctx, writes)
			return err
		}})
	}
	ops = append(ops, insights(o)...)
	if c, ok := o.Conn.(connector.Pusher); ok {
		item := o.card("lead-1", fieldCanary)
		ops = append(ops, doing{name: "push", sent: []string{fieldCanary}, run: func(ctx context.Context) error {
			return c.Push(ctx, []connector.PushItem{item})[0]
		}})
	}
	return ops
}

// insights are the questions about the CRM.
func insights(o *opened) (ops []doing) {
	ask := func(name string, run func(ctx context.Context) error) {
		if !unsupported(run) {
			ops = append(ops, doing{name: name, run: run})
		}
	}
	if c, ok := o.Conn.(connector.Cataloguer); ok {
		ask("catalogue", func(ctx context.Context) error { _, err := c.Catalogue(ctx); return err })
	}
	if c, ok := o.Conn.(connector.RightsTeller); ok {
		ask("rights", func(ctx context.Context) error { _, err := c.Rights(ctx, ""); return err })
	}
	if c, ok := o.Conn.(connector.PeopleLister); ok {
		ask("people", func(ctx context.Context) error { _, err := c.People(ctx); return err })
	}
	if c, ok := o.Conn.(connector.Diary); ok {
		ask("busy", func(ctx context.Context) error {
			_, err := c.Busy(ctx, o.CRM.Users[1], callAt, callAt.AddDate(0, 0, 7))
			return err
		})
	}
	if c, ok := o.Conn.(connector.Calendar); ok {
		w := o.writeOf(bridge.WriteMeeting, o.CRM.Prospects[0])
		ask("appointments", func(ctx context.Context) error {
			_, err := c.Appointments(ctx, []bridge.Meeting{*w.Meeting})
			return err
		})
	}
	if c, ok := o.Conn.(connector.Remover); ok {
		ask("remove", func(ctx context.Context) error { return c.Remove(ctx, bridge.WriteMeeting, noSuchID) })
	}
	return ops
}

// noSuchID is of no record, whatever ids look like.
const noSuchID = "987654321"

const fieldCanary = "canari-champ valeur privée"

func firstError(receipts []connector.Receipt) error {
	for _, r := range receipts {
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}

// expected is what a kind of trouble must be classified as.
type expected struct {
	trouble
	kinds []fault.Kind
	after time.Duration
}

func (h Harness) troubles() []expected {
	status := func(code int, kind fault.Kind) expected {
		kinds := []fault.Kind{kind}
		if other, ok := h.Kinds[code]; ok {
			kinds = []fault.Kind{other}
		}
		return expected{trouble: trouble{name: fmt.Sprint("status ", code), status: code, before: true}, kinds: kinds}
	}
	waits := func(e expected, form string) expected {
		e.name += " retry-after " + form
		e.retryAfter, e.after = form, 7*time.Second
		return e
	}
	how := func(how string, before bool) expected {
		name := how + " after"
		if before {
			name = how + " before"
		}
		return expected{trouble: trouble{name: name, how: how, before: before}, kinds: []fault.Kind{fault.Unavailable}}
	}
	redirect := how("redirect", true)
	redirect.kinds = []fault.Kind{fault.Permanent}
	all := []expected{
		waits(status(429, fault.RateLimited), "7"), waits(status(429, fault.RateLimited), "date"), waits(status(503, fault.Unavailable), "7"),
		how("reset", true), how("reset", false), how("hang", true), how("hang", false),
		how("cut", false), how("page", true), how("page", false), redirect,
	}
	if h.Descriptor.Kind == connector.CRM { // a platform may have nothing to say
		all = append(all, how("empty", false))
	}
	for _, a := range h.Answers {
		all = append(all, expected{trouble: trouble{name: a.Name, answer: &a, before: true}, kinds: []fault.Kind{a.Kind}, after: a.After})
	}
	for code, kind := range map[int]fault.Kind{
		400: fault.Rejected, 404: fault.Rejected, 409: fault.Rejected, 413: fault.Rejected, 422: fault.Rejected,
		401: fault.Permanent, 403: fault.Permanent,
		500: fault.Unavailable, 502: fault.Unavailable, 503: fault.Unavailable, 504: fault.Unavailable,
	} {
		all = append(all, status(code, kind))
	}
	return all
}

// faults brings every trouble to everything that can be asked.
func (h Harness) faults(t *testing.T) {
	o := h.open(t)
	t.Run("cancelled before", func(t *testing.T) { h.cancelledBefore(t) })
	if o.proxy == nil {
		return
	}
	for n := range h.operations(o) {
		t.Run(h.operations(o)[n].name+" cancelled during", func(t *testing.T) {
			t.Parallel()
			h.cancelledDuring(t, n)
		})
		for _, e := range h.troubles() {
			if e.answer != nil && len(e.answer.Only) > 0 && !slices.Contains(e.answer.Only, h.operations(o)[n].name) {
				continue
			}
			t.Run(h.operations(o)[n].name+" "+e.name, func(t *testing.T) {
				t.Parallel()
				h.meets(t, n, e)
			})
		}
	}
}

func (h Harness) meets(t *testing.T, n int, e expected) {
	o := h.open(t)
	op := h.operations(o)[n]
	timeout := patience
	if e.how == "hang" {
		timeout = 100 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	o.proxy.set(&e.trouble)
	err := op.run(ctx)
	o.proxy.set(nil)
	if o.proxy.requests() == 0 {
		return // this operation asks the system nothing
	}
	o.harmless(t, err, op.sent...)
	absent := op.name == "remove" && (e.status == http.StatusNotFound || slices.Contains([]string{"cut", "empty"}, e.how)) // what it says is not there
	switch {
	case err == nil && absent:
		return
	case err == nil:
		h.survived(t, o, op)
		return
	}
	f := fault.Of(err)
	kinds := e.kinds
	if op.name == "check" && kinds[0] == fault.Rejected {
		kinds = append(kinds, fault.Permanent)
	}
	if !slices.Contains(kinds, f.Kind) {
		t.Errorf("kind %s, want %s: %v", f.Kind, kinds[0], err)
	}
	if f.After != e.after {
		t.Errorf("after %v, want %v", f.After, e.after)
	}
	if f.Op == "" || !hasName(f.Op, h.Descriptor.Name) {
		t.Errorf("the operation %q does not begin with the connector's name", f.Op)
	}
	h.honest(t, o, op, e, f)
}

func hasName(op, name string) bool { return len(op) > len(name) && op[:len(name)] == name }

// honest checks MayHaveApplied: never missing where there is an effect, never
// set where the system said no.
func (h Harness) honest(t *testing.T, o *opened, op doing, e expected, f *fault.Error) {
	t.Helper()
	if op.made.Kind == "" {
		if f.MayHaveApplied && op.name != "push" {
			t.Errorf("a read may not have been applied: %v", f)
		}
		return
	}
	if effects := o.CRM.Effects(op.made); effects > 0 && !f.MayHaveApplied {
		t.Errorf("it was applied, but the error says it was not: %v", f)
	}
	if refused := e.status >= 400 && e.status < 500 || e.kinds[0] == fault.Rejected; refused && f.MayHaveApplied {
		t.Errorf("the system refused, but the error says it may have been applied: %v", f)
	}
}

// survived is for trouble that a connector may rightly not notice: an answer
// cut or hidden that held nothing it needed. A write must then be there.
func (h Harness) survived(t *testing.T, o *opened, op doing) {
	t.Helper()
	if op.made.Kind == "" || o.CRM.Effects(op.made) != 1 {
		t.Errorf("it passed as success")
	}
}

func (h Harness) cancelledBefore(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	ended, end := context.WithCancel(t.Context())
	end()
	for _, op := range h.operations(o) {
		err := op.run(ended)
		if op.made.Kind == "" {
			continue
		}
		f := fault.Of(err)
		if err == nil || f.Kind != fault.Unavailable || f.MayHaveApplied {
			t.Errorf("%s: want unavailable, not applied; got %+v", op.name, f)
		}
		if o.CRM.Effects(op.made) != 0 {
			t.Errorf("%s: carried out after its context ended", op.name)
		}
	}
}

func (h Harness) cancelledDuring(t *testing.T, n int) {
	o := h.open(t)
	op := h.operations(o)[n]
	o.proxy.set(&trouble{how: "hang", before: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- op.run(ctx) }()
	select {
	case <-o.proxy.arrived:
	case err := <-done:
		if o.proxy.requests() > 0 || err != nil {
			t.Errorf("returned before anything was answered: %v", err)
		}
		return
	}
	cancel()
	select {
	case err := <-done:
		if err == nil || fault.Of(err).Kind != fault.Unavailable {
			t.Errorf("cancelled, but got %v", err)
		}
	case <-time.After(2 * time.Second):
		t.Error("does not return when cancelled")
	}
}
