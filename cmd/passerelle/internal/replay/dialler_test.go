package replay

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestDialler(t *testing.T) {
	t.Parallel()
	secret := signingSecret()
	l, err := listenAt("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), cardsFile)
	d, err := startDialler(l, secret, path)
	if err != nil {
		t.Fatal(err)
	}
	push := func(secret, body string) int {
		t.Helper()
		key, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		signature, err := key.Sign("msg", now, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Addr().String()+"/cards", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("webhook-id", "msg")
		req.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
		req.Header.Set("webhook-signature", signature)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	const first = `{"items":[{"type":"card.push","prospect_id":"7","role":"caller","policy":"p","fields":{"prospect.x_job":"R&D <b>"}},{"type":"card.withdraw","prospect_id":"8"}]}`
	again := strings.Replace(first, "R&D", "other", 1)
	for _, c := range []struct {
		name, secret, body string
		want               int
	}{
		{"another secret", signingSecret(), first, http.StatusUnauthorized},
		{"no JSON", secret, "{", http.StatusBadRequest},
		{"a card and a withdrawal", secret, first, http.StatusNoContent},
		{"the card once more", secret, again, http.StatusNoContent},
		{"nothing", secret, `{"items":[]}`, http.StatusNoContent},
	} {
		if got := push(c.secret, c.body); got != c.want {
			t.Errorf("%s: answered %d, want %d", c.name, got, c.want)
		}
	}
	if d.count() != 1 {
		t.Errorf("%d prospects have a card, want 1", d.count())
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"prospect_id":"7","role":"caller","policy":"p","fields":{"prospect.x_job":"R&D <b>"}}` + "\n"
	if string(raw) != want {
		t.Errorf("got %swant %s", raw, want)
	}
}
