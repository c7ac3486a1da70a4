package demo

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// reassignEvery is after how many rounds the supervisor moves leads.
const reassignEvery = 8

// supervise decides on proposals and moves leads until ctx ends, or until the
// callers are done and nothing of theirs waits.
func (w *worker) supervise(ctx context.Context, callersDone <-chan struct{}) {
	for round := 1; ctx.Err() == nil; round++ {
		last := false
		select {
		case <-callersDone:
			last = true
		default:
		}
		if waiting := w.decideAll(ctx); last && !waiting {
			return
		}
		if round%reassignEvery == 1 && !last {
			w.reassign(ctx)
		}
		w.pause(ctx, w.pace/2)
	}
}

// decideAll decides on what the simulated callers propose; true if some of it
// still waits.
func (w *worker) decideAll(ctx context.Context) (waiting bool) {
	var found list[proposal]
	if err := w.api.get(ctx, "/v1/proposals?limit=500", &found); err != nil {
		w.failed(ctx, "the list of proposals", err)
		return true
	}
	for _, p := range found.Items {
		if !slices.Contains(robotCallers, p.Author) {
			continue // the visitor's, left to the visitor
		}
		if !w.decide(ctx, p) {
			waiting = true
		}
	}
	return waiting
}

var rejections = []string{
	"Note trop courte : qui décide, et quand ?", "Hors de notre cible, à requalifier.", "Rappeler pour confirmer le créneau.",
}

// decide decides on a proposal; false if it still waits.
func (w *worker) decide(ctx context.Context, p proposal) bool {
	if !w.pause(ctx, w.pace/4) {
		return false
	}
	if w.rng.IntN(8) == 0 {
		reason := rejections[w.rng.IntN(len(rejections))]
		if !w.rule(ctx, p, "reject", map[string]string{"reason": reason}) {
			return false
		}
		w.tally.rejected.Add(1)
		w.say("%-44s rejected «%s»", p.ProspectID+" by "+p.Author, reason)
		return true
	}
	if !w.rule(ctx, p, "validate", nil) {
		return false
	}
	w.tally.validated.Add(1)
	w.say("%-44s validated%s", p.ProspectID+" by "+p.Author, when(p))
	return true
}

// rule sends a decision. A slot that is taken is exchanged for another.
func (w *worker) rule(ctx context.Context, p proposal, verb string, body any) bool {
	_, err := w.api.post(ctx, "/v1/proposals/"+p.ID+"/"+verb, "", body, nil)
	if err == nil {
		return true
	}
	var r *refusal
	if !errors.As(err, &r) || r.Status != http.StatusConflict || p.Meeting == nil {
		w.failed(ctx, verb+" "+p.ProspectID, err)
		return false
	}
	at := slot(w.rng, w.now())
	if _, err := w.api.post(ctx, "/v1/proposals/"+p.ID+"/reschedule", "", map[string]string{"at": at, "reason": "Créneau déjà pris"}, nil); err != nil {
		w.failed(ctx, "reschedule "+p.ProspectID, err)
		return false
	}
	w.tally.moved.Add(1)
	w.say("%-44s moved to %s: the slot was taken", p.ProspectID+" by "+p.Author, strings.Replace(at, "T", " ", 1))
	return false
}

func when(p proposal) string {
	if p.Meeting == nil {
		return ""
	}
	return ": " + p.Meeting.Salesperson + " " + strings.Replace(strings.TrimSuffix(p.Meeting.Local, ":00"), "T", " ", 1)
}

// atOnce is how many leads are reassigned together.
const atOnce = 5

// reassign gives some leads of the pool to a caller, who gets them next.
func (w *worker) reassign(ctx context.Context) {
	var found list[lead]
	if err := w.api.get(ctx, "/v1/leads?status=waiting&limit=200&campaign="+campaignID, &found); err != nil {
		w.failed(ctx, "the list of leads", err)
		return
	}
	var ids []string
	for _, l := range found.Items {
		if l.Assignee == "" && len(ids) < atOnce {
			ids = append(ids, l.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	to := robotCallers[w.rng.IntN(len(robotCallers))]
	var got moved
	_, err := w.api.post(ctx, "/v1/leads/reassign", "", map[string]any{"ids": ids, "to": to, "motive": "Équilibrage du plateau"}, &got)
	if err != nil {
		w.failed(ctx, "reassign", err)
		return
	}
	w.tally.reassigned.Add(int64(got.Moved))
	w.say("%-44s %d leads to %s", "reassigned", got.Moved, to)
}
