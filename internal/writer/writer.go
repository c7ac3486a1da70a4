package writer

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/bus"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/faultpoint"
	"passerelle/internal/outbox"
)

// Hub deals out partitions, grants claims and takes reports: relay in the same
// process, or [Remote].
type Hub interface {
	Beat(ctx context.Context, beat bus.Beat) (bus.Shares, error)
	Claim(ctx context.Context, ask outbox.Ask) (outbox.Grant, error)
	Report(ctx context.Context, report outbox.Report) error
}

// Line is one CRM connection that this writer serves.
type Line struct {
	Name       bridge.ConnectionName
	Descriptor connector.Descriptor
	Conn       connector.Conn
}

// Options make a writer.
type Options struct {
	Name  string // of this writer: the hub tells its own from others by it
	Hub   Hub
	Road  *bus.Road
	Lines []Line
	Log   *slog.Logger
}

// Writer serves its share of its lines until it is stopped.
type Writer struct {
	opts Options
	life string // names this run: to the hub, one that is started again is another
	subs map[bridge.ConnectionName]*bus.Subscription
	wg   sync.WaitGroup
	stop context.CancelFunc
}

// New makes a writer.
func New(opts Options) *Writer {
	return &Writer{opts: opts, life: fmt.Sprintf("%s %08x", opts.Name, rand.Uint32()), subs: map[bridge.ConnectionName]*bus.Subscription{}}
}

// Start begins serving. Stop ends it.
func (w *Writer) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	for _, line := range w.opts.Lines {
		w.serve(ctx, line)
	}
	w.wg.Go(func() { w.beat(ctx) })
}

// Stop takes no more work, lets what has begun end by its deadline, and
// returns.
func (w *Writer) Stop() {
	if w.stop != nil {
		w.stop()
	}
	w.wg.Wait()
}

// serve starts the goroutines of one line: one hand for a CRM with batches, for
// messages of all partitions make a batch, else a crowd of them.
func (w *Writer) serve(ctx context.Context, line Line) {
	batch := line.Descriptor.Batch
	in := make([]chan bus.Delivery, 1)
	if batch > 1 {
		in[0] = make(chan bus.Delivery, batch)
		h := hand{Line: line, opts: w.opts, batch: batch}
		w.wg.Go(func() { h.work(ctx, in[0]) })
	} else {
		in = make([]chan bus.Delivery, bus.Partitions)
		c := newCrowd(ctx, line, w.opts)
		for i := range in {
			in[i] = make(chan bus.Delivery, mostHeld/bus.Partitions)
			w.wg.Go(func() { c.work(ctx, in[i]) })
		}
	}
	w.subs[line.Name] = w.opts.Road.Subscribe(line.Name, max(16, 2*batch/bus.Partitions), func(d bus.Delivery) {
		select {
		case in[d.Partition%len(in)] <- d:
		case <-ctx.Done():
			d.Nak(0)
		}
	})
}

// hand is one goroutine's work: claim, carry out, report.
type hand struct {
	Line
	opts  Options
	batch int
}

func (h *hand) work(ctx context.Context, in <-chan bus.Delivery) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-in:
			h.carryOut(ctx, drain(in, []bus.Delivery{d}, h.batch))
		}
	}
}

// drain makes a batch of what waits.
func drain(in <-chan bus.Delivery, batch []bus.Delivery, most int) []bus.Delivery {
	for len(batch) < most {
		select {
		case d := <-in:
			batch = append(batch, d)
		default:
			return batch
		}
	}
	return batch
}

// entriesOf lists whose messages these are, by age.
func entriesOf(batch []bus.Delivery) []string {
	entries := make([]string, len(batch))
	for i, d := range batch {
		entries[i] = d.Entry
	}
	slices.Sort(entries)
	return slices.Compact(entries)
}

