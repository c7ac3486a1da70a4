package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/store"
)

var (
	leadCount = flag.Int("leads", 100_000, "prospects of TestLeads; its goals are for 1,000,000")
	leadDir   = flag.String("leads.dir", "", "keep the store of TestLeads in this folder, and go on with the one that is there")
)

// TestLeads measures a campaign of many prospects of 40 fields, taken in by the
// campaign's own sync from a CRM that makes them up, against its goals.
func TestLeads(t *testing.T) {
	p := newPlateau(t)
	if _, err := os.Stat(p.store()); errors.Is(err, os.ErrNotExist) {
		p.fill()
	}
	p.opening()
	p.hands()
	p.pages()
	p.many()
	p.sights()
	p.syncs()
}

// goal adds a figure to the table that is to be at most so much.
func goal(what string, most float64, unit, remark string, got ...float64) {
	l := line{what: what, ours: got, unit: " " + unit, goal: "1.00 at most", remark: remark}
	for range got {
		l.limit = append(l.limit, most)
	}
	table = append(table, l)
}

// timed answers the median of what fn takes, in microseconds, and says what the
// slowest of a hundred takes at least.
func timed(n int, fn func(i int)) (median float64, slow string) {
	var took []float64
	for i := range n {
		began := time.Now()
		fn(i)
		took = append(took, float64(time.Since(began).Nanoseconds())/1000)
	}
	slices.Sort(took)
	return took[len(took)/2], fmt.Sprintf("p99 %.0f", took[len(took)*99/100])
}

// fill pulls the whole campaign for the first time and shares some of it out.
func (p *plateau) fill() {
	p.open()
	took := p.round()
	table = append(table, line{
		what: fmt.Sprintf("%d leads: the first sync", *leadCount), ours: []float64{float64(*leadCount) / took.Seconds()}, limit: []float64{3000},
		unit: "/s", remark: fmt.Sprintf("%.0f s", took.Seconds()),
	})
	p.share()
	p.stop()
}

// opening measures the time from the start of a hub to its first answer, and what
// it then has in memory.
func (p *plateau) opening() {
	var took, heap []float64
	for range *rounds {
		before := liveHeap()
		took = append(took, float64(p.open().Milliseconds()))
		heap = append(heap, liveHeap()-before)
		p.stop()
	}
	goal("  opened, to the first answer", 2000, "ms", fmt.Sprintf("a store of %.0f MB", p.size()), took...)
	index := p.indexes()
	for i := range heap {
		heap[i] += index
	}
	goal("  Go heap and indexes", 700, "MB", fmt.Sprintf("indexes %.0f MB, in the file", index), heap...)
	p.open()
}

