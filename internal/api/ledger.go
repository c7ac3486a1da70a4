package api

import (
	"context"
	"errors"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
	"passerelle/internal/problem"
	"passerelle/internal/store"
)

func (a *API) ledgerRoutes() {
	get(a, "/v1/ledger", "Lines of the ledger", a.lines)
	get(a, "/v1/ledger/checkpoint", "The chain's end now; kept elsewhere it shows that nothing was cut off since", a.checkpoint)
	post(a, "/v1/ledger/verify", "Check the whole chain, and the register of policies against it", a.verify)
}

// reports says whether the actor accounts for what everybody did: the operator,
// and who may read all reports, not those of one team alone.
func (a *API) reports(actor bridge.Actor) bool { return a.opts.Office.PowersOf(actor).Accounts }

var errReports = problem.Forbidden("").Says(bilingual.Text{
	"only the operator and those who may read all reports see this",
	"seuls l'exploitant et qui peut lire tous les rapports voient ceci",
})

type linesQuery struct {
	From  uint64 `query:"from" minimum:"1" doc:"The number of the first line wanted; 1 if absent."`
	Limit int    `query:"limit" minimum:"1" maximum:"500" doc:"Lines wanted at most; 50 if absent."`
}

type lines struct {
	Items []ledger.Line `json:"items"`
	Next  uint64        `json:"next,omitempty" doc:"Give it as from to go on; absent at the end."`
}

const defaultLines = 50

func (a *API) lines(_ context.Context, actor bridge.Actor, in *linesQuery) (lines, error) {
	if !a.reports(actor) {
		return lines{}, errReports
	}
	limit := in.Limit
	if limit == 0 {
		limit = defaultLines
	}
	out := lines{}
	err := a.opts.Store.View(func(tx *store.Tx) (err error) {
		out.Items, err = ledger.Lines(tx, max(in.From, 1), limit+1)
		return err
	})
	if len(out.Items) > limit {
		out.Next, out.Items = out.Items[limit].N, out.Items[:limit]
	}
	if out.Items == nil {
		out.Items = []ledger.Line{}
	}
	return out, err
}

func (a *API) checkpoint(_ context.Context, actor bridge.Actor, _ *struct{}) (ledger.Checkpoint, error) {
	if !a.reports(actor) {
		return ledger.Checkpoint{}, errReports
	}
	var out ledger.Checkpoint
	err := a.opts.Store.View(func(tx *store.Tx) (err error) {
		out, err = ledger.Head(tx, a.opts.Now())
		return err
	})
	return out, err
}

type verifyRequest struct {
	Body *struct {
		N    uint64    `json:"n" doc:"Of a checkpoint kept elsewhere."`
		Hash string    `json:"hash"`
		At   time.Time `json:"at,omitzero"`
	}
}

// verification is whether the chain holds.
type verification struct {
	OK    bool   `json:"ok"`
	Lines uint64 `json:"lines" doc:"That were read."`
	Line  uint64 `json:"line,omitempty" doc:"The first bad one."`
	Why   string `json:"why,omitempty"`
	// Restored is the line at which a restore lost what the checkpoint knew.
	Restored uint64 `json:"restored,omitempty" doc:"The checkpoint knew lines that were lost when the store was put back from a backup; this line says so, and when."`
}

func (a *API) verify(_ context.Context, actor bridge.Actor, in *verifyRequest) (verification, error) {
	if !a.reports(actor) {
		return verification{}, errReports
	}
	var since *ledger.Checkpoint
	if in.Body != nil {
		since = &ledger.Checkpoint{N: in.Body.N, Hash: in.Body.Hash, At: in.Body.At}
	}
	found, err := a.opts.Office.Verify(since)
	out := verification{Lines: found.Lines, Restored: found.Restored}
	if bad, ok := errors.AsType[*ledger.BadLine](err); ok {
		out.Line, out.Why = bad.N, bad.Why
		return out, nil
	}
	out.OK = err == nil
	return out, err
}
