package agenda

import (
	"context"
	"sync"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// How the CRMs' calendars are asked for a page that somebody waits for.
const (
	waitAtMost = time.Second     // then our own appointments have to do
	freshFor   = 2 * time.Minute // an answer
	restFor    = time.Minute     // a CRM that did not answer in time
	keptAtMost = 1000            // answers
)

// Diaries tells when salespeople are taken in the CRMs' own calendars. It keeps
// nobody waiting: a CRM that is slow or away is left alone for a while. It is safe
// for concurrent use.
type Diaries struct {
	lines []Line
	now   func() time.Time
	wait  time.Duration

	mu      sync.Mutex
	kept    map[span]answer
	resting map[bridge.ConnectionName]time.Time // until when
}

// span is a stretch of a user's time.
type span struct {
	crm      bridge.ConnectionName
	user     string
	from, to int64 // Unix seconds
}

type answer struct {
	busy []connector.Busy
	at   time.Time
}

// NewDiaries makes Diaries of the CRM connections.
func NewDiaries(lines []Line, now func() time.Time) *Diaries {
	return &Diaries{lines: lines, now: now, wait: waitAtMost, kept: map[span]answer{}, resting: map[bridge.ConnectionName]time.Time{}}
}

// Busy is when a salesperson is taken between two moments; not known where the
// CRM does not tell, or not now.
func (d *Diaries) Busy(ctx context.Context, crm bridge.ConnectionName, with bridge.Person, from, to time.Time) (busy []connector.Busy, known bool) {
	asked := span{crm, with.CRM[crm], from.Unix(), to.Unix()}
	diary := d.diary(crm)
	if diary == nil || asked.user == "" {
		return nil, false
	}
	if busy, known = d.recall(asked); known || d.rests(crm) {
		return busy, known
	}
	within, cancel := context.WithTimeout(ctx, d.wait)
	defer cancel()
	busy, err := diary.Busy(within, asked.user, from, to)
	if err != nil {
		if ctx.Err() == nil { // else it is who asked that went away
			d.rest(crm)
		}
		return nil, false
	}
	d.keep(asked, busy)
	return busy, true
}

// diary is the connection's, nil where it has none or may not be asked now.
func (d *Diaries) diary(crm bridge.ConnectionName) connector.Diary {
	for _, l := range d.lines {
		if diary, ok := l.Conn.(connector.Diary); ok && l.Name == crm && l.Ready() {
			return diary
		}
	}
	return nil
}

func (d *Diaries) recall(asked span) ([]connector.Busy, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.kept[asked]
	return found.busy, ok && d.now().Sub(found.at) < freshFor
}

func (d *Diaries) keep(asked span, busy []connector.Busy) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= keptAtMost {
		clear(d.kept)
	}
	d.kept[asked] = answer{busy, d.now()}
}

func (d *Diaries) rests(crm bridge.ConnectionName) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now().Before(d.resting[crm])
}

func (d *Diaries) rest(crm bridge.ConnectionName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resting[crm] = d.now().Add(restFor)
}
