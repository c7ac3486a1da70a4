package httpx

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
)

const clientSecret = "canari-client-secret"

func tokens(t *testing.T, h http.HandlerFunc) OAuth2 {
	t.Helper()
	return OAuth2{
		Op: "acme: log in", Client: New(Options{AllowPrivate: true, Timeout: 5 * time.Second}),
		TokenURL: server(t, h).URL + "/token", ID: "passerelle", Secret: secret.New(clientSecret),
	}
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func TestOAuth2Grants(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		basic     bool
		kept, own string // refresh tokens
		grant     string
		sent      string // refresh tokens that the server was sent, in order
	}{
		{"client credentials", false, "", "", "client_credentials", ""},
		{"client credentials in the header", true, "", "", "client_credentials", ""},
		{"the first refresh token", false, "", "own", "refresh_token", "own"},
		{"a kept refresh token", true, "kept", "own", "refresh_token", "kept"},
		{"a kept one that is refused", false, "old", "own", "refresh_token", "old own"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var sent []string
			o := tokens(t, func(w http.ResponseWriter, r *http.Request) {
				id, pass, basic := r.BasicAuth()
				if !basic {
					id, pass = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
				}
				if basic != tc.basic || id != "passerelle" || pass != clientSecret || r.PostFormValue("grant_type") != tc.grant {
					t.Errorf("basic %v, id %q, form %v", basic, id, r.PostForm)
				}
				if refresh := r.PostFormValue("refresh_token"); refresh != "" {
					sent = append(sent, refresh)
					if refresh == "old" {
						say(w, 400, `{"error":"invalid_grant","error_description":"old `+clientSecret+`"}`)
						return
					}
				}
				say(w, 200, `{"access_token":"t","token_type":"bearer","expires_in":600,"refresh_token":"new"}`)
			})
			o.Basic, o.Refresh = tc.basic, secret.New(tc.own)
			s, err := o.Login(t.Context(), connector.Session{Refresh: secret.New(tc.kept)})
			if err != nil {
				t.Fatal(err)
			}
			left := time.Until(s.Expires)
			if s.Token.Reveal() != "t" || s.Refresh.Reveal() != "new" || left > 10*time.Minute || left < 9*time.Minute {
				t.Errorf("token %q, refresh %q, good for %s", s.Token.Reveal(), s.Refresh.Reveal(), left)
			}
			if got := strings.Join(sent, " "); got != tc.sent {
				t.Errorf("refresh tokens sent: %q, want %q", got, tc.sent)
			}
		})
	}
}

func TestOAuth2Refusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		status int
		body   string
		kind   fault.Kind
		says   string
	}{
		{"wrong client", 401, `{"error":"invalid_client","error_description":"` + clientSecret + `"}`, fault.Permanent, "invalid_client"},
		{"consent withdrawn", 400, `{"error":"invalid_grant"}`, fault.Permanent, "invalid_grant"},
		{"odd code", 400, `{"error":"` + clientSecret + ` is wrong"}`, fault.Permanent, "status 400"},
		{"elsewhere", 302, ``, fault.Permanent, "status 302"},
		{"too many", 429, ``, fault.RateLimited, "status 429"},
		{"down", 503, `<html>`, fault.Unavailable, "status 503"},
		{"no token", 200, `{}`, fault.Unavailable, "not a token"},
		{"a page", 200, `<html>` + clientSecret, fault.Unavailable, "not a token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := tokens(t, func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				w.Header().Set("Location", "https://login.invalid/")
				say(w, tc.status, tc.body)
			})
			_, err := o.Login(t.Context(), connector.Session{})
			f := fault.Of(err)
			if err == nil || f.Kind != tc.kind || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), clientSecret) {
				t.Errorf("%s: %v; want %s: … %s …", f.Kind, err, tc.kind, tc.says)
			}
			if f.Kind == fault.RateLimited && f.After == 0 {
				t.Error("no time to come back at")
			}
		})
	}
}

func TestOAuth2WithoutAServer(t *testing.T) {
	t.Parallel()
	o := tokens(t, func(http.ResponseWriter, *http.Request) {})
	o.TokenURL = "http://127.0.0.1:1/token"
	_, err := o.Login(context.Background(), connector.Session{})
	if f := fault.Of(err); f.Kind != fault.Unavailable || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%s: %v", f.Kind, err)
	}
}
