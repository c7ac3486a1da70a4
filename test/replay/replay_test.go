package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"passerelle/test/shared"
)

// What the whole data set comes to, as its page says.
const (
	allProspects    = 45_211
	allCalls        = 124_956
	allAppointments = 5_289
)

// fewRows are replayed where nothing else is asked for.
const fewRows = 2000

// run is a replay that has come to its end, and the data it was given.
type run struct {
	dir      string
	stdout   []byte
	report   report
	rows     []dataRow
	calls    int
	accepted int // rows that said yes
}

// report is report.json, and nothing else is in it.
type report struct {
	Prospects    *int      `json:"prospects"`
	Calls        *int      `json:"calls"`
	Appointments *int      `json:"appointments"`
	Lost         *int      `json:"lost"`
	Doubled      *int      `json:"doubled"`
	Refused      []refused `json:"refused"`
	AckMS        struct {
		P50 float64 `json:"p50"`
		P95 float64 `json:"p95"`
		P99 float64 `json:"p99"`
	} `json:"ack_ms"`
	CallsPerS             float64 `json:"calls_per_s"`
	CRMRequestsPerOutcome float64 `json:"crm_requests_per_outcome"`
	PolicyHash            string  `json:"policy_hash"`
	LedgerHead            string  `json:"ledger_head"`
}

type refused struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

func TestReplay(t *testing.T) {
	bin := binary(t)
	limit := rowsWanted(t)
	r := replay(t, bin, limit)
	if limit == 0 && (len(r.rows) != allProspects || r.calls != allCalls || r.accepted != allAppointments) {
		t.Fatalf("the data has %d rows, %d calls and %d times yes: not the data set that its page describes", len(r.rows), r.calls, r.accepted)
	}
	for _, part := range []struct {
		name  string
		check func(*testing.T, *run)
	}{
		{"report", checkReport},
		{"cards", checkCards},
		{"prospects", checkProspects},
		{"activities", checkActivities},
		{"appointments", checkAppointments},
		{"refused values", checkRefused},
	} {
		t.Run(part.name, func(t *testing.T) { part.check(t, r) })
	}
	t.Run("ledger", func(t *testing.T) { checkLedger(t, bin, r) })
}

func TestReplayTakesNoFolderInUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, binary(t), dir, 1)
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 2 {
		t.Fatalf("ended with %v, want exit code 2:\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("is not empty")) {
		t.Errorf("it says %s", out)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %d files now (%v)", len(left), err)
	}
}

