package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// call works leads until ctx ends or the calls are made.
func (w *worker) call(ctx context.Context) {
	idle := ""
	for ctx.Err() == nil && w.mayCall() {
		h, why := w.nextLead(ctx)
		if h == nil {
			w.giveBack()
			if why != idle && ctx.Err() == nil {
				w.say("waits: %s", why)
			}
			idle = why
			w.pause(ctx, w.rest())
			continue
		}
		idle = ""
		if !w.pause(ctx, w.pace) {
			return // the lease ends by itself
		}
		w.record(ctx, h)
	}
}

// nextLead is the next lead, or why there is none.
func (w *worker) nextLead(ctx context.Context) (*handout, string) {
	var h handout
	status, err := w.api.post(ctx, "/v1/campaigns/"+campaignID+"/next", "", nil, &h)
	switch {
	case err != nil:
		return nil, err.Error()
	case status == http.StatusNoContent:
		return nil, "no lead is left; a new demo with a larger --prospects has more"
	}
	return &h, ""
}

// record records the outcome of the call. The key makes sure that a call whose
// answer is lost counts once.
func (w *worker) record(ctx context.Context, h *handout) {
	out := draw(w.rng).finish(w.rng, h.Lead.Attempts, w.now())
	if w.rng.IntN(40) == 0 { // somebody always tries
		if out.Fields == nil {
			out.Fields = map[string]any{}
		}
		out.Fields["account.status"] = "Client"
	}
	var got receipt
	_, err := w.api.post(ctx, "/v1/leads/"+h.Lead.ID+"/outcomes", fmt.Sprintf("call-%s-%d", h.Lead.ID, h.Lead.Attempts), out, &got)
	if err != nil {
		w.giveBack()
		w.failed(ctx, "the outcome of "+h.Lead.ProspectID, err)
		return
	}
	w.say("%-44s %s", who(h), described(out, got))
	if out.Next != nil && out.Next.Kind == "appointment" {
		w.tally.proposed.Add(1)
	}
	if w.tally.calls.Add(1)%summaryEvery == 0 {
		w.summary()
	}
}

// failed tells of a command that did not get through, and waits a little.
func (w *worker) failed(ctx context.Context, what string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	w.say("%s: %s", what, err)
	w.pause(ctx, w.rest())
}

// who is whom a card shows.
func who(h *handout) string {
	return fmt.Sprintf("%s %s, %s", h.Lead.ProspectID, h.Card["account.name"], h.Card["prospect.city"])
}

func described(out outcome, got receipt) string {
	var b strings.Builder
	b.WriteString(out.Disposition)
	if n := out.Next; n != nil && n.Kind == "appointment" {
		fmt.Fprintf(&b, " with %s %s", n.With, strings.Replace(n.At, "T", " ", 1))
	}
	for _, r := range got.Refused {
		fmt.Fprintf(&b, " [%s refused]", r.Field)
	}
	if out.Note != "" {
		fmt.Fprintf(&b, "  «%s»", out.Note)
	}
	return b.String()
}
