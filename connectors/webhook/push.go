package webhook

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

type pusher struct {
	client *http.Client
	url    string
	key    *standardwebhooks.Webhook
	batch  int
	now    func() time.Time
}

// Check posts an empty batch: reachable, and our signature accepted.
func (p pusher) Check(ctx context.Context) error {
	_, err := p.post(ctx, "webhook: check", nil)
	if err != nil {
		fault.Of(err).MayHaveApplied = false // nothing was to be applied
	}
	return err
}

// Push posts the items in order, batch by batch. After a batch that could not
// be delivered the rest is not tried, so that no item overtakes another.
func (p pusher) Push(ctx context.Context, items []connector.PushItem) []error {
	errs := make([]error, 0, len(items))
	for batch := range slices.Chunk(items, p.batch) {
		got, err := p.pushBatch(ctx, batch)
		errs = append(errs, got...)
		if stop := fault.Of(err); stop != nil && stop.Kind != fault.Rejected {
			rest := &fault.Error{Kind: stop.Kind, Op: "webhook: push", After: stop.After, Err: errors.New("not sent: the batch before it was not taken")}
			return append(errs, slices.Repeat([]error{rest}, len(items)-len(errs))...)
		}
	}
	return errs
}

// pushBatch answers one error for each item, and apart from them what went
// wrong with the batch as a whole.
func (p pusher) pushBatch(ctx context.Context, batch []connector.PushItem) ([]error, error) {
	const op = "webhook: push"
	wire := make([]item, len(batch))
	for i, one := range batch {
		wire[i] = itemOf(one)
	}
	refused, err := p.post(ctx, op, wire)
	if err != nil {
		return slices.Repeat([]error{err}, len(batch)), err
	}
	errs := make([]error, len(batch))
	for _, r := range refused {
		errs[r.Index] = r.fault(op)
	}
	return errs, nil
}

// post sends one message and reads which of its items were refused.
func (p pusher) post(ctx context.Context, op string, items []item) ([]refusal, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Unavailable, op, fmt.Errorf("not sent: %w", err))
	}
	req, err := p.request(ctx, items)
	if err != nil {
		return nil, fault.New(fault.Permanent, op, err)
	}
	resp, err := p.client.Do(req)
	if err := httpx.Classify(op, resp, err); err != nil {
		return nil, endpointGone(err)
	}
	return readRefusals(op, resp, len(items))
}

// endpointGone is err, permanent if it says that nothing takes pushes at the
// address: no card is to blame for that.
func endpointGone(err error) error {
	var a *httpx.Answer
	if errors.As(err, &a) && slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone}, a.Status) {
		fault.Of(err).Kind = fault.Permanent
	}
	return err
}

func (p pusher) request(ctx context.Context, items []item) (*http.Request, error) {
	if items == nil {
		items = []item{}
	}
	body, err := json.Marshal(message{Items: items})
	if err != nil {
		return nil, errors.New("the items cannot be written as JSON")
	}
	id, now := contentID("msg_", body), p.now()
	signature, err := p.key.Sign(id, now, body)
	if err != nil {
		return nil, errors.New("the message cannot be signed")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("settings.push_url is not an address")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(standardwebhooks.HeaderWebhookID, id)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return req, nil
}

// contentID names content: the same bytes have the same id.
func contentID(prefix string, content []byte) string {
	sum := sha256.Sum256(content)
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:26]
}

// readRefusals reads a 2xx: nothing in it, or the items that were refused.
func readRefusals(op string, resp *http.Response, sent int) ([]refusal, error) {
	buffered := bufio.NewReader(resp.Body)
	if _, err := buffered.Peek(1); errors.Is(err, io.EOF) {
		return nil, resp.Body.Close()
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{buffered, resp.Body}
	var a answer
	if err := httpx.ReadJSON(op, resp, &a); err != nil {
		return nil, err
	}
	for _, r := range a.Errors {
		if r.Index < 0 || r.Index >= sent {
			return nil, fault.Lost(op, fmt.Errorf("the answer refuses item %d of %d", r.Index, sent))
		}
	}
	return a.Errors, nil
}