func (h *hand) carryOut(ctx context.Context, batch []bus.Delivery) {
	asked := time.Now()
	grant, err := h.claim(ctx, outbox.Ask{Connection: h.Name, Writer: h.opts.Name, Entries: entriesOf(batch)})
	if err != nil {
		h.unclaimed(batch, err)
		return
	}
	if report, any := h.apply(grant, asked.Add(grant.For)); any {
		err = h.report(ctx, report)
	}
	h.end(batch, grant, err)
}

// onTrouble is when a message is asked for again whose claim could not be had.
const onTrouble = time.Second

func (h *hand) unclaimed(batch []bus.Delivery, err error) {
	h.opts.Log.Debug("the hub granted no claim", "connection", h.Name, "err", err)
	for _, d := range batch {
		d.Nak(onTrouble)
	}
}

// end answers for the messages once the report is kept, or could not be.
func (h *hand) end(batch []bus.Delivery, grant outbox.Grant, err error) {
	if err != nil {
		// The entries' claims run out and are looked up; the messages are
		// asked for again and answered done or busy.
		h.opts.Log.Warn("the hub took no report: what became of the writes is looked up", "connection", h.Name, "err", err)
		for _, d := range batch {
			d.Nak(onTrouble)
		}
		return
	}
	faultpoint.Hit("writer.report.after")
	again := map[string]time.Duration{}
	for _, item := range grant.Items {
		if item.Verdict == outbox.Busy || item.Verdict == outbox.Wait {
			again[item.Entry] = item.Retry
		}
	}
	for _, d := range batch {
		if after, ok := again[d.Entry]; ok {
			d.Nak(after)
		} else {
			d.Ack()
		}
	}
}

// How long a report is worth sending: after that its claim has run out nearly
// everywhere. A writer that is to stop does not wait as long for a hub.
const (
	reportWithin = 30 * time.Second
	partWithin   = 3 * time.Second
)

// parting ends partWithin after ctx does.
func parting(ctx context.Context) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(partWithin, cancel) })
	return later, func() { stop(); cancel() }
}

// claim hears the answer also when the writer is about to stop: what is granted
// and not known of waits for the claim to run out.
func (h *hand) claim(ctx context.Context, ask outbox.Ask) (outbox.Grant, error) {
	asking, cancel := parting(ctx)
	defer cancel()
	return h.opts.Hub.Claim(asking, ask)
}

// report tells the hub also when the writer is about to stop.
func (h *hand) report(ctx context.Context, report outbox.Report) error {
	sending, cancel := parting(ctx)
	defer cancel()
	sending, over := context.WithTimeout(sending, reportWithin)
	defer over()
	return h.opts.Hub.Report(sending, report)
}

