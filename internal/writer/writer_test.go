package writer

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/outbox"
)

const crm = bridge.ConnectionName("crm.main")

// blind is a CRM that takes writes and cannot be searched.
type blind struct {
	answer func(bridge.Write) connector.Receipt
	short  bool // forgets the last receipt
	got    []string
}

func (b *blind) Check(context.Context) error { return nil }
func (b *blind) Close() error                { return nil }

func (b *blind) Apply(_ context.Context, writes []bridge.Write) []connector.Receipt {
	var out []connector.Receipt
	for _, w := range writes {
		b.got = append(b.got, string(w.Operation))
		out = append(out, b.answer(w))
	}
	if b.short {
		out = out[:len(out)-1]
	}
	return out
}

// searchable is one that can.
type searchable struct {
	blind
	find func([]bridge.Write) ([]connector.Sighting, error)
}

func (s *searchable) Find(_ context.Context, writes []bridge.Write) ([]connector.Sighting, error) {
	return s.find(writes)
}

// dumb is one that takes no writes.
type dumb struct{}

func (dumb) Check(context.Context) error { return nil }
func (dumb) Close() error                { return nil }

func stored(bridge.Write) connector.Receipt { return connector.Receipt{State: connector.Stored} }

// item is a granted entry; its operation has the entry's name.
func item(entry, prospect string, kind bridge.WriteKind, look bool) outbox.Item {
	return outbox.Item{Entry: entry, Verdict: outbox.Go, Look: look, Write: &bridge.Write{
		Operation: bridge.OperationID(entry), Kind: kind, Prospect: bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: prospect},
	}}
}

// told is a result without its words.
type told struct {
	Entry       string
	State       connector.ReceiptState
	Kind        fault.Kind
	Lost, Begun bool
}

