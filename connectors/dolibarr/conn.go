package dolibarr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

var (
	_ connector.Conn         = (*conn)(nil)
	_ connector.Puller       = (*conn)(nil)
	_ connector.Applier      = (*conn)(nil)
	_ connector.Finder       = (*conn)(nil)
	_ connector.Cataloguer   = (*conn)(nil)
	_ connector.Namer        = (*conn)(nil)
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
	owners owners
	proved sync.Map     // ids of statuses that a list has shown
	major  atomic.Int64 // of its version, once that is known and good
}

func open(_ context.Context, env connector.Env) (connector.Conn, error) {
	s, err := load(env)
	if err != nil {
		return nil, err
	}
	return &conn{settings: s, env: env, mapper: mapper{env.Fields, env.Catalog, s, env.Zone}}, nil
}

// Close has nothing to close: the client belongs to the bridge.
func (c *conn) Close() error { return nil }

// The versions that the connector was made for.
const (
	oldest  = 18
	sparing = 19 // the first whose lists can be told what to show
	keeping = 22 // the first proved to keep the extra fields that a change does not name
	newest  = 22
)

// Check asks for the version, and proves that the key may read third parties
// and events, that events have the extra fields that hold our ids, and that the
// connection's zone is the server's.
func (c *conn) Check(ctx context.Context) error {
	const op = "dolibarr: check"
	if err := c.checkVersion(ctx, op); err != nil {
		return err
	}
	for _, code := range []string{c.Events.ID, c.Events.Changes} {
		filter := url.Values{"sqlfilters": {"(ef." + code + ":=:'passerelle')"}, "limit": {"1"}, "properties": {"id"}}
		if _, err := c.events(ctx, op, filter); err != nil {
			return err
		}
	}
	return c.checkZone(ctx, op)
}

func (c *conn) checkVersion(ctx context.Context, op string) error {
	version, _, err := c.version(ctx, op)
	if err != nil {
		return err
	}
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	switch {
	case err != nil || n < oldest:
		return fault.Newf(fault.Permanent, op, "this is no Dolibarr from %d to %d", oldest, newest)
	case n < sparing && !c.WholeRecords:
		return fault.Newf(fault.Permanent, op, "Dolibarr %d sends whole records whatever is asked for: bring it up to date, or accept it by whole_records: true", n)
	}
	c.major.Store(int64(n))
	return nil
}

// minimal makes sure, once, that a version is read which sends no more than it
// is asked for, unless the settings take more.
func (c *conn) minimal(ctx context.Context, op string) error {
	if c.WholeRecords || c.major.Load() > 0 {
		return nil
	}
	return c.checkVersion(ctx, op)
}

// complete adds to the extra fields of a change those that the record has beside:
// older versions empty them. What such a version would bend on its way back stops
// the change.
func (c *conn) complete(ctx context.Context, op string, body, held record) error {
	given, _ := body[extras].(map[string]any)
	there, _ := held[extras].(map[string]any)
	if len(given) == 0 || len(there) == 0 {
		return nil
	}
	if c.major.Load() == 0 {
		if err := c.checkVersion(ctx, op); err != nil {
			return err
		}
	}
	if c.major.Load() >= keeping {
		return nil
	}
	for code, value := range there {
		_, named := given[code]
		shown := text(value)
		switch {
		case named || shown == "":
		case single(formStrict.write(shown)) != single(shown):
			return fault.Newf(fault.Rejected, op, "the record's extra field %s holds a text that Dolibarr before %d empties or bends with any change of another one: bring Dolibarr up to date, or change the record there", code, keeping)
		default:
			given[code] = value
		}
	}
	return nil
}

// version is Dolibarr's own, with its clock at the answer.
func (c *conn) version(ctx context.Context, op string) (string, time.Time, error) {
	var answer struct {
		Success struct {
			Version string `json:"dolibarr_version"`
		}
	}
	header, err := c.exchange(ctx, op, request{path: "/status"}, &answer)
	if err != nil {
		return "", time.Time{}, err
	}
	clock, _ := http.ParseTime(header.Get("Date"))
	if answer.Success.Version == "" {
		return "", clock, fault.Newf(fault.Unavailable, op, "the answer names no version")
	}
	return answer.Success.Version, clock, nil
}

