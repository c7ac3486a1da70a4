package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"passerelle/internal/secret"
)

// Tolerance is how far a signature's timestamp may be from our clock.
const Tolerance = 5 * time.Minute

// Sizes of a signing key that the specification allows, in bytes.
const (
	minKey = 24
	maxKey = 64
)

var (
	errNoHeaders = errors.New("webhook-id, webhook-timestamp and webhook-signature must each be set once")
	errTimestamp = errors.New("webhook-timestamp is not a number of seconds since 1970")
	errTooOld    = fmt.Errorf("webhook-timestamp is more than %v ago: sign again for each delivery, and check the clock", Tolerance)
	errTooNew    = fmt.Errorf("webhook-timestamp is more than %v ahead: check the clock", Tolerance)
	errSignature = errors.New("no signature matches: check the secret, and that the body is signed as sent")
)

// signer makes the signing key of a secret. Its errors do not hold it.
func signer(s secret.String) (*standardwebhooks.Webhook, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), "whsec_"))
	if err != nil {
		return nil, errors.New("not a signing secret: write whsec_ and base64, as from: echo whsec_$(openssl rand -base64 32)")
	}
	if len(key) < minKey || len(key) > maxKey {
		return nil, fmt.Errorf("a signing secret has %d to %d bytes, this one %d: make one with echo whsec_$(openssl rand -base64 32)", minKey, maxKey, len(key))
	}
	return standardwebhooks.NewWebhookRaw(key)
}

// verify checks a signature by the given clock. The library compares the
// signatures; the timestamp is ours to judge because the library knows the wall
// clock only.
func verify(keys []*standardwebhooks.Webhook, header http.Header, body []byte, now time.Time) error {
	seconds, err := timestamp(header)
	if err != nil {
		return err
	}
	switch {
	case seconds < now.Add(-Tolerance).Unix():
		return errTooOld
	case seconds > now.Add(Tolerance).Unix():
		return errTooNew
	}
	for _, key := range keys {
		if key.VerifyIgnoringTimestamp(body, header) == nil {
			return nil
		}
	}
	return errSignature
}

// timestamp is the signature's, in seconds since 1970. Each header must stand
// once: of two, the signature might hold for one and we read the other.
func timestamp(header http.Header) (int64, error) {
	for _, name := range []string{standardwebhooks.HeaderWebhookID, standardwebhooks.HeaderWebhookTimestamp, standardwebhooks.HeaderWebhookSignature} {
		if values := header.Values(name); len(values) != 1 || values[0] == "" {
			return 0, errNoHeaders
		}
	}
	seconds, err := strconv.ParseInt(header.Get(standardwebhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil {
		return 0, errTimestamp
	}
	return seconds, nil
}