func TestWhatAWriterMakesOfAGrant(t *testing.T) {
	t.Parallel()
	const call, change = bridge.WriteActivity, bridge.WriteFields
	good := func(e string) told { return told{e, connector.Stored, "", false, true} }
	bad := func(e string, kind fault.Kind, lost, begun bool) told {
		return told{e, connector.Failed, kind, lost, begun}
	}
	sees := func(present ...bool) func([]bridge.Write) ([]connector.Sighting, error) {
		return func([]bridge.Write) (out []connector.Sighting, err error) {
			for _, p := range present {
				out = append(out, connector.Sighting{Present: p})
			}
			return out, nil
		}
	}
	cannot := func(err error) func([]bridge.Write) ([]connector.Sighting, error) {
		return func([]bridge.Write) ([]connector.Sighting, error) { return nil, err }
	}
	for _, c := range []struct {
		name   string
		conn   connector.Conn
		repeat connector.Idempotency
		late   bool
		items  []outbox.Item
		want   []told
		sent   []string
	}{
		{name: "sends what is granted and nothing else", conn: &blind{answer: stored},
			items: []outbox.Item{item("1", "a", call, false), {Entry: "2", Verdict: outbox.Wait}, {Entry: "3", Verdict: outbox.Done}, item("4", "b", call, false)},
			want:  []told{good("1"), good("4")}, sent: []string{"1", "4"}},
		{name: "never begins after the deadline", conn: &blind{answer: stored}, late: true,
			items: []outbox.Item{item("1", "a", call, false)},
			want:  []told{bad("1", fault.Unavailable, false, false)}},
		{name: "tells the kind of each error", conn: &blind{answer: func(w bridge.Write) connector.Receipt {
			kinds := map[bridge.OperationID]error{
				"1": fault.Newf(fault.Rejected, "x", "no"), "2": fault.Lost("x", errors.New("gone")), "3": errors.New("nobody classified it"),
			}
			return connector.Receipt{State: connector.Failed, Err: kinds[w.Operation]}
		}},
			items: []outbox.Item{item("1", "a", call, false), item("2", "b", call, false), item("3", "c", call, false), item("4", "d", call, false)},
			want: []told{bad("1", fault.Rejected, false, true), bad("2", fault.Unavailable, true, true),
				bad("3", fault.Unavailable, true, true), bad("4", fault.Unavailable, true, true)},
			sent: []string{"1", "2", "3", "4"}},
		{name: "a receipt that is missing counts as a lost answer", conn: &blind{answer: stored, short: true},
			items: []outbox.Item{item("1", "a", call, false), item("2", "a", call, false)},
			want:  []told{good("1"), bad("2", fault.Unavailable, true, true)}, sent: []string{"1", "2"}},
		{name: "a connection that takes no writes", conn: dumb{},
			items: []outbox.Item{item("1", "a", call, false)},
			want:  []told{bad("1", fault.Permanent, false, true)}},
		{name: "what is there is not sent again", conn: &searchable{blind{answer: stored}, sees(true, false)},
			items: []outbox.Item{item("1", "a", call, true), item("2", "b", call, true), item("3", "c", call, false)},
			want:  []told{good("1"), good("2"), good("3")}, sent: []string{"2", "3"}},
		{name: "a look that fails keeps the prospect's later writes back", conn: &searchable{blind{answer: stored}, cannot(fault.Newf(fault.Rejected, "x", "no"))},
			items: []outbox.Item{item("1", "a", call, true), item("2", "a", call, false), item("3", "b", call, false)},
			want:  []told{bad("1", fault.Unavailable, true, true), bad("2", fault.Unavailable, false, false), good("3")}, sent: []string{"3"}},
		{name: "a look that answers for others only", conn: &searchable{blind{answer: stored}, sees(true)},
			items: []outbox.Item{item("1", "a", call, true), item("2", "b", call, true)},
			want:  []told{bad("1", fault.Unavailable, true, true), bad("2", fault.Unavailable, true, true)}},
		{name: "what cannot be looked for is a person's, but fields are compared first", conn: &blind{answer: stored}, repeat: connector.None,
			items: []outbox.Item{item("1", "a", call, true), item("2", "a", call, false), item("3", "b", change, true)},
			want:  []told{bad("1", fault.Unavailable, true, false), bad("2", fault.Unavailable, false, false), good("3")}, sent: []string{"3"}},
		{name: "a CRM that absorbs a repeat is sent it", conn: &blind{answer: stored}, repeat: connector.Native,
			items: []outbox.Item{item("1", "a", call, true)},
			want:  []told{good("1")}, sent: []string{"1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := hand{Line: Line{Name: crm, Descriptor: connector.Descriptor{Idempotency: c.repeat}, Conn: c.conn}, opts: Options{Log: slog.New(slog.DiscardHandler)}}
			deadline := time.Now().Add(time.Minute)
			if c.late {
				deadline = time.Now().Add(-time.Second)
			}
			report, any := h.apply(outbox.Grant{Fence: 7, Tokens: 3, Items: c.items}, deadline)
			if !any || report.Fence != 7 || report.Connection != crm || report.Unused != 3 {
				t.Errorf("reported %+v", report)
			}
			var got []told
			for _, r := range report.Results {
				got = append(got, told{r.Entry, r.State, r.Kind, r.Lost, r.Begun})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			var sent []string
			switch conn := c.conn.(type) {
			case *blind:
				sent = conn.got
			case *searchable:
				sent = conn.got
			}
			if diff := cmp.Diff(c.sent, sent); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAGrantOfNothing(t *testing.T) {
	t.Parallel()
	h := hand{Line: Line{Name: crm, Conn: dumb{}}}
	if _, any := h.apply(outbox.Grant{Items: []outbox.Item{{Entry: "1", Verdict: outbox.Busy}}}, time.Now()); any {
		t.Error("reported nothing")
	}
	report, any := h.apply(outbox.Grant{Tokens: 4}, time.Now())
	if !any || report.Unused != 4 {
		t.Errorf("kept tokens that were not spent: %+v", report)
	}
}