// checkZone asks for a record by its time of change as the connection's zone
// spells it. Filters compare with the server's own spelling, so a wrong zone
// finds nothing.
func (c *conn) checkZone(ctx context.Context, op string) error {
	last := url.Values{"sortfield": {"t.tms"}, "sortorder": {"DESC"}, "limit": {"1"}, "properties": {"id,date_modification"}}
	found, err := c.parties(ctx, op, last)
	if err != nil || len(found) == 0 {
		return err
	}
	changed := moment(found[0]["date_modification"])
	again := url.Values{"sqlfilters": {fmt.Sprintf("(t.rowid:=:%d) and (t.tms:=:'%s')", number(found[0]["id"]), c.naive(changed))}, "properties": {"id"}}
	switch same, err := c.parties(ctx, op, again); {
	case err != nil:
		return err
	case len(same) == 0:
		return fault.Newf(fault.Permanent, op, "the server's clock is not in the connection's zone %s: set zone to the time zone of Dolibarr's PHP and database", c.env.Zone)
	}
	return nil
}

// naive is how the server's filters spell a moment.
func (c *conn) naive(t time.Time) string { return t.In(c.env.Zone).Format(time.DateTime) }

type request struct {
	method, path string // GET if none; below /api/index.php
	params       url.Values
	body         map[string]any // of a write
}

// exchange makes one request and reads its JSON answer into into.
func (c *conn) exchange(ctx context.Context, op string, r request, into any) (http.Header, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Unavailable, op, err)
	}
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, fault.New(fault.Rejected, op, err)
	}
	resp, err := c.env.HTTP.Do(req)
	said := refusalOf(resp)
	if err := httpx.Classify(op, resp, err); err != nil {
		return nil, said.judge(err)
	}
	return resp.Header, httpx.ReadJSON(op, resp, into)
}

func (c *conn) call(ctx context.Context, op string, r request, into any) error {
	_, err := c.exchange(ctx, op, r, into)
	return err
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
	if r.method == "" {
		r.method = http.MethodGet
	}
	address := c.Base + "/api/index.php" + r.path
	if len(r.params) > 0 {
		address += "?" + r.params.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the path is not an address")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("DOLAPIKEY", c.Key.Reveal())
	if c.Entity > 0 {
		req.Header.Set("DOLAPIENTITY", strconv.Itoa(c.Entity))
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// parties lists third parties. That there are none is a 404 of its own words;
// any other 404 is an error, or a wrong address would empty every campaign.
func (c *conn) parties(ctx context.Context, op string, params url.Values) ([]record, error) {
	found, err := c.list(ctx, op, "/thirdparties", params)
	if isEmpty(err) {
		return nil, nil
	}
	return found, err
}

// events lists agenda events. That there are none is an empty list.
func (c *conn) events(ctx context.Context, op string, params url.Values) ([]record, error) {
	return c.list(ctx, op, "/agendaevents", params)
}

// list reads a list. A null instead of one is no list of nothing: what it left
// out would be written a second time.
func (c *conn) list(ctx context.Context, op, path string, params url.Values) ([]record, error) {
	var found []record
	err := c.call(ctx, op, request{path: path, params: params}, &found)
	if err == nil && found == nil {
		err = fault.Newf(fault.Unavailable, op, "the answer holds no list")
	}
	return found, err
}

// plainID refuses what is no id of Dolibarr: it would change the path or the
// filter it stands in.
func plainID(id string) bool {
	n, err := strconv.ParseInt(id, 10, 64)
	return err == nil && n > 0 && strconv.FormatInt(n, 10) == id
}

func (c *conn) ref(id string) bridge.Ref {
	return bridge.Ref{Connection: c.env.Name, Object: bridge.ProspectObj, ID: id}
}
