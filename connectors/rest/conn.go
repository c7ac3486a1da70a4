package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
)

var (
	_ connector.Conn    = (*conn)(nil)
	_ connector.Puller  = (*conn)(nil)
	_ connector.Applier = (*conn)(nil)
	_ connector.Finder  = (*conn)(nil)

	_ connector.Cataloguer   = (*conn)(nil)
	_ connector.RightsTeller = (*conn)(nil)
	_ connector.PeopleLister = (*conn)(nil)
	_ connector.Diary        = (*conn)(nil)
	_ connector.Calendar     = (*conn)(nil)
	_ connector.Remover      = (*conn)(nil)
)

type conn struct {
	settings
	env    connector.Env
	mapper mapper
	access connector.Access // nil: the credential is fixed
}

func open(_ context.Context, env connector.Env) (connector.Conn, error) {
	s, err := load(env)
	if err != nil {
		return nil, err
	}
	c := &conn{settings: s, env: env, mapper: mapper{env.Fields, env.Catalog}}
	if o := s.Auth.OAuth2; o != nil {
		c.access = env.Session(httpx.OAuth2{
			Op: "rest: log in", Client: env.HTTP, TokenURL: o.Token, ID: o.ID, Secret: o.Secret,
			Scopes: o.Scopes, Basic: o.Basic, Refresh: o.Refresh,
		}.Login)
	}
	return c, nil
}

// Close has nothing to close: the client belongs to the bridge.
func (c *conn) Close() error { return nil }

// Check reads the configured path. If it lists the CRM's fields, every mapped
// one must be among them.
func (c *conn) Check(ctx context.Context) error {
	const op = "rest: check"
	var answer any
	if err := c.call(ctx, op, request{method: http.MethodGet, path: c.settings.Check.Path}, &answer); err != nil {
		return err
	}
	if c.settings.Check.Name == "" {
		return nil
	}
	listed, err := list(op, answer, c.settings.Check.List)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, field := range listed {
		known[text(field[c.settings.Check.Name])] = true
	}
	var missing []string
	for _, name := range c.env.Fields.Names() {
		if vendor := c.env.Fields[name]; !known[vendor] {
			missing = append(missing, fmt.Sprintf("%s (%s)", vendor, name))
		}
	}
	if len(missing) > 0 {
		return fault.Newf(fault.Permanent, op, "the CRM has no field %s: correct the connection's fields", strings.Join(missing, ", "))
	}
	return nil
}

type request struct {
	method, path string
	body         map[string]any // of a write
	match        string         // for If-Match
}

// call makes one request and reads its JSON answer into into, unless the
// answer is empty.
func (c *conn) call(ctx context.Context, op string, r request, into any) error {
	_, err := c.exchange(ctx, op, r, into)
	return err
}

func (c *conn) exchange(ctx context.Context, op string, r request, into any) (http.Header, error) {
	resp, err := c.send(ctx, op, r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusNoContent || resp.ContentLength == 0 && r.method != http.MethodGet {
		return resp.Header, resp.Body.Close()
	}
	return resp.Header, httpx.ReadJSON(op, resp, into)
}

// send makes one request. A token that the CRM refuses before its time is
// replaced once: what answered 401 was not carried out.
func (c *conn) send(ctx context.Context, op string, r request) (*http.Response, error) {
	if c.access == nil {
		return c.sendWith(ctx, op, r, c.Auth.Value)
	}
	token, err := c.access(ctx, secret.String{})
	if err != nil {
		return nil, err
	}
	resp, err := c.sendWith(ctx, op, r, token)
	if httpx.Status(err) != http.StatusUnauthorized {
		return resp, err
	}
	if token, err = c.access(ctx, token); err != nil {
		return nil, err
	}
	return c.sendWith(ctx, op, r, token)
}

func (c *conn) sendWith(ctx context.Context, op string, r request, credential secret.String) (*http.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Unavailable, op, err)
	}
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, fault.New(fault.Rejected, op, err)
	}
	req.Header.Set(c.Auth.Header, c.Auth.Prefix+credential.Reveal())
	resp, err := c.env.HTTP.Do(req)
	return resp, httpx.Classify(op, resp, err)
}

func (c *conn) request(ctx context.Context, r request) (*http.Request, error) {
	var body []byte
	if r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return nil, errors.New("a value cannot be written as JSON")
		}
		body = encoded
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.Base+r.path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the path is not an address")
	}
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.match != "" {
		req.Header.Set("If-Match", r.match)
	}
	return req, nil
}

// recordPath puts a record's id into a path.
func recordPath(path, id string) string {
	return strings.ReplaceAll(path, "{id}", url.PathEscape(id))
}

// with adds parameters to a path that may have some.
func with(path string, params url.Values) string {
	if len(params) == 0 {
		return path
	}
	if strings.Contains(path, "?") {
		return path + "&" + params.Encode()
	}
	return path + "?" + params.Encode()
}

// prospect reads some fields of a prospect. The second result is what If-Match
// wants, if the settings say so.
func (c *conn) prospect(ctx context.Context, op, id string, fields []string) (record, string, error) {
	if !plainID(id) {
		return nil, "", fault.Newf(fault.Rejected, op, "the prospect's id is not one of this CRM")
	}
	path := with(recordPath(c.Prospects.Record, id), url.Values{c.Prospects.Params.Fields: {c.fieldList(fields)}})
	var answer any
	header, err := c.exchange(ctx, op, request{method: http.MethodGet, path: path}, &answer)
	if status := httpx.Status(err); status == http.StatusNotFound || status == http.StatusGone {
		return nil, "", noRecord(op, "the CRM has no prospect under this id (any more): deleted, merged or renumbered there")
	}
	if err != nil {
		return nil, "", err
	}
	rec, err := item(op, answer, c.Prospects.Item)
	if now := text(rec[c.Prospects.ID]); err == nil && now != "" && now != id {
		return nil, "", noRecord(op, "the CRM shows record "+now+" under this id: the prospect was merged or renumbered there")
	}
	if err != nil || !c.Prospects.IfMatch {
		return rec, "", err
	}
	return rec, header.Get("ETag"), nil
}

// noRecord is the refusal of a write whose prospect is not where it was. What
// to do about it is a person's to decide: the right to write to this one is no
// right to write to another.
func noRecord(op, words string) error {
	e := fault.Newf(fault.Rejected, op, "%s", words)
	e.NoRecord = true
	return e
}

// plainID refuses ids that would change the path they stand in.
func plainID(id string) bool { return id != "" && id != "." && id != ".." }
