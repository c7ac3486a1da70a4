package replay

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"passerelle/internal/app"
	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// Report is report.json: counted in the folder's files.
type Report struct {
	Prospects    int       `json:"prospects"`    // rows of prospects.csv
	Calls        int       `json:"calls"`        // lines of activities.csv
	Appointments int       `json:"appointments"` // lines of appointments.csv
	Lost         int       `json:"lost"`         // calls and appointments acknowledged, and not there
	Doubled      int       `json:"doubled"`      // there more often than acknowledged
	Refused      []Refused `json:"refused"`
	AckMS        Quantiles `json:"ack_ms"`
	CallsPerS    float64   `json:"calls_per_s"`

	CRMRequestsPerOutcome float64 `json:"crm_requests_per_outcome"`
	PolicyHash            string  `json:"policy_hash"`
	LedgerHead            string  `json:"ledger_head"` // hash of the last line
}

// Refused is what the gate did not let through.
type Refused struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Quantiles are of times in milliseconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// conclude reads the files again, after everything has stopped, and compares.
func (r *replay) conclude(requests float64) (*Report, []string, error) {
	a := &audit{dir: r.dir, cast: r.cast, rows: r.rows, report: &Report{Refused: []Refused{}}}
	if err := a.run(); err != nil {
		return nil, nil, err
	}
	if a.report.Calls > 0 {
		a.report.CRMRequestsPerOutcome = round(requests / float64(a.report.Calls))
	}
	if err := r.verify(a); err != nil {
		return nil, nil, err
	}
	raw, err := json.MarshalIndent(a.report, "", "  ")
	if err != nil {
		return nil, nil, err
	}
	err = os.WriteFile(r.dir.path(reportFile), append(raw, '\n'), 0o644)
	return a.report, a.findings, err
}

// verify checks the whole ledger.
func (r *replay) verify(a *audit) (err error) {
	s, err := store.Open(app.StorePath(r.cfg), store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.View(func(tx *store.Tx) error {
		if _, err := ledger.Verify(tx, nil); err != nil {
			return err
		}
		head, err := ledger.Head(tx, time.Now())
		a.report.LedgerHead = head.Hash
		return err
	})
	if bad, ok := errors.AsType[*ledger.BadLine](err); ok {
		a.find("%v", bad)
		return nil
	}
	return err
}

func quantiles(ms []float64) Quantiles {
	if len(ms) == 0 {
		return Quantiles{}
	}
	slices.Sort(ms)
	at := func(q float64) float64 { return round(ms[int(math.Ceil(q*float64(len(ms))))-1]) }
	return Quantiles{P50: at(0.50), P95: at(0.95), P99: at(0.99)}
}

// round keeps three decimals: microseconds of milliseconds.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }

func sorted(counts map[Refused]int) []Refused {
	out := []Refused{}
	for r := range maps.Keys(counts) {
		r.Count = counts[r]
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Refused) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%d prospects, %d calls, %d appointments; lost %d, doubled %d\n"+
		"%.0f calls/s, acknowledged in %.1f ms (p50), %.1f ms (p95), %.1f ms (p99); %.3f CRM requests per outcome\n"+
		"policy %s\nledger %s\n",
		r.Prospects, r.Calls, r.Appointments, r.Lost, r.Doubled,
		r.CallsPerS, r.AckMS.P50, r.AckMS.P95, r.AckMS.P99, r.CRMRequestsPerOutcome, r.PolicyHash, r.LedgerHead)
	for _, f := range r.Refused {
		if err == nil {
			_, err = fmt.Fprintf(w, "refused %d × %s: %s\n", f.Count, f.Field, f.Reason)
		}
	}
	return err
}