func liveHeap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// indexes is how many megabytes of the file find leads.
func (p *plateau) indexes() (sum float64) {
	db, err := bbolt.Open(p.store(), 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		for _, name := range []string{"desk.list", "desk.lines", "desk.leases", "desk.by_number", "desk.by_prospect"} {
			if b := tx.Bucket([]byte(name)); b != nil {
				s := b.Stats()
				sum += float64(s.LeafAlloc+s.BranchAlloc) / (1 << 20)
			}
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return sum
}

// hands measures the next lead, its lease on the disk.
func (p *plateau) hands() {
	var took []float64
	var slow string
	each := callers / *rounds
	for round := range *rounds { // everybody once: who has a lead is given it again
		var one float64
		one, slow = timed(each, func(i int) { p.next(caller(round*each + i)) })
		took = append(took, one)
	}
	goal("  the next lead, leased on the disk", 1000, "µs", fmt.Sprintf("%s; a bare commit %.0f", slow, p.bareCommit()), took...)
}

// bareCommit is what the disk takes for a commit of one small record, in
// microseconds.
func (p *plateau) bareCommit() float64 {
	s, err := store.Open(filepath.Join(p.t.TempDir(), "bare.db"), store.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	defer s.Close()
	table := store.NewRaw("bare")
	took, _ := timed(100, func(i int) {
		err := s.Commit(context.Background(), func(tx *store.Tx) error { return table.Put(tx, strconv.Itoa(i), nil) })
		if err != nil {
			p.t.Fatal(err)
		}
	})
	return took
}

func (p *plateau) next(who bridge.PersonID) {
	h, err := p.app.Desk().Next(context.Background(), p.as(who), bank)
	if err != nil || h == nil || len(h.Card.Fields) == 0 {
		p.t.Fatalf("next for %s: %+v, %v", who, h, err)
	}
}

// pages measures pages of fifty leads with their cards, by filter and reader.
func (p *plateau) pages() {
	me := caller(1)
	for _, q := range []struct {
		name   string
		as     bridge.PersonID
		choice desk.Choice
		want   int
	}{
		{"a caller's own", me, desk.Choice{Campaign: bank}, 50},
		{"a caller's, waiting", me, desk.Choice{Campaign: bank, Assignee: string(me), State: bridge.LeadWaiting}, 50},
		{"a supervisor's campaign", sam, desk.Choice{Campaign: bank}, 50},
		{"a supervisor's, of one caller", sam, desk.Choice{Campaign: bank, Assignee: string(me)}, 50},
		{"a supervisor's, closed: none", sam, desk.Choice{Campaign: bank, State: bridge.LeadClosed, Assignee: string(me)}, 0},
	} {
		var took []float64
		var slow string
		for range *rounds {
			var one float64
			one, slow = timed(100, func(int) {
				found, _, err := p.app.Desk().Leads(p.as(q.as), q.choice, desk.Page{})
				if err != nil || len(found) != q.want {
					p.t.Fatalf("%s: %d leads, %v", q.name, len(found), err)
				}
			})
			took = append(took, one)
		}
		goal("  a page of "+q.name, 1000, "µs", slow, took...)
	}
	took, slow := timed(100, func(int) { p.get("/v1/leads?campaign=" + string(bank)) })
	table = append(table, line{what: "  the same over HTTP, campaign", ours: []float64{took}, limit: []float64{1000}, unit: " µs", remark: slow})
}

func (p *plateau) get(path string) {
	req, _ := http.NewRequest(http.MethodGet, "http://"+p.app.Addr().String()+path, nil)
	req.Header.Set("Authorization", "Bearer "+samToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%d: %s", resp.StatusCode, body)
	}
}

// bulk is how many leads a supervisor reassigns at once: a campaign's.
const bulk = 45_000

// many measures what callers feel of a command on many leads.
func (p *plateau) many() {
	alone, _ := timed(100, func(i int) { p.next(caller(i)) })
	ids := p.pool(min(bulk, *leadCount/3))
	done := make(chan time.Duration)
	go func() {
		began := time.Now()
		p.reassign(ids, string(caller(0)))
		done <- time.Since(began)
	}()
	var took []float64
	for {
		one, _ := timed(1, func(int) { p.next(caller(len(took) % callers)) })
		took = append(took, one)
		select {
		case all := <-done:
			slices.Sort(took)
			table = append(table, line{
				what: "  a next lead during a reassignment", ours: []float64{took[len(took)/2]}, limit: []float64{alone}, unit: " µs",
				remark: fmt.Sprintf("of %d leads in %.1f s; p99 %.0f, slowest %.0f", len(ids), all.Seconds(), took[len(took)*99/100], took[len(took)-1]),
			})
			p.reassign(ids, desk.Pool)
			return
		default:
		}
	}
}

// pool lists leads of the pool.
func (p *plateau) pool(n int) (ids []bridge.LeadID) {
	for page := (desk.Page{Limit: 500}); len(ids) < n; {
		found, next, err := p.app.Desk().Leads(p.as(sam), desk.Choice{Campaign: bank, Assignee: desk.Pool}, page)
		if err != nil || next == "" {
			p.t.Fatal(len(ids), err)
		}
		for _, v := range found {
			ids = append(ids, v.Lead.ID)
		}
		page.After = next
	}
	return ids
}

func (p *plateau) reassign(ids []bridge.LeadID, to string) {
	moved, err := p.app.Desk().Reassign(context.Background(), p.as(sam), desk.Choice{IDs: ids}, to, "holiday")
	if err != nil || moved.Moved+len(moved.Skipped) != len(ids) {
		p.t.Errorf("%d of %d moved, %v", moved.Moved, len(ids), err)
	}
}

// syncs measures a sync that finds nothing new, and one that is stopped on the
// way.
func (p *plateau) syncs() {
	took := p.round()
	table = append(table, line{
		what: "  a whole sync with nothing new", ours: []float64{float64(*leadCount) / took.Seconds()}, limit: []float64{float64(*leadCount) / 60},
		unit: "/s", remark: fmt.Sprintf("%.0f s; against once a minute", took.Seconds()),
	})
	needed := (*leadCount + pageSize - 1) / pageSize
	before := p.crm.await(0)
	p.begin()
	for stops := 1; stops <= 2; stops++ {
		p.crm.await(before + needed*stops/3)
		p.stop()
		p.open()
	}
	p.end()
	goal("  pages read by a sync stopped twice", float64(needed), "pages", "the one under way is read again", float64(p.crm.await(0)-before))
	p.stop()
}

func (p *plateau) store() string { return filepath.Join(p.dir, "data", "store.db") }

// size is the store's file in megabytes.
func (p *plateau) size() float64 {
	info, err := os.Stat(p.store())
	if err != nil {
		p.t.Fatal(err)
	}
	return float64(info.Size()) / (1 << 20)
}
