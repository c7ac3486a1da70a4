package contract

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// trouble is what the proxy does to requests.
type trouble struct {
	name       string
	status     int     // answered instead, with words that quote everything
	retryAfter string  // with status: as it stands, or "date" for seven seconds from now
	before     bool    // the system never sees the request; else it does, and the answer is lost
	how        string  // reset, hang, cut, empty, page or redirect
	answer     *Answer // answered instead, as it stands
	writesOnly bool    // leaves GETs alone
}

// proxy stands between the connector and its system.
type proxy struct {
	world *World

	mu      sync.Mutex
	trouble *trouble
	seen    int
	arrived chan struct{} // a request met trouble; holds one signal
}

func newProxy(w *World) *proxy { return &proxy{world: w, arrived: make(chan struct{}, 1)} }

func (p *proxy) requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// set makes trouble for every request from now on; nil ends it.
func (p *proxy) set(t *trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = t
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = rereadable(r)
	if s := p.world.Sessions; s != nil && s.Login(again(r)) {
		p.world.Server.ServeHTTP(w, r) // the hub's to bear, not the write's
		return
	}
	p.mu.Lock()
	t := p.trouble
	p.seen++
	p.mu.Unlock()
	if t == nil || t.writesOnly && !p.world.writes(again(r)) {
		p.world.Server.ServeHTTP(w, r)
		return
	}
	select {
	case p.arrived <- struct{}{}:
	default:
	}
	switch {
	case t.answer != nil:
		t.answer.write(w)
		return
	case t.status != 0:
		p.refuse(w, r, t)
		return
	}
	answer := httptest.NewRecorder()
	if t.before {
		_, _ = io.Copy(io.Discard, r.Body)
	} else {
		p.world.Server.ServeHTTP(answer, r)
	}
	t.lose(w, r, answer)
}

// rereadable has its body in memory, for [again].
func rereadable(r *http.Request) *http.Request {
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return r
}

// failing is the end of a body that ended so.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, cmp.Or(f.err, io.EOF) }

// again is the request with a body of its own, to be looked at.
func again(r *http.Request) *http.Request {
	look := r.Clone(r.Context())
	look.Body, _ = r.GetBody()
	return look
}

// writes says whether a request changes something.
func (w *World) writes(r *http.Request) bool {
	if w.Writes == nil {
		return r.Method != http.MethodGet
	}
	return w.Writes(r)
}

func (t *trouble) lose(w http.ResponseWriter, r *http.Request, answer *httptest.ResponseRecorder) {
	switch t.how {
	case "hang":
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case "cut":
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
	case "empty":
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
	case "page":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>Please wait</title>")
	case "redirect":
		http.Redirect(w, r, "https://login.invalid/?from="+r.URL.Path, http.StatusFound)
	default:
		reset(w)
	}
}

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// refuse answers a status with all that a talkative system might say: the
// credential, what was sent, and what it holds.
func (p *proxy) refuse(w http.ResponseWriter, r *http.Request, t *trouble) {
	sent, _ := io.ReadAll(r.Body)
	said := append([]string{"refused:", string(sent), r.URL.RawQuery}, p.world.Secrets...)
	for _, v := range p.world.Personal {
		said = append(said, "'"+v+"'")
	}
	switch t.retryAfter {
	case "":
	case "date":
		now := time.Now().UTC()
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("Retry-After", now.Add(7*time.Second).Format(http.TimeFormat))
	default:
		w.Header().Set("Retry-After", t.retryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(t.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": "refused", "message": strings.Join(said, " ")}})
}

func (a *Answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
}
