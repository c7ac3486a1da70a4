package contract

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// card makes an item whose first field holds value; the other fields of the
// world hold something else.
func (o *opened) card(lead bridge.LeadID, value bridge.Value) connector.PushItem {
	fields := map[bridge.FieldName]bridge.Value{}
	for _, f := range o.Platform.Fields {
		fields[f] = "autre"
	}
	fields[o.Platform.Fields[0]] = value
	return connector.PushItem{
		List: o.Platform.List, Campaign: "bank", Lead: lead,
		Card: bridge.Card{
			Prospect: bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: "prospect-of-" + string(lead)},
			Role:     "caller", Policy: "policy-hash", Fields: fields,
		},
	}
}

func (h Harness) push(t *testing.T) {
	if _, ok := h.open(t).Conn.(connector.Pusher); !ok {
		return
	}
	t.Run("exactly the card", h.pushesCards)
	t.Run("withdraw", h.withdraws)
	t.Run("odd values", h.pushesOdd)
}

func (o *opened) pushAll(t *testing.T, items ...connector.PushItem) {
	t.Helper()
	errs := o.Conn.(connector.Pusher).Push(t.Context(), items)
	if len(errs) != len(items) {
		t.Fatalf("%d items gave %d answers", len(items), len(errs))
	}
	for i, err := range errs {
		if err != nil {
			t.Fatalf("push %d: %v", i, err)
		}
	}
}

func (o *opened) holds(t *testing.T, want ...connector.PushItem) {
	t.Helper()
	cards := map[bridge.LeadID]map[bridge.FieldName]bridge.Value{}
	for _, item := range want {
		cards[item.Lead] = item.Card.Fields
	}
	if d := cmp.Diff(cards, o.Platform.Held()); d != "" {
		t.Errorf("the platform holds (-want +got):\n%s", d)
	}
}

// pushesCards pushes, repeats and changes cards; fewer fields than before must
// leave nothing behind.
func (h Harness) pushesCards(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	one, two := o.card("lead-1", "Un"), o.card("lead-2", "Deux")
	o.pushAll(t, one, two)
	o.holds(t, one, two)
	o.pushAll(t, one)
	o.holds(t, one, two)

	two.Card.Fields = maps.Clone(two.Card.Fields)
	delete(two.Card.Fields, o.Platform.Fields[1])
	o.pushAll(t, two)
	o.holds(t, one, two)
}

func (h Harness) withdraws(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	one, two := o.card("lead-1", "Un"), o.card("lead-2", "Deux")
	o.pushAll(t, one, two)
	gone := one
	gone.Withdraw, gone.Card.Fields = true, nil
	o.pushAll(t, gone)
	o.holds(t, two)
	o.pushAll(t, gone)
	o.holds(t, two)
	o.pushAll(t, one)
	o.holds(t, one, two)
}

func (h Harness) pushesOdd(t *testing.T) {
	t.Parallel()
	o := h.open(t)
	var items []connector.PushItem
	for name, value := range odd {
		items = append(items, o.card(bridge.LeadID("lead-"+name), value))
	}
	o.pushAll(t, items...)
	o.holds(t, items...)
}
