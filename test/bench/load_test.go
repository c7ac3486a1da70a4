package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// call is a request that is ready to be sent.
type call struct {
	path   string
	header http.Header
	body   []byte
}

// load is many clients who each send one request after the other.
type load struct {
	addr  string
	conns int
	calls []call
	again bool   // begin with the first again where they are too few
	good  string // what an answer with a body must hold
}

// run sends for a while, or until the calls are all sent, and answers how many
// were acknowledged and how long it took.
func (l load) run(t *testing.T) (acks int, took time.Duration) {
	t.Helper()
	transport := &http.Transport{MaxIdleConns: l.conns, MaxIdleConnsPerHost: l.conns, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	var next, done atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for range l.conns {
		wg.Go(func() {
			for time.Since(began) < *lasting && failed.Load() == nil {
				n := int(next.Add(1)) - 1
				if n >= len(l.calls) && !l.again {
					return
				}
				if err := l.send(client, l.calls[n%len(l.calls)]); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	took = time.Since(began)
	if err := failed.Load(); err != nil {
		t.Fatal(*err)
	}
	return int(done.Load()), took
}

// rate is run's acknowledgements per second.
func (l load) rate(t *testing.T) float64 {
	t.Helper()
	acks, took := l.run(t)
	return float64(acks) / took.Seconds()
}

// cost is like rate, and adds the server's processor time of each
// acknowledgement, in microseconds.
func (l load) cost(t *testing.T, s *server, micros *[]float64) float64 {
	t.Helper()
	l.addr = s.addr
	before := s.cpu()
	acks, took := l.run(t)
	*micros = append(*micros, (s.cpu()-before).Seconds()*1e6/float64(max(acks, 1)))
	return float64(acks) / took.Seconds()
}

func (l load) send(client *http.Client, c call) error {
	req, err := http.NewRequest(http.MethodPost, "http://"+l.addr+c.path, bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	req.Header = c.header
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusAccepted || len(answer) > 0 && !bytes.Contains(answer, []byte(l.good)) {
		return fmt.Errorf("answered %d: %s", resp.StatusCode, answer)
	}
	return nil
}
