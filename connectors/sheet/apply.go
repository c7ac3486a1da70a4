package sheet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/faultpoint"
)

// tries is how often a batch is merged into a file that people keep saving.
const tries = 5

// batch is one Apply under way. A receipt without a state is still open.
type batch struct {
	writes   []bridge.Write
	receipts []connector.Receipt
}

// Apply carries the writes out in one commit: the calls, the appointments, then
// the prospects file, once.
func (c *conn) Apply(ctx context.Context, writes []bridge.Write) []connector.Receipt {
	if len(writes) == 0 {
		return nil
	}
	c.env.Meter(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	b := &batch{writes, make([]connector.Receipt, len(writes))}
	err := ctx.Err()
	if err == nil {
		err = c.refresh()
	}
	if err != nil {
		b.failOpen(fault.New(fault.Unavailable, "sheet: apply", err))
		return b.receipts
	}
	b.refuse(c.table, c.journal)
	c.logCalls(b)
	faultpoint.Hit("sheet.activities.after")
	c.keepMeetings(b)
	faultpoint.Hit("sheet.prospects.before")
	c.updateProspects(ctx, b)
	faultpoint.Hit("sheet.prospects.after")
	return b.receipts
}

func (b *batch) fail(i int, err error) {
	b.receipts[i] = connector.Receipt{State: connector.Failed, Err: err}
}

func (b *batch) reject(i int, err error) {
	b.fail(i, fault.New(fault.Rejected, "sheet: "+string(b.writes[i].Kind), err))
}

// failOpen answers everything that has no receipt yet.
func (b *batch) failOpen(err error) {
	for i := range b.open() {
		b.fail(i, err)
	}
}

// open ranges over the writes without a receipt, of some kinds or of any.
func (b *batch) open(kinds ...bridge.WriteKind) func(yield func(int, bridge.Write) bool) {
	return func(yield func(int, bridge.Write) bool) {
		for i, w := range b.writes {
			if b.receipts[i].State != "" || len(kinds) > 0 && !slices.Contains(kinds, w.Kind) {
				continue
			}
			if !yield(i, w) {
				return
			}
		}
	}
}

// refuse answers writes that no file can take.
func (b *batch) refuse(t *table, j *journal) {
	for i, w := range b.open() {
		if err := malformed(w); err != nil {
			b.reject(i, err)
			continue
		}
		switch w.Kind {
		case bridge.WriteActivity:
			if j.has(w.Operation) {
				continue // done, even if the prospect has left the file since
			}
		case bridge.WriteMove, bridge.WriteCancel:
			continue // names an appointment, not a row
		}
		if _, err := t.row(w.Prospect.ID); err != nil {
			b.reject(i, err)
		}
	}
}

// malformed says, as an error, what a write lacks.
func malformed(w bridge.Write) error {
	switch w.Kind {
	case bridge.WriteActivity:
		if w.Call == nil {
			return errors.New("the write holds no call")
		}
	case bridge.WriteMeeting, bridge.WriteMove, bridge.WriteCancel:
		if w.Meeting == nil || w.Meeting.ID == "" {
			return errors.New("the write holds no appointment")
		}
	case bridge.WriteFields, bridge.WriteOpposition:
	default:
		return fmt.Errorf("the sheet takes no writes of kind %q", w.Kind)
	}
	if w.Operation == "" {
		return errors.New("the write holds no operation id")
	}
	return nil
}

// logCalls appends the calls to activities.csv.
func (c *conn) logCalls(b *batch) {
	calls := newCallBatch()
	now := c.env.Now()
	for _, w := range b.open(bridge.WriteActivity) {
		c.journal.plan(calls, w, now)
	}
	err := c.journal.commit(calls)
	for i, w := range b.open(bridge.WriteActivity) {
		if err != nil && !c.journal.has(w.Operation) {
			b.fail(i, err)
			continue
		}
		b.receipts[i] = connector.Receipt{State: connector.Stored, ExternalID: c.callID(w)}
	}
	c.behind = c.behind || len(calls.amend) > 0
}

// callID is the operation under which a call stands in activities.csv.
func (c *conn) callID(w bridge.Write) string {
	op := string(w.Operation)
	return cmp.Or(c.journal.revised[op], op)
}

// keepMeetings writes the appointments and the calendars made of them. A
// calendar that cannot be written now is written with the next Apply or Find.
func (c *conn) keepMeetings(b *batch) {
	kinds := []bridge.WriteKind{bridge.WriteMeeting, bridge.WriteMove, bridge.WriteCancel}
	meetings := newMeetingBatch()
	now := c.env.Now()
	for i, w := range b.open(kinds...) {
		if err := c.agenda.plan(meetings, w, now); err != nil {
			b.reject(i, err)
		}
	}
	err := c.agenda.commit(meetings)
	for i, w := range b.open(kinds...) {
		if err != nil && !c.agenda.operations[string(w.Operation)] {
			b.fail(i, err)
			continue
		}
		b.receipts[i] = connector.Receipt{State: connector.Stored, ExternalID: w.Meeting.ID}
	}
	_ = c.agenda.calendars.write(c.agenda.all())
}

// updateProspects merges fields, oppositions and counts into the prospects file
// as it is, and again if a person saved it before we could.
func (c *conn) updateProspects(ctx context.Context, b *batch) {
	for try := 1; ; try++ {
		m := &merge{batch: b, receipts: map[int]connector.Receipt{}, touched: map[int]bool{}}
		err := ctx.Err()
		if err == nil {
			err = c.mergeOnce(m)
		}
		if err == nil {
			c.behind = false
			m.answer()
			return
		}
		if errors.Is(err, errChanged) && try < tries {
			continue
		}
		c.behind = true
		m.answerUntouched()
		b.failOpen(unavailable(err))
		return
	}
}

// mergeOnce merges the batch and saves the file if that changed anything. After
// an error the table in memory is given up.
func (c *conn) mergeOnce(m *merge) error {
	t, err := c.prospects()
	if err != nil {
		return err
	}
	m.table = t
	m.run()
	err = c.countInto(t, m.batch)
	if err == nil && t.dirty {
		err = c.save(t)
	}
	if err != nil {
		return errors.Join(err, c.forget())
	}
	return nil
}

func (c *conn) save(t *table) error {
	if err := t.completeHeader(); err != nil {
		return err
	}
	if err := openElsewhere(c.source.real()); err != nil {
		return err
	}
	return c.source.save(t)
}

// unavailable keeps the class of a classified error.
func unavailable(err error) error {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	return fault.New(fault.Unavailable, "sheet: write prospects", err)
}

// countInto brings attempts and last outcome up to date: of the batch's
// prospects, or of all if the file may be behind.
func (c *conn) countInto(t *table, b *batch) error {
	if c.behind {
		for id, h := range c.journal.histories {
			if err := t.count(id, h); err != nil {
				return err
			}
		}
		return nil
	}
	for _, w := range b.writes {
		if w.Kind != bridge.WriteActivity {
			continue
		}
		if h, ok := c.journal.histories[w.Prospect.ID]; ok {
			if err := t.count(w.Prospect.ID, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// heal writes what a crash or a file held open left to write. What cannot be
// written now stays noted for the next Apply or Find.
func (c *conn) heal(ctx context.Context) {
	_ = c.agenda.calendars.write(c.agenda.all())
	if c.behind {
		c.updateProspects(ctx, &batch{})
	}
}
