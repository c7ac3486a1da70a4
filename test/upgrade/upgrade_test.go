package upgrade

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/internal/app"
	"passerelle/internal/bridge"
	"passerelle/internal/config"
	"passerelle/internal/desk"
	"passerelle/internal/ledger"
	"passerelle/internal/obs"
	"passerelle/internal/outbox"
	"passerelle/internal/policy"
	"passerelle/internal/store"
	"passerelle/test/shared"
)

// installation is one of testdata, unpacked.
type installation struct {
	t     *testing.T
	dir   string
	cfg   *config.Config
	log   shared.Buffer
	app   *app.App
	ahead atomic.Int64 // years that the hub's clock is ahead
}

func (in *installation) clock() time.Time { return time.Now().AddDate(int(in.ahead.Load()), 0, 0) }

// unpack copies testdata/vN, with the store and the key where a hub looks for
// them.
func unpack(t *testing.T, version string) *installation {
	t.Helper()
	in := &installation{t: t, dir: t.TempDir()}
	from := filepath.Join("testdata", version)
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(in.dir, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, raw, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(in.dir, "data")
	packed, err := os.ReadFile(filepath.Join(in.dir, "store.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Mkdir(data, 0o700),
		os.WriteFile(filepath.Join(data, "store.db"), raw, 0o600),
		os.Rename(filepath.Join(in.dir, "key"), filepath.Join(data, "key")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return in
}

func (in *installation) start() {
	in.t.Helper()
	var err error
	if in.cfg, err = config.Load(filepath.Join(in.dir, "passerelle.yaml")); err != nil {
		in.t.Fatal(err)
	}
	log, err := obs.New(&in.log, slog.LevelInfo, obs.FormatText)
	if err != nil {
		in.t.Fatal(err)
	}
	in.app, err = app.New(context.Background(), app.Options{Config: in.cfg, Log: log, Now: in.clock})
	if err != nil {
		in.t.Fatal(err)
	}
	in.t.Cleanup(in.app.Stop)
	if err := in.app.Start(context.Background()); err != nil {
		in.t.Fatal(err)
	}
}

func (in *installation) file(name string) string { return filepath.Join(in.dir, name) }

// actor is somebody on the console, or on another connection.
func (in *installation) actor(id bridge.PersonID, connection bridge.ConnectionName) bridge.Actor {
	for _, p := range in.cfg.People {
		if p.ID == id {
			return bridge.Actor{Person: p, Connection: connection}
		}
	}
	in.t.Fatalf("nobody is %s", id)
	return bridge.Actor{}
}

// column is a column of one of the CRM's sheets.
func (in *installation) column(sheet, name string) (out []string) {
	f, err := os.Open(in.file("crm/" + sheet))
	if err != nil {
		in.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil // in the middle of being written
	}
	at := slices.Index(rows[0], name)
	for _, row := range rows[1:] {
		out = append(out, row[at])
	}
	return out
}

func (in *installation) eventually(what string, ok func() bool) {
	in.t.Helper()
	for until := time.Now().Add(20 * time.Second); !ok(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(until) {
			in.t.Fatalf("not within 20 s: %s\n%s", what, in.log.String())
		}
	}
}

// read looks into the store of a hub that was stopped.
func (in *installation) read(fn func(*store.Tx) error) {
	in.t.Helper()
	s, err := store.Open(in.file("data/store.db"), store.Options{})
	if err != nil {
		in.t.Fatal(err)
	}
	defer s.Close()
	if err := s.View(fn); err != nil {
		in.t.Fatal(err)
	}
}

// TestStoresOfEarlierVersions: work goes on where each earlier program left it.
func TestStoresOfEarlierVersions(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			in := unpack(t, version)
			in.start()
			for _, want := range []string{"earlier version", "store.db." + version, "brought up to date"} {
				if !strings.Contains(in.log.String(), want) {
					t.Errorf("the operator is not told %q", want)
				}
			}
			in.eventually("the call that was open is in the CRM", func() bool {
				return slices.Contains(in.column("activities.csv", "note"), "en attente")
			})
			in.checkStatistics()
			in.checkCalls()
			in.checkObjections()
			in.checkParked()
			in.checkProposals()
			in.app.Stop()
			in.checkRest()
		})
	}
}

// checkRest looks into the store of the hub that was stopped.
func (in *installation) checkRest() {
	in.t.Helper()
	in.read(func(tx *store.Tx) error {
		if _, err := ledger.Verify(tx, nil); err != nil {
			in.t.Error(err)
		}
		counts, _, err := outbox.Count(tx, "crm.sheet")
		if counts[outbox.Conflicted] != 1 {
			in.t.Errorf("open writes: %v, of which one was to be a conflict", counts)
		}
		return err
	})
}

// checkStatistics: the calls of then count.
func (in *installation) checkStatistics() {
	in.t.Helper()
	was := in.app.Desk().Rules()
	text := strings.Replace(string(was.Policy.Text()), "  supervisor:\n", "  supervisor:\n    statistics: all\n", 1)
	counting := *was
	var err error
	if counting.Policy, err = policy.Load("policy.yaml", []byte(text), bridge.Standard()); err != nil {
		in.t.Fatal(err)
	}
	if !in.app.Desk().Swap(was, &counting) {
		in.t.Fatal("the rules have changed meanwhile")
	}
	defer in.app.Desk().Swap(&counting, was)
	got, err := in.app.Desk().Statistics(in.actor("sam", "phoning.console"), desk.Period{From: "2026-11-22", To: "2026-11-22"})
	if err != nil || len(got.Counts) != 1 || got.Counts[0].Calls != 6 {
		in.t.Errorf("the calls of then are counted as %+v, want 6 of one person (%v)", got.Counts, err)
	}
}

// checkCalls: each call is in the CRM once, a repeat is known, and an amendment
// finds its call.
func (in *installation) checkCalls() {
	in.t.Helper()
	ids := in.column("activities.csv", "operation_id")
	if all := slices.Clone(ids); len(slices.Compact(slices.Sorted(slices.Values(all)))) != 6 || len(ids) != 6 {
		in.t.Errorf("%d calls in the CRM, want 6 different ones", len(ids))
	}
	event := bridge.CallEvent{
		EventID: "ev-1", OccurredAt: in.clock(), Connection: "phoning.dial", Campaign: "spring", ProspectID: "P7",
		Agent: "alice", Technical: "answered", Disposition: bridge.DispNotInterested,
	}
	alice := in.actor("alice", "phoning.dial")
	for _, id := range []string{"ev-1", "ev-1-note"} {
		event.EventID = id
		got, err := in.app.Desk().Record(context.Background(), alice, desk.Call{Event: event})
		if err != nil || !got.Duplicate || got.ID != "CA42PB2ZIAWU6X2W3I3G3RANPD" {
			in.t.Errorf("%s again: %+v, %v", id, got, err)
		}
	}
	event.EventID, event.Amends, event.Note = "ev-1-more", "ev-1", "après la mise à jour"
	if _, err := in.app.Desk().Record(context.Background(), alice, desk.Call{Event: event}); err != nil {
		in.t.Error(err)
	}
	in.eventually("the amendment is in the CRM", func() bool {
		return slices.Contains(in.column("activities.csv", "note"), "après la mise à jour")
	})
}

// checkObjections: they bind as before, and a mark in the CRM is not taken down
// a second time.
func (in *installation) checkObjections() {
	in.t.Helper()
	sam := in.actor("sam", "phoning.console")
	for what, o := range map[string]desk.Objection{
		// The CRM has been told, and marks them since.
		"by a call":         {Person: &bridge.Ref{Connection: "crm.sheet", Object: bridge.ProspectObj, ID: "P4"}},
		"marked in the CRM": {Person: &bridge.Ref{Connection: "crm.sheet", Object: bridge.ProspectObj, ID: "P8"}},
		"the number called": {Number: "01 99 00 00 04"},
		"by letter":         {Number: "0199000077"},
	} {
		said, err := in.app.Desk().Objections(sam, o)
		marks := 0
		for _, one := range said {
			if strings.ContainsRune(one.ID, 0) {
				in.t.Errorf("%s: its id names what it came from", what)
			}
			if strings.HasPrefix(one.Motive, "marked") {
				marks++
			}
		}
		if err != nil || !said.Opposed() || marks > 1 {
			in.t.Errorf("%s: %+v, %v", what, said, err)
		}
	}
	for range 8 {
		out, err := in.app.Desk().Next(context.Background(), in.actor("alice", "phoning.console"), "spring")
		if err != nil || out == nil {
			break
		}
		if id := out.Lead.Prospect.ID; id == "P4" || id == "P8" {
			in.t.Errorf("%s is handed out", id)
		}
	}
}

// checkParked: what was sealed opens, under the key of then.
func (in *installation) checkParked() {
	in.t.Helper()
	cfg := *in.cfg
	cfg.People = slices.Clone(cfg.People)
	cfg.People = append(cfg.People, bridge.Person{
		ID: "noa", Name: "Noa", Team: "floor", Active: true,
		Phoning: map[bridge.ConnectionName]bridge.Login{"phoning.dial": {Name: "nobody", Profile: "agent"}},
	})
	if err := in.app.Reload(&cfg); err != nil {
		in.t.Fatal(err)
	}
	if got := in.replay("107a0d0016281b1026680970"); got != http.StatusAccepted && got != http.StatusOK {
		in.t.Errorf("a parked event of then: %d", got)
	}
	if got := in.replay("941c1365e61bd91f6078a641"); got != http.StatusConflict {
		in.t.Errorf("an amendment of nothing: %d", got)
	}
}

func (in *installation) replay(id string) int {
	in.t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+in.app.Addr().String()+"/v1/parked-events/"+id+"/replay", nil)
	if err != nil {
		in.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sam-token-0123456789")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		in.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// checkProposals: one that waited can be validated, and one that the CRM has can
// be cancelled there.
func (in *installation) checkProposals() {
	in.t.Helper()
	sam := in.actor("sam", "phoning.console")
	for id, ruling := range map[bridge.ProposalID]desk.Ruling{
		"XECOBFA75MIE3HSHSFTISLUAML": {Verb: desk.Validate},
		"QBR3FMKTSLXSNQR6PU54UNNX4S": {Verb: desk.Cancel, Reason: "annulé"},
	} {
		if _, err := in.app.Desk().Decide(context.Background(), sam, id, ruling); err != nil {
			in.t.Errorf("%s: %v", ruling.Verb, err)
		}
	}
	in.eventually("both are in the CRM", func() bool {
		states := in.column("appointments.csv", "state")
		return len(states) == 2 && slices.Contains(states, "cancelled") && slices.Contains(states, "confirmed")
	})
}

// What hangs on a prospect of an earlier store is found, so that it can be
// erased: after its term no byte of it is left.
func TestProspectsOfVersion1OutliveNothing(t *testing.T) {
	t.Parallel()
	in := unpack(t, "v1")
	path := in.file("passerelle.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("script: Bonjour"), []byte("script: Bonjour, ends: 2026-12-31"), 1)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	in.start()
	in.eventually("nothing is open but the conflict", func() bool {
		writes, _, err := in.app.Desk().Writes(bridge.Actor{Operator: true}, outbox.Filter{State: outbox.Pending})
		return err == nil && len(writes) == 0
	})
	in.ahead.Store(4)
	if err := in.app.Prune(context.Background()); err != nil {
		t.Fatal(err)
	}
	in.app.Stop()
	s, err := store.Open(in.file("data/store.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compact(context.Background()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile(in.file("data/store.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, trace := range []string{
		"\x00P7", `"P7"`, "ev-1", "ev-1-note", "Société 7", "par la plateforme", "et encore", "+33199000007",
		"\x00P5", `"P5"`, "Rappeler", "k-correct", "\x00P4", `"P4"`, "+33199000004", "ev-early",
	} {
		if bytes.Contains(raw, []byte(trace)) {
			t.Errorf("%q is still in the store", trace)
		}
	}
	if !bytes.Contains(raw, []byte("\x00P3")) {
		t.Error("who has a proposal that waits was erased")
	}
}
