package vtiger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
)

// request is one operation of the web service.
type request struct {
	operation string // the vendor's name
	params    url.Values
	write     bool // sent as a form: the server refuses a write that comes by GET
}

func read(operation string, pairs ...string) request {
	r := request{operation: operation, params: url.Values{}}
	for i := 0; i < len(pairs); i += 2 {
		r.params.Set(pairs[i], pairs[i+1])
	}
	return r
}

func write(operation string, pairs ...string) request {
	r := read(operation, pairs...)
	r.write = true
	return r
}

// envelope is what every operation answers.
type envelope struct {
	Success *bool           `json:"success"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// call carries an operation out. A session that the server has ended is
// replaced once: what it refused so was not carried out.
func (c *conn) call(ctx context.Context, op string, r request, into any) error {
	if c.access == nil {
		err := c.exchange(ctx, op, r, secret.String{}, into)
		if sessionEnded(err) {
			fault.Of(err).Kind = fault.Permanent // there is none: the credentials are refused
		}
		return err
	}
	token, err := c.access(ctx, secret.String{})
	if err != nil {
		return err
	}
	err = c.exchange(ctx, op, r, token, into)
	if !sessionEnded(err) {
		return err
	}
	if token, err = c.access(ctx, token); err != nil {
		return err
	}
	return c.exchange(ctx, op, r, token, into)
}

// exchange makes one request with a session and reads its answer.
func (c *conn) exchange(ctx context.Context, op string, r request, token secret.String, into any) error {
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Unavailable, op, err)
	}
	req, err := c.request(ctx, r, token)
	if err != nil {
		return fault.New(fault.Rejected, op, err)
	}
	resp, err := c.env.HTTP.Do(req)
	if err := httpx.Classify(op, resp, err); err != nil {
		return wordless(err)
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.serverTime.Store(at.Unix())
	}
	var answer envelope
	if err := httpx.ReadJSON(op, resp, &answer); err != nil {
		return err
	}
	return answer.read(op, r.write, into)
}

// wordless takes the words out of a refusal by status: the web service refuses
// under 200, so they are some other program's and may quote anything.
func wordless(err error) error {
	if a, ok := errors.AsType[*httpx.Answer](err); ok {
		a.Text = ""
	}
	return err
}

func (e envelope) read(op string, write bool, into any) error {
	broken := func(text string) error {
		f := fault.Newf(fault.Unavailable, op, "%s", text)
		f.MayHaveApplied = write
		return f
	}
	switch {
	case e.Success == nil:
		return broken("the answer is not one of vtiger's web service: check url and flavour")
	case !*e.Success && e.Error == nil:
		return broken("the answer says neither success nor what is wrong")
	case !*e.Success:
		return refused(op, e.Error.Code, e.Error.Message, write)
	}
	_, whatever := into.(*any)
	if !whatever && string(e.Result) == "null" { // it decodes into everything, and a list without rows would say: absent
		return broken("the answer says success and shows nothing")
	}
	if json.Unmarshal(e.Result, into) != nil {
		return broken("the answer has another shape than expected")
	}
	return nil
}

func (c *conn) request(ctx context.Context, r request, token secret.String) (*http.Request, error) {
	address, params := c.URL+"/webservice.php", url.Values{}
	for k, v := range r.params {
		params[k] = v
	}
	if c.Flavour == cloud {
		address = c.URL + "/restapi/v1/vtiger/default/" + r.operation
	} else {
		params.Set("operation", r.operation)
	}
	session := identified(token).session
	if session != "" && c.Flavour == openSource {
		params.Set("sessionName", session)
	}
	req, err := c.carrying(ctx, address, params, r.write)
	if err != nil {
		return nil, errors.New("url is not an address")
	}
	req.Header.Set("Accept", "application/json")
	switch {
	case c.Flavour == cloud:
		req.SetBasicAuth(c.User, c.AccessKey.Reveal())
	case c.Flavour == coreBOS && session != "":
		req.Header.Set("corebos_authorization", session)
	}
	return req, nil
}

func (c *conn) carrying(ctx context.Context, address string, params url.Values, write bool) (*http.Request, error) {
	if !write {
		return http.NewRequestWithContext(ctx, http.MethodGet, address+"?"+params.Encode(), nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(params.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}
