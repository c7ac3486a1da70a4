package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/connectors/webhook/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

func card(n int) connector.PushItem {
	return connector.PushItem{
		List:     "L1",
		Campaign: "bank",
		Lead:     bridge.LeadID(fmt.Sprintf("lead-%d", n)),
		Card: bridge.Card{
			Prospect: bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: fmt.Sprint(n)},
			Role:     "caller",
			Policy:   "sha256:abc",
			ReadAt:   noon,
			Fields:   map[bridge.FieldName]bridge.Value{bridge.FieldProspectName: "Jean <Éric> & fils", bridge.FieldPhone: "+33199001234"},
			Context:  map[string]string{"customer": "yes"},
		},
	}
}

func cards(n int) []connector.PushItem {
	items := make([]connector.PushItem, n)
	for i := range items {
		items[i] = card(i)
	}
	return items
}

func withdraw(item connector.PushItem) connector.PushItem {
	item.Withdraw = true
	item.Card = bridge.Card{Prospect: item.Card.Prospect}
	return item
}

func TestPush(t *testing.T) {
	t.Parallel()
	platform, conn := connect(t, fake.Options{}, "push_batch: 2")
	ctx := context.Background()
	if err := conn.Check(ctx); err != nil {
		t.Fatalf("Check: %v", err)
	}
	for range 2 { // pushing the same cards again changes nothing
		noErrors(t, conn.Push(ctx, cards(5)))
	}
	if got := platform.Changes(); got != 5 {
		t.Errorf("%d changes on the platform; want 5", got)
	}
	if got, want := platform.Requests(), 1+2*3; got != want {
		t.Errorf("%d requests; want %d: a check, and twice five cards by two", got, want)
	}
	want := fake.Card{
		List: "L1", Campaign: "bank", Lead: "lead-3", ProspectID: "3", Role: "caller", Policy: "sha256:abc",
		Fields:  map[string]string{"prospect.name": "Jean <Éric> & fils", "prospect.phone": "+33199001234"},
		Context: map[string]string{"customer": "yes"},
	}
	if diff := cmp.Diff(want, platform.Cards("L1")["lead-3"]); diff != "" {
		t.Errorf("the card: %s", diff)
	}

	bare := card(6)
	bare.Card.Fields, bare.Card.Context = nil, nil
	noErrors(t, conn.Push(ctx, []connector.PushItem{withdraw(card(3)), bare, withdraw(card(99))}))
	if _, on := platform.Cards("L1")["lead-3"]; on {
		t.Error("a withdrawn card is still on the list")
	}
	if got, on := platform.Cards("L1")["lead-6"]; !on || len(got.Fields) != 0 {
		t.Errorf("a card whose role reads nothing: %+v, %v", got, on)
	}
}

func TestPushOrder(t *testing.T) {
	t.Parallel()
	platform, conn := connect(t, fake.Options{}, "")
	again := card(1)
	again.Card.Fields[bridge.FieldProspectName] = "the newest"
	noErrors(t, conn.Push(context.Background(), []connector.PushItem{card(1), withdraw(card(1)), again, card(2), withdraw(card(2))}))
	held := platform.Cards("L1")
	if len(held) != 1 || held["lead-1"].Fields["prospect.name"] != "the newest" {
		t.Errorf("the list holds %+v; want lead-1 as pushed last", held)
	}
}

func TestPushNothing(t *testing.T) {
	t.Parallel()
	platform, conn := connect(t, fake.Options{}, "")
	if errs := conn.Push(context.Background(), nil); len(errs) != 0 || platform.Requests() != 0 {
		t.Errorf("%v, %d requests", errs, platform.Requests())
	}
}

func TestPushPartial(t *testing.T) {
	t.Parallel()
	platform, conn := connect(t, fake.Options{Lists: []string{"L1"}}, "")
	items := cards(3)
	items[1].List = "secret list"
	errs := conn.Push(context.Background(), items)
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("the good ones: %v, %v", errs[0], errs[2])
	}
	if f := fault.Of(errs[1]); f == nil || f.Kind != fault.Rejected || !strings.Contains(f.Error(), "unknown_list") || strings.Contains(f.Error(), "secret list") {
		t.Errorf("the refused one: %v", errs[1])
	}
	if got := len(platform.Cards("L1")); got != 2 {
		t.Errorf("%d cards arrived; want 2", got)
	}
}

func TestPushAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		fails fake.Break
		kind  fault.Kind // of the first batch; "" is taken
		maybe bool
		after time.Duration
		goOn  bool // the second batch is tried all the same
	}{
		{"2xx with nothing", fake.Break{Status: http.StatusNoContent, After: true, Body: " "}, "", false, 0, true},
		{"202 with an empty object", fake.Break{Status: http.StatusAccepted, After: true, Body: "{}"}, "", false, 0, true},
		{"503", fake.Break{Status: 503, RetryAfter: 7 * time.Second}, fault.Unavailable, true, 7 * time.Second, false},
		{"429", fake.Break{Status: 429, RetryAfter: 30 * time.Second}, fault.RateLimited, false, 30 * time.Second, false},
		{"401", fake.Break{Status: 401}, fault.Permanent, false, 0, false},
		{"404", fake.Break{Status: 404}, fault.Permanent, false, 0, false},
		{"422", fake.Break{Status: 422}, fault.Rejected, false, 0, true},
		{"redirect", fake.Break{Status: 302}, fault.Permanent, false, 0, false},
		{"reset", fake.Break{Drop: true}, fault.Unavailable, true, 0, false},
		{"taken, answer lost", fake.Break{Drop: true, After: true}, fault.Unavailable, true, 0, false},
		{"a web page", fake.Break{Status: 200, Body: "<html>log in</html>"}, fault.Unavailable, true, 0, false},
		{"half an answer", fake.Break{Status: 200, Body: `{"errors":[{"index":0`}, fault.Unavailable, true, 0, false},
		{"an error for nothing", fake.Break{Status: 200, Body: `{"errors":[{"index":7}]}`}, fault.Unavailable, true, 0, false},
		{"an error for all less one", fake.Break{Status: 200, Body: `{"errors":[{"index":-1}]}`}, fault.Unavailable, true, 0, false},
		{"an unheard-of code", fake.Break{Status: 200, Body: `{"errors":[{"index":0,"code":"Dupont"},{"index":1}]}`}, fault.Rejected, false, 0, true},
		{"not now", fake.Break{Status: 200, Body: `{"errors":[{"index":0,"code":"unavailable"},{"index":1,"code":"unavailable"}]}`}, fault.Unavailable, false, 0, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			platform, conn := connect(t, fake.Options{}, "push_batch: 2")
			platform.Break(c.fails)
			errs := conn.Push(context.Background(), cards(3))
			if len(errs) != 3 {
				t.Fatalf("%d errors for 3 items", len(errs))
			}
			for i, err := range errs[:2] {
				checkFault(t, fmt.Sprintf("item %d", i), err, c.kind, c.maybe, c.after)
			}
			if c.goOn {
				checkFault(t, "the next batch", errs[2], "", false, 0)
			} else {
				checkFault(t, "the next batch", errs[2], c.kind, false, c.after)
			}
			tried := map[bool]int{true: 2, false: 1}[c.goOn]
			if got := platform.Requests(); got != tried {
				t.Errorf("%d requests; want %d", got, tried)
			}
			noErrors(t, conn.Push(context.Background(), cards(3))) // a second try heals everything
			if got := len(platform.Cards("L1")); got != 3 {
				t.Errorf("%d cards after a second try; want 3", got)
			}
			if got := platform.Changes(); got != 3 {
				t.Errorf("%d changes; want 3: each card once", got)
			}
		})
	}
}

func checkFault(t *testing.T, what string, err error, kind fault.Kind, maybe bool, after time.Duration) {
	t.Helper()
	if kind == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	f := fault.Of(err)
	if f == nil || f.Kind != kind || f.MayHaveApplied != maybe || f.After != after {
		t.Errorf("%s: %+v; want %s, may have applied %v, after %v", what, f, kind, maybe, after)
		return
	}
	for _, value := range []string{"Dupont", "Jean", "+33199001234", "127.0.0.1", pushSecret} {
		if strings.Contains(err.Error(), value) {
			t.Errorf("%s: the error holds %q: %v", what, value, err)
		}
	}
}

func TestPushStopsWithItsContext(t *testing.T) {
	t.Parallel()
	platform, conn := connect(t, fake.Options{}, "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range conn.Push(ctx, cards(2)) {
		checkFault(t, "cancelled", err, fault.Unavailable, false, 0)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v; want a cancellation", err)
		}
	}
	if platform.Requests() != 0 {
		t.Error("something was sent")
	}
}

// The same content has the same ids, other content has others.
func TestContentIDs(t *testing.T) {
	t.Parallel()
	other := card(1)
	other.Card.Fields[bridge.FieldProspectName] = "someone else"
	later := card(1)
	later.Card.ReadAt = noon.Add(time.Hour)
	a := itemOf(card(1)).ID
	if itemOf(card(1)).ID != a || itemOf(later).ID != a {
		t.Error("the same card has two ids")
	}
	if itemOf(other).ID == a || itemOf(withdraw(card(1))).ID == a || itemOf(card(2)).ID == a {
		t.Error("different items share an id")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	platform, conn := connect(t, fake.Options{}, "")
	platform.Break(fake.Break{Status: 401})
	checkFault(t, "wrong secret", conn.Check(context.Background()), fault.Permanent, false, 0)
	hooksOnly, err := openWith(t, "secrets: ["+oldSecret+"]")
	if err != nil {
		t.Fatal(err)
	}
	if err := hooksOnly.Check(context.Background()); err != nil {
		t.Errorf("a platform that takes no cards: %v", err)
	}
	if err := hooksOnly.Close(); err != nil {
		t.Error(err)
	}
}

func noErrors(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Errorf("item %d: %v", i, err)
		}
	}
}
