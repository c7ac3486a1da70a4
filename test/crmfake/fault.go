package crmfake

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Fault is a way to misbehave.
type Fault string

// The faults. Those named After do what was asked first.
const (
	Down        Fault = "down"         // 503
	DownWait    Fault = "down_wait"    // 503 with Retry-After
	Throttled   Fault = "throttled"    // 429 with Retry-After, in seconds and as a date by turns
	HangBefore  Fault = "hang_before"  // no answer until the client leaves
	HangAfter   Fault = "hang_after"   //
	ResetBefore Fault = "reset_before" // the connection breaks
	ResetAfter  Fault = "reset_after"  //
	CutAfter    Fault = "cut_after"    // half of the JSON answer
	Page        Fault = "page"         // a web page, 200, nothing done
	ErrorPage   Fault = "error_page"   // a web page, 500, nothing done
	Login       Fault = "login"        // a redirect to another host, nothing done
	Forget      Fault = "forget"       // a write is answered well and not stored
	Late        Fault = "late"         // a write is answered well and stored after Rule.Delay
	Slow        Fault = "slow"         // the answer comes after Rule.Delay
	Twice       Fault = "twice"        // a write is carried out twice, and answered twice
	HangLate    Fault = "hang_late"    // no answer; a write is stored after Rule.Delay
)

// Faults lists them all.
func Faults() []Fault {
	return []Fault{Down, DownWait, Throttled, HangBefore, HangAfter, ResetBefore, ResetAfter, CutAfter, Page, ErrorPage, Login, Forget, Late, Slow, Twice, HangLate}
}

// Rule says when to misbehave and how.
type Rule struct {
	Fault  Fault
	Chance float64       // of each request that matches; 0 is always
	Method string        // "" matches all
	Path   string        // a part of the path; "" matches all
	Skip   int           // so many matching requests are left alone first
	Times  int           // at most so many are hit; 0 is no limit
	Since  time.Duration // after Misbehave
	Until  time.Duration // after Misbehave; 0 is for ever
	Delay  time.Duration // of Late, HangLate and Slow; of DownWait and Throttled: what they ask for
}

type rule struct {
	Rule
	set       time.Time
	seen, hit int
}

// Misbehave replaces the rules; without any the CRM behaves. The first rule
// that matches a request and whose die falls is applied.
func (s *Server) Misbehave(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
	for _, r := range rules {
		s.rules = append(s.rules, &rule{Rule: r, set: time.Now()})
	}
}

// Throttle answers 429 beyond so many requests per second; 0 lifts it.
func (s *Server) Throttle(perSecond float64, burst int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttle = nil
	if perSecond > 0 {
		s.throttle = rate.NewLimiter(rate.Limit(perSecond), burst)
	}
}

// pick chooses what to do to a request and logs it.
func (s *Server) pick(r *http.Request) Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var chosen Rule
	if s.throttle != nil && !s.throttle.Allow() {
		chosen = Rule{Fault: Throttled}
	}
	for _, rule := range s.rules {
		if chosen.Fault == "" && rule.applies(r) && (rule.Chance == 0 || s.dice.Float64() < rule.Chance) {
			rule.hit++
			chosen = rule.Rule
		}
	}
	entry := Request{Method: r.Method, Path: r.URL.Path, Fault: chosen.Fault, At: time.Now()}
	if fields := r.URL.Query().Get("fields"); fields != "" {
		entry.Fields = strings.Split(fields, ",")
	}
	s.requests = append(s.requests, entry)
	return chosen
}

func (r *rule) applies(req *http.Request) bool {
	age := time.Since(r.set)
	switch {
	case r.Method != "" && r.Method != req.Method, !strings.Contains(req.URL.Path, r.Path):
		return false
	case age < r.Since, r.Until > 0 && age >= r.Until:
		return false
	case slices.Contains([]Fault{Forget, Late, Twice, HangLate}, r.Fault) && req.Method == http.MethodGet:
		return false
	}
	r.seen++
	return r.seen > r.Skip && (r.Times == 0 || r.hit < r.Times)
}

// ServeHTTP answers a request, or does worse.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rule := s.pick(r)
	switch rule.Fault {
	case "":
		if !s.followMove(w, r) {
			s.mux.ServeHTTP(w, r)
		}
	case Twice:
		s.twice(w, r)
	case HangLate:
		s.hangLate(r, rule)
	case Down, DownWait:
		if rule.Fault == DownWait {
			w.Header().Set("Retry-After", seconds(rule.Delay))
		}
		refuse(w, http.StatusServiceUnavailable, "maintenance", "", "the service is down for maintenance")
	case Throttled:
		s.tooMany(w, rule.Delay)
	case HangBefore:
		_, _ = io.Copy(io.Discard, r.Body)
		s.hang(r)
	case HangAfter:
		s.mux.ServeHTTP(httptest.NewRecorder(), r)
		s.hang(r)
	case ResetBefore:
		reset(w)
	case ResetAfter:
		s.mux.ServeHTTP(httptest.NewRecorder(), r)
		reset(w)
	case CutAfter:
		s.cut(w, r)
	case Page:
		page(w, http.StatusOK)
	case ErrorPage:
		page(w, http.StatusInternalServerError)
	case Login:
		http.Redirect(w, r, "https://login.crm.example/?next="+r.URL.Path, http.StatusFound)
	case Forget, Late:
		s.lie(w, r, rule)
	case Slow:
		s.wait(r, rule.Delay)
		s.mux.ServeHTTP(w, r)
	}
}

func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(d.Round(time.Second).Seconds())))
}

func (s *Server) tooMany(w http.ResponseWriter, wait time.Duration) {
	s.mu.Lock()
	s.throttled++
	odd := s.throttled%2 == 1
	s.mu.Unlock()
	if odd {
		w.Header().Set("Retry-After", seconds(wait))
	} else {
		now := time.Now().UTC()
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("Retry-After", now.Add(max(time.Second, wait)).Format(http.TimeFormat))
	}
	refuse(w, http.StatusTooManyRequests, "rate_limited", "", "too many requests")
}

func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.closed:
	}
	panic(http.ErrAbortHandler)
}

func (s *Server) wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.closed:
	}
}

func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset instead of an orderly end
	}
	_ = conn.Close()
}

func (s *Server) cut(w http.ResponseWriter, r *http.Request) {
	whole := httptest.NewRecorder()
	s.mux.ServeHTTP(whole, r)
	w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
}

func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<!doctype html><title>CRM</title><h1>Something went wrong</h1>")
}

// lie answers a write well and does it later or never.
func (s *Server) lie(w http.ResponseWriter, r *http.Request, rule Rule) {
	if !s.authorized(r) {
		s.mux.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", "", "the request is too large")
		return
	}
	if rule.Fault == Late {
		again := r.Clone(context.Background())
		again.Body = io.NopCloser(bytes.NewReader(body))
		s.late.Go(func() {
			s.wait(again, rule.Delay)
			s.mux.ServeHTTP(httptest.NewRecorder(), again)
		})
	}
	switch r.Method {
	case http.MethodPost:
		reply(w, http.StatusAccepted, map[string]any{})
	case http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		reply(w, http.StatusOK, map[string]any{"status": "ok"})
	}
}
