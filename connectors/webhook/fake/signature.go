package fake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Sign is the headers of a signed delivery: for what the platform posts. Secret
// is whsec_ and base64.
func Sign(secret, id string, at time.Time, body []byte) (http.Header, error) {
	key, err := signingKey(secret)
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	return http.Header{
		"Webhook-Id":        {id},
		"Webhook-Timestamp": {stamp},
		"Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(mac(key, id, stamp, body))},
	}, nil
}

func signingKey(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 {
		return nil, errors.New("fake: a signing secret is whsec_ and base64 of 24 bytes at least")
	}
	return key, nil
}

func mac(key []byte, id, stamp string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, stamp)
	h.Write(body)
	return h.Sum(nil)
}

// checkSignature wants one v1 signature over exactly these bytes, made within
// five minutes.
func checkSignature(key []byte, header http.Header, body []byte, now time.Time) error {
	id, stamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	if id == "" || strings.Contains(id, ".") {
		return errors.New("webhook-id is missing or has a dot")
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("webhook-timestamp is not in seconds")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > 5*time.Minute {
		return errors.New("webhook-timestamp is too far from now")
	}
	text, ok := strings.CutPrefix(header.Get("webhook-signature"), "v1,")
	sent, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || !hmac.Equal(sent, mac(key, id, stamp, body)) {
		return errors.New("webhook-signature does not match")
	}
	return nil
}
