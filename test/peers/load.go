package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const callers = 64

// filler makes an outcome about a kilobyte long.
var filler = strings.Repeat("il faut rappeler la semaine prochaine ", 18)

// load is callers who post one outcome after the other.
type load struct {
	peer peer
	http *http.Client
	next atomic.Int64

	mu    sync.Mutex
	acked []string
}

func newLoad(p peer) *load {
	return &load{peer: p, http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: callers}}}
}

// run posts until ctx ends; requests under way are waited for.
func (l *load) run(ctx context.Context) {
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				if !l.one() {
					time.Sleep(10 * time.Millisecond) // it is down: nobody asks it as fast as they can
				}
			}
		})
	}
	all.Wait()
}

// one posts an outcome and keeps its id if it was acknowledged.
func (l *load) one() bool {
	n := l.next.Add(1)
	id := fmt.Sprintf("o%07d", n)
	req, err := l.peer.request(id, int(n)%prospects)
	if err != nil {
		return false
	}
	resp, err := l.http.Do(req)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // it was read to its end
	if err != nil || !l.peer.acknowledged(resp.StatusCode, string(body)) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = append(l.acked, id)
	return true
}