// binary is the one given, else one built with the race detector.
func binary(t *testing.T) string {
	t.Helper()
	if given := os.Getenv("PASSERELLE_BINARY"); given != "" {
		path, err := filepath.Abs(given)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := filepath.Join(t.TempDir(), "passerelle")
	build := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", path, "passerelle/cmd/passerelle")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// rowsWanted is how many rows to replay, 0 for all.
func rowsWanted(t *testing.T) int {
	t.Helper()
	switch text := os.Getenv("PASSERELLE_REPLAY_ROWS"); text {
	case "":
		return fewRows
	case "all":
		return 0
	default:
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatal("PASSERELLE_REPLAY_ROWS: write a number of rows, or all")
		}
		return n
	}
}

func command(t *testing.T, bin, out string, limit int) *exec.Cmd {
	t.Helper()
	args := []string{
		"replay", filepath.Join(shared.Root(t), "deploy/examples/bank/replay.yaml"),
		"--data", shared.Path(t, "data/bank-marketing.csv"), "--out", out, "--report", "json",
	}
	if limit > 0 {
		args = append(args, "--rows", strconv.Itoa(limit))
	}
	return exec.CommandContext(t.Context(), bin, args...)
}

// replay runs the binary and reads what it was given and what it reports.
func replay(t *testing.T, bin string, limit int) *run {
	t.Helper()
	r := &run{dir: filepath.Join(t.TempDir(), "out")}
	cmd := command(t, bin, r.dir, limit)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	var err error
	if r.stdout, err = cmd.Output(); err != nil {
		t.Fatalf("replay: %v\n%s", err, stderr.Bytes())
	}
	if stderr.Len() > 0 {
		t.Errorf("replay wrote where no terminal is: %s", stderr.Bytes())
	}
	r.rows = readData(t, limit)
	for _, row := range r.rows {
		r.calls += row.calls
		if row.yes {
			r.accepted++
		}
	}
	raw, err := os.ReadFile(filepath.Join(r.dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(raw), bytes.TrimSpace(r.stdout)) {
		t.Error("report.json is not what was printed")
	}
	strictly(t, raw, &r.report)
	t.Logf("%d calls in %.1f s: %.0f calls/s, acknowledged in %.1f ms (p50), %.1f ms (p95), %.1f ms (p99), %.3f CRM requests per outcome",
		r.calls, time.Since(start).Seconds(), r.report.CallsPerS,
		r.report.AckMS.P50, r.report.AckMS.P95, r.report.AckMS.P99, r.report.CRMRequestsPerOutcome)
	return r
}

func strictly(t *testing.T, raw []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%v in %.200s", err, raw)
	}
}

func checkReport(t *testing.T, r *run) {
	for _, c := range []struct {
		name string
		got  *int
		want int
	}{
		{"prospects", r.report.Prospects, len(r.rows)},
		{"calls", r.report.Calls, r.calls},
		{"appointments", r.report.Appointments, r.accepted},
		{"lost", r.report.Lost, 0},
		{"doubled", r.report.Doubled, 0},
	} {
		if c.got == nil || *c.got != c.want {
			t.Errorf("%s: %s, want %d", c.name, number(c.got), c.want)
		}
	}
	q := r.report.AckMS
	if !(0 < q.P50 && q.P50 <= q.P95 && q.P95 <= q.P99) {
		t.Errorf("ack_ms: %+v", q)
	}
	if r.report.CallsPerS <= 0 || r.report.CRMRequestsPerOutcome <= 0 || r.report.CRMRequestsPerOutcome >= 1 {
		t.Errorf("%v calls/s, %v CRM requests per outcome", r.report.CallsPerS, r.report.CRMRequestsPerOutcome)
	}
	fields := map[string]int{}
	for _, f := range r.report.Refused {
		if f.Reason == "" || f.Count < 1 {
			t.Errorf("refused: %+v", f)
		}
		fields[f.Field] += f.Count
	}
	// The callers try one of two every 250 prospects, from the first on.
	tries := (len(r.rows) + 249) / 250
	if got := fields["prospect.x_balance"] + fields["account.status"]; got != tries || len(fields) != min(tries, 2) {
		t.Errorf("refused %v, want %d in all", fields, tries)
	}
	if len(r.report.PolicyHash) != 32 || len(r.report.LedgerHead) != 64 {
		t.Errorf("policy_hash %q, ledger_head %q", r.report.PolicyHash, r.report.LedgerHead)
	}
}

func number(n *int) string {
	if n == nil {
		return "missing"
	}
	return strconv.Itoa(*n)
}

// checkRefused looks for the values that callers tried to write and may not:
// each holds a number of its own.
func checkRefused(t *testing.T, r *run) {
	paths, err := filepath.Glob(filepath.Join(r.dir, "crm", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cards.jsonl", "hub.log", "report.json"} {
		paths = append(paths, filepath.Join(r.dir, name))
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= len(r.rows); n += 250 {
			if bytes.Contains(raw, []byte(strconv.Itoa(770_000_000+n))) {
				t.Errorf("%s holds what a caller may not write, of prospect %d", path, n)
			}
		}
	}
}

func checkLedger(t *testing.T, bin string, r *run) {
	cmd := exec.CommandContext(t.Context(), bin, "ledger", "verify", "--json")
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("ledger verify: %v\n%s", err, out)
	}
	var v struct {
		OK    bool `json:"ok"`
		Lines int  `json:"lines"`
	}
	if err := json.Unmarshal(out, &v); err != nil {
		t.Fatal(err)
	}
	// One for each call and each validation, and those of the way down.
	if !v.OK || v.Lines <= r.calls+r.accepted {
		t.Errorf("the chain: %+v, want more than %d lines", v, r.calls+r.accepted)
	}
	head := exec.CommandContext(t.Context(), bin, "ledger", "checkpoint")
	head.Dir = r.dir
	if out, err = head.CombinedOutput(); err != nil {
		t.Fatalf("ledger checkpoint: %v\n%s", err, out)
	}
	if !bytes.Contains(out, fmt.Appendf(nil, "%q", r.report.LedgerHead)) {
		t.Errorf("ledger_head is %s, the chain ends with %s", r.report.LedgerHead, out)
	}
}
