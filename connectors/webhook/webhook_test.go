package webhook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"passerelle/connectors/webhook/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/strict"
)

const (
	oldSecret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
	newSecret  = "whsec_YW4gb3RoZXIgc2VjcmV0IG9mIGVub3VnaCBieXRlcyE="
	pushSecret = "whsec_dGhlIHB1c2ggc2VjcmV0IGhhcyBlbm91Z2ggYnl0ZXM="
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// openWith opens a connection with the given settings.
func openWith(t testing.TB, yaml string) (connector.Conn, error) {
	t.Helper()
	node, err := strict.Parse("passerelle.yaml", []byte(yaml))
	if err != nil {
		t.Fatalf("the test's settings: %v", err)
	}
	client := httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second})
	t.Cleanup(client.CloseIdleConnections)
	return Descriptor().Open(context.Background(), connector.Env{
		Name:    "phoning.dialler",
		Decode:  node.Decode,
		Catalog: bridge.Standard(),
		HTTP:    client,
		Meter:   func(int) {},
		Now:     func() time.Time { return noon },
		Zone:    time.UTC,
	})
}

// hookWith opens a connection that only takes hooks, signed with the secrets.
func hookWith(t testing.TB, secrets ...string) hook {
	t.Helper()
	c, err := openWith(t, "secrets: ["+strings.Join(secrets, ", ")+"]")
	if err != nil {
		t.Fatal(err)
	}
	return c.(conn).hook
}

// connect opens a connection that pushes to a platform in miniature.
func connect(t *testing.T, o fake.Options, settings string) (*fake.Platform, pushConn) {
	t.Helper()
	o.Secret = pushSecret
	o.Now = func() time.Time { return noon }
	platform, err := fake.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	conn, err := openWith(t, "secrets: ["+oldSecret+"]\npush_url: "+server.URL+"/cards\npush_secret: "+pushSecret+"\n"+settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return platform, conn.(pushConn)
}

func TestOpen(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, yaml, says string }{
		{"hooks only", "secrets: [" + oldSecret + "]", ""},
		{"two secrets", "secrets: [" + oldSecret + ", " + newSecret + "]", ""},
		{"with pushes", "secrets: [" + oldSecret + "]\npush_url: https://dialler.example/cards\npush_secret: " + pushSecret, ""},
		{"nothing", "{}", "secrets"},
		{"no secret", "secrets: []", "passerelle.yaml:1:10 secrets: empty"},
		{"not base64", "secrets: [" + oldSecret + ", 'whsec_pass word']", "passerelle.yaml:1:63 secrets[1]: not a signing secret"},
		{"too short", "secrets: [whsec_c2hvcnQ=]", "passerelle.yaml:1:11 secrets[0]: a signing secret has 24 to 64 bytes, this one 5"},
		{"not an address", "secrets: [" + oldSecret + "]\npush_url: dialler.example\npush_secret: " + pushSecret, "passerelle.yaml:2:11 push_url: not an address"},
		{"password in the address", "secrets: [" + oldSecret + "]\npush_url: https://u:hunter2@dialler.example\npush_secret: " + pushSecret, "push_url: holds a user"},
		{"fragment", "secrets: [" + oldSecret + "]\npush_url: https://dialler.example/#x\npush_secret: " + pushSecret, "#fragment"},
		{"no push secret", "secrets: [" + oldSecret + "]\npush_url: https://dialler.example", "push_secret: is missing"},
		{"push secret for nothing", "secrets: [" + oldSecret + "]\npush_secret: " + pushSecret, "push_secret: nothing is pushed"},
		{"batch of none", "secrets: [" + oldSecret + "]\npush_url: https://dialler.example\npush_secret: " + pushSecret + "\npush_batch: 0", "passerelle.yaml:4:13 push_batch: must be 1 to 500"},
		{"two mistakes", "secrets: [x]\npush_url: dialler.example\npush_secret: " + pushSecret, "push_url: not an address"},
		{"unknown key", "secrets: [" + oldSecret + "]\npush_uri: https://dialler.example", "push_uri"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, err := openWith(t, c.yaml)
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				if _, pushes := conn.(connector.Pusher); pushes != strings.Contains(c.yaml, "push_url") {
					t.Errorf("implements Pusher: %v", pushes)
				}
				return
			}
			if err == nil || conn != nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("conn %v, error %v; want one that says %q", conn, err, c.says)
			}
			for _, value := range []string{"hunter2", "pass word", "c2hvcnQ", oldSecret, pushSecret} {
				if strings.Contains(err.Error(), value) {
					t.Errorf("the error holds a secret: %v", err)
				}
			}
		})
	}
}

func signed(t testing.TB, secret string, at time.Time, body []byte) http.Header {
	t.Helper()
	header, err := fake.Sign(secret, "msg_1", at, body)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func signedAs(t testing.TB, secret, id string, at time.Time, body []byte) string {
	t.Helper()
	header, err := fake.Sign(secret, id, at, body)
	if err != nil {
		t.Fatal(err)
	}
	return header.Get("Webhook-Signature")
}
