package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// load posts calls from several platforms' workers at once until it is stopped.
type load struct {
	h    *hub
	next atomic.Int64
	wg   sync.WaitGroup
	stop context.CancelFunc

	mu    sync.Mutex
	acked map[string]map[string]any // events by id
}

func (h *hub) load(prospects int) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{h: h, stop: stop, acked: map[string]map[string]any{}}
	for range 4 {
		l.wg.Go(func() {
			for ctx.Err() == nil {
				l.one(prospects)
			}
		})
	}
	return l
}

func (l *load) one(prospects int) {
	n := int(l.next.Add(1))
	event := call(fmt.Sprint("e", n), n%prospects, "no_answer")
	event["fields"] = map[string]any{"prospect.comment": fmt.Sprint("call ", n)}
	if n%7 == 0 && n > prospects { // a call to the same prospect
		event["amends"], event["note"] = fmt.Sprint("e", n-prospects), "added later"
	}
	if status, body := l.h.post(event); status == http.StatusAccepted && strings.Contains(body, `"recorded"`) {
		l.mu.Lock()
		l.acked[fmt.Sprint("e", n)] = event
		l.mu.Unlock()
	}
}

func (l *load) seen() map[string]map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]map[string]any, len(l.acked))
	for id, e := range l.acked {
		out[id] = e
	}
	return out
}

func (l *load) waitFor(n int) {
	eventually(l.h.t, fmt.Sprint(n, " calls are acknowledged"), func() bool { return len(l.seen()) >= n })
}
