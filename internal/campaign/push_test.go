package campaign

import (
	"context"
	"errors"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/fault"
)

func (w *world) oppose(id string) {
	w.t.Helper()
	p := bridge.Person{ID: "ann", Active: true, Phoning: map[bridge.ConnectionName]bridge.Login{dialler: {Name: "ann", Profile: "agent"}}}
	err := w.desk.Oppose(context.Background(), bridge.Actor{Person: p, Connection: dialler}, desk.Objection{
		Person: &bridge.Ref{Connection: crm, Object: bridge.ProspectObj, ID: id}, Motive: "letter",
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) listed(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.list[id]
	return ok
}

func TestWhoObjectsLeavesTheListAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(3)
	w.sync.Start()
	defer w.sync.Stop()
	within := func(what string, ok func() bool) {
		t.Helper()
		late := time.After(10 * time.Second)
		for !ok() {
			select {
			case <-w.changed:
			case <-late:
				t.Fatal(what)
			}
		}
	}
	within("the list is not filled", func() bool { return w.listed("002") })
	w.oppose("001")
	within("the next round is a minute away, and who objected is still on the list", func() bool { return !w.listed("001") })
}

// The CRM may be gone for a week: lists are kept in step with what the bridge
// knows.
func TestADeadCRMKeepsNobodyOnTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(3)
	w.round()
	w.oppose("001")
	w.failAt = w.pulls + 1
	if err := w.sync.Round(context.Background()); err == nil {
		t.Error("nobody hears that the CRM cannot be read")
	}
	if w.listed("001") {
		t.Error("who objected stays on the list while the CRM is down")
	}
}

func TestAListFedNoMoreIsEmptied(t *testing.T) {
	t.Parallel()
	for name, pushers := range map[string]bool{"its platform is there": true, "its platform is configured no more": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.add(3)
			w.round()
			if !pushers {
				delete(w.sync.opts.Pushers, dialler)
			}
			moved := *w.rules
			camp := w.rules.Campaigns[spring]
			camp.Feeds = []bridge.PlatformList{{Connection: "phoning.second", List: "M", Profile: "agent"}}
			moved.Campaigns = map[bridge.CampaignID]bridge.Campaign{spring: camp}
			w.desk.Swap(w.desk.Rules(), &moved)
			w.sync.opts.Pushers["phoning.second"] = &ends{list: map[string]map[bridge.FieldName]bridge.Value{}}
			w.round()
			if pushers && len(w.list) > 0 {
				t.Errorf("still on the old list: %v", w.list)
			}
			former, err := w.desk.FormerFeeds()
			if err != nil || len(former) > 0 {
				t.Errorf("%v, %v", former, err)
			}
		})
	}
}

// deaf is a platform that does not answer.
type deaf struct{ asked int }

func (d *deaf) Push(_ context.Context, items []connector.PushItem) []error {
	d.asked++
	out := make([]error, len(items))
	for i := range out {
		out[i] = fault.New(fault.Unavailable, "push", errors.New("no answer"))
	}
	return out
}

func TestADeafPlatformIsAskedOnceARound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(pushAtOnce + 50)
	d := &deaf{}
	w.sync.opts.Pushers[dialler] = d
	if err := w.sync.Round(context.Background()); err == nil || d.asked != 1 {
		t.Errorf("asked %d times, %v", d.asked, err)
	}
}

// Whoever watches the hub learns that its lists are behind, and that they are
// not any more.
func TestRoundsAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(3)
	w.failAt = 1
	told := make(chan error)
	w.sync.opts.Rounded = func(err error) { told <- err }
	w.sync.Start()
	if err := <-told; err == nil {
		t.Error("nobody hears that the CRM cannot be read")
	}
	w.sync.Poke()
	if err := <-told; err != nil {
		t.Errorf("the CRM is back: %v", err)
	}
	w.sync.Stop()
}