// apply carries out what was granted and says what became of it.
func (h *hand) apply(grant outbox.Grant, deadline time.Time) (outbox.Report, bool) {
	report := outbox.Report{Connection: h.Name, Fence: grant.Fence, Unused: grant.Tokens}
	var look, send []outbox.Item
	for _, item := range grant.Items {
		switch {
		case item.Verdict != outbox.Go:
		case item.Look:
			look = append(look, item)
		default:
			send = append(send, item)
		}
	}
	if len(look)+len(send) == 0 {
		return report, grant.Tokens > 0
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	allowance := httpx.NewAllowance(grant.Tokens)
	if h.Descriptor.Tokens > 0 {
		ctx = httpx.WithAllowance(ctx, allowance)
	}
	if len(look) > 0 {
		found, absent := h.look(ctx, look)
		report.Results = append(report.Results, found...)
		var held []outbox.Item
		send, held = behind(send, look, found)
		report.Results = append(report.Results, notBegun(held)...)
		send = append(send, absent...)
		slices.SortFunc(send, byEntry)
	}
	report.Results = append(report.Results, h.send(ctx, send)...)
	report.Spent = allowance.Spent()
	report.Unused = grant.Tokens - report.Spent
	return report, true
}

// behind keeps back the writes of prospects whose earlier write could not be
// looked up: they must not overtake it.
func behind(send, look []outbox.Item, found []outbox.Result) (free, held []outbox.Item) {
	unsure := map[bridge.Ref]bool{}
	for _, r := range found {
		if r.State == connector.Failed {
			i := slices.IndexFunc(look, func(item outbox.Item) bool { return item.Entry == r.Entry })
			unsure[look[i].Write.Prospect] = true
		}
	}
	for _, item := range send {
		if unsure[item.Write.Prospect] {
			held = append(held, item)
		} else {
			free = append(free, item)
		}
	}
	return free, held
}

func byEntry(a, b outbox.Item) int {
	switch {
	case a.Entry < b.Entry:
		return -1
	case a.Entry > b.Entry:
		return 1
	}
	return 0
}

func writes(items []outbox.Item) []bridge.Write {
	out := make([]bridge.Write, len(items))
	for i, item := range items {
		out[i] = *item.Write
	}
	return out
}

// look searches the CRM for writes whose answer was lost: what is there is
// stored, the others are to be sent.
func (h *hand) look(ctx context.Context, items []outbox.Item) (found []outbox.Result, absent []outbox.Item) {
	finder, ok := h.Conn.(connector.Finder)
	if !ok {
		return h.unseen(items)
	}
	sightings, err := finder.Find(ctx, writes(items))
	if err != nil {
		return lostLooks(items, err), nil
	}
	if len(sightings) != len(items) {
		err := fault.Newf(fault.Unavailable, string(h.Name), "%d sightings of %d writes", len(sightings), len(items))
		return lostLooks(items, err), nil
	}
	for i, s := range sightings {
		if s.Present {
			found = append(found, outbox.Result{Entry: items[i].Entry, State: connector.Stored, External: s.ExternalID, Begun: true})
		} else {
			absent = append(absent, items[i])
		}
	}
	return found, absent
}

// lostLooks answers for writes that could not be looked for. Whatever the CRM
// made of the first try, this was only a read: a refusal of it is no refusal of
// the write.
func lostLooks(items []outbox.Item, err error) []outbox.Result {
	out := allFailed(items, err)
	for i := range out {
		if out[i].Kind == fault.Rejected {
			out[i].Kind = fault.Unavailable
		}
		out[i].Lost = true
	}
	return out
}

// unseen sorts what cannot be looked for: a CRM that absorbs a repeat may be sent
// it, and fields are compared before they are written; the rest is a person's.
func (h *hand) unseen(items []outbox.Item) (lost []outbox.Result, safe []outbox.Item) {
	for _, item := range items {
		if h.Descriptor.Idempotency == connector.Native || item.Write.Kind == bridge.WriteFields {
			safe = append(safe, item)
			continue
		}
		r := failed(item.Entry, fault.Lost(string(h.Name), errUnseen))
		r.Begun = false
		lost = append(lost, r)
	}
	return lost, safe
}

func (h *hand) send(ctx context.Context, items []outbox.Item) []outbox.Result {
	if len(items) == 0 {
		return nil
	}
	applier, ok := h.Conn.(connector.Applier)
	if !ok {
		return allFailed(items, fault.Newf(fault.Permanent, string(h.Name), "this connection takes no writes"))
	}
	if ctx.Err() != nil {
		return notBegun(items)
	}
	faultpoint.Hit("writer.apply.before")
	receipts := applier.Apply(ctx, writes(items))
	faultpoint.Hit("writer.apply.after")
	results := make([]outbox.Result, len(items))
	for i, item := range items {
		if i >= len(receipts) {
			results[i] = failed(item.Entry, fault.Lost(string(h.Name), errShort))
			continue
		}
		results[i] = result(item.Entry, receipts[i])
	}
	return results
}

func result(entry string, r connector.Receipt) outbox.Result {
	if r.State == connector.Failed {
		return failed(entry, r.Err)
	}
	return outbox.Result{Entry: entry, State: r.State, External: r.ExternalID, Conflict: r.Conflicts, Begun: true}
}
