package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"passerelle/internal/app"
	"passerelle/internal/config"
	"passerelle/internal/obs"
	"passerelle/internal/problem"
	"passerelle/internal/secret"
	"passerelle/internal/store"
)

// hub answers a command's requests: the one that runs, by its socket, or while
// none does this process, on the store's file.
type hub struct {
	client *http.Client
	token  secret.String // zero: the operator
	lang   string        // in which it is to refuse; "" is English
	close  func()
}

// need says what a command cannot do without.
type need int

const (
	needStore need = iota // the store: its file will do
	needHub               // a hub that runs
)

// open finds the hub.
func (s *session) open(ctx context.Context, what need) (*hub, error) {
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	dir, err := config.DataDir(s.Config)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noConfig(s.Config)
	}
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, app.SocketName)
	probe, err := net.Dial("unix", socket)
	switch {
	case err == nil:
		_ = probe.Close() // it has shown that somebody listens
		return s.atSocket(socket, token), nil
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED):
		return nil, unreachable{fmt.Errorf("the hub's socket %s: %w: run this as the user that the hub runs as", socket, err)}
	case what == needHub:
		return nil, unreachable{fmt.Errorf("no hub runs on %s, and this needs one: start it with passerelle serve --config %s", dir, s.Config)}
	}
	return s.local(ctx, token)
}

// patience bounds how long a hub may think: longer than it gives itself.
const patience = time.Minute

func (s *session) atSocket(socket string, token secret.String) *hub {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	return &hub{client: &http.Client{Transport: transport, Timeout: patience}, token: token, lang: s.Lang, close: transport.CloseIdleConnections}
}

// local answers in this process.
func (s *session) local(ctx context.Context, token secret.String) (*hub, error) {
	cfg, err := s.load()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(app.StorePath(cfg)); err != nil {
		return nil, unreachable{fmt.Errorf("no hub runs on %s and it holds no store yet: start one with passerelle serve --config %s", cfg.DataDir, s.Config)}
	}
	log, err := obs.New(s.Stderr, slog.LevelWarn, obs.FormatText)
	if err != nil {
		return nil, err
	}
	handler, stop, err := app.Local(ctx, app.Options{Config: cfg, Version: thisBuild().Version, Log: log})
	if errors.Is(err, store.ErrLocked) {
		return nil, unreachable{fmt.Errorf("a hub holds %s but does not answer: it is starting or stopping, or it is stuck; try again, then look at its log", app.StorePath(cfg))}
	}
	if err != nil {
		return nil, err
	}
	return &hub{client: &http.Client{Transport: inProcess{handler}}, token: token, lang: s.Lang, close: stop}, nil
}

// longestToken is more than any token has, and less than a header may: in bytes.
const longestToken = 4096

// token is whose rights the command has; the zero one is the operator's.
func (s *session) token() (secret.String, error) {
	if s.TokenFile == "" {
		return secret.New(os.Getenv("PASSERELLE_TOKEN")), nil
	}
	raw, err := os.ReadFile(s.TokenFile)
	if err != nil {
		return secret.String{}, usagef("--token-file: %w", err)
	}
	switch words := strings.Fields(string(raw)); {
	case len(words) == 0:
		return secret.String{}, usagef("--token-file: %s is empty", s.TokenFile)
	case len(words) > 1 || len(words[0]) > longestToken:
		return secret.String{}, usagef("--token-file: %s holds more than a token: write it alone, on one line", s.TokenFile)
	default:
		return secret.New(words[0]), nil
	}
}

// patient is the hub for what takes as long as its store is large.
func (h *hub) patient() *hub {
	client := *h.client
	client.Timeout = 0
	return &hub{client: &client, token: h.token, lang: h.lang, close: h.close}
}

// get asks a question and decodes the answer.
func (h *hub) get(ctx context.Context, path string, into any) error {
	return h.ask(ctx, http.MethodGet, path, nil, into)
}

// post gives a command; body and into may be nil.
func (h *hub) post(ctx context.Context, path string, body, into any) error {
	return h.ask(ctx, http.MethodPost, path, body, into)
}

func (h *hub) ask(ctx context.Context, method, path string, body, into any) error {
	resp, err := h.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read to its end
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return unreachable{fmt.Errorf("the hub's answer broke off: %w", err)}
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return refused(resp, raw)
	}
	if into == nil || len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// send makes a request; whoever gets the answer closes it.
func (h *hub) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://hub"+path, sent)
	if err != nil {
		return nil, err
	}
	if !h.token.IsZero() {
		req.Header.Set("Authorization", "Bearer "+h.token.Reveal())
	}
	if h.lang != "" {
		req.Header.Set("Accept-Language", h.lang)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, unreachable{fmt.Errorf("the hub does not answer: %w", err)}
	}
	return resp, nil
}

// refusal is a problem document that the hub answered.
type refusal struct {
	problem.Problem
	raw json.RawMessage
}

func refused(resp *http.Response, raw []byte) error {
	r := &refusal{raw: raw}
	if err := json.Unmarshal(raw, &r.Problem); err != nil || r.Title == "" {
		return fmt.Errorf("the hub answered %s, and not in a form that this program knows: are both of one version?", resp.Status)
	}
	return r
}

// Error is the detail, then a line an item.
func (r *refusal) Error() string {
	text := r.Detail
	if text == "" {
		text = strings.ToLower(r.Title)
	}
	for _, item := range r.Errors {
		text += "\n  " + strings.TrimPrefix(strings.TrimPrefix(item.Pointer, "/")+": "+item.Detail, ": ")
	}
	if !r.NextLawful.IsZero() {
		text += "\n  not before " + moment(r.NextLawful)
	}
	if !r.NotBefore.IsZero() {
		text += "\n  not before " + moment(r.NotBefore)
	}
	return text
}

// inProcess carries requests to a handler in this process.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req = req.Clone(req.Context())
		req.Body = http.NoBody
	}
	body, w := io.Pipe()
	rec := &recorder{header: http.Header{}, body: w, begun: make(chan struct{})}
	go rec.serve(t.handler, req)
	select {
	case <-rec.begun:
		return rec.response(req, body), nil
	case <-req.Context().Done():
		return nil, errors.Join(req.Context().Err(), body.Close())
	}
}

// recorder passes on what a handler answers.
type recorder struct {
	header http.Header
	body   *io.PipeWriter
	begun  chan struct{} // closed once the two below are known
	status int
	sent   http.Header
}

// serve runs the handler to its end. One that breaks off its answer panics, as
// net/http has it.
func (r *recorder) serve(handler http.Handler, req *http.Request) {
	defer func() {
		cause := recover()
		r.WriteHeader(http.StatusOK)
		if cause != nil {
			_ = r.body.CloseWithError(errors.New("the answer broke off")) // never an error
			return
		}
		_ = r.body.Close() // never an error
	}()
	handler.ServeHTTP(r, req)
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status, r.sent = status, r.header.Clone()
		close(r.begun)
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *recorder) response(req *http.Request, body io.ReadCloser) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)), StatusCode: r.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: r.sent,
		Body: body, ContentLength: -1, Request: req,
	}
}
