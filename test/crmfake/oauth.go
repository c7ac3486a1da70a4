package crmfake

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"time"
)

// Client is an OAuth 2.0 client that the CRM knows. Where there is one, tokens
// are bought at POST /oauth/token and the fixed token is refused.
type Client struct {
	ID, Secret string
	Refresh    string        // the first refresh token: each is good once; "" takes client credentials
	Life       time.Duration // of a token, as the answer says it; 0 is an hour
}

// grants is what the token server has given out; mu of the server guards it.
type grants struct {
	token, refresh string
	logins         int
	barred         bool
}

// Logins says how many tokens were bought.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.granted.logins
}

// EndSessions makes the CRM refuse the token that is in use.
func (s *Server) EndSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.granted.token = ""
}

// Consent ends the token in use and every refresh token but this one.
func (s *Server) Consent(refresh string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.granted.token, s.granted.refresh = "", refresh
}

// RefuseClient makes the CRM refuse the client whatever it sends.
func (s *Server) RefuseClient() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.granted.token, s.granted.barred = "", true
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if s.client == nil {
		http.NotFound(w, r)
		return
	}
	deny := func(status int, code string) {
		reply(w, status, map[string]any{"error": code, "error_description": "client " + r.PostFormValue("client_secret") + " is refused"})
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != s.client.ID || !same(secret, s.client.Secret) || s.granted.barred {
		deny(http.StatusUnauthorized, "invalid_client")
		return
	}
	answer := map[string]any{"token_type": "bearer"}
	switch grant := r.PostFormValue("grant_type"); {
	case grant == "client_credentials" && s.client.Refresh == "":
	case grant == "refresh_token" && s.client.Refresh != "":
		if !same(r.PostFormValue("refresh_token"), s.granted.refresh) {
			deny(http.StatusBadRequest, "invalid_grant")
			return
		}
		s.granted.refresh = "refresh-" + rand.Text()
		answer["refresh_token"] = s.granted.refresh
	default:
		deny(http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	s.granted.token = "token-" + rand.Text()
	s.granted.logins++
	life := s.client.Life
	if life == 0 {
		life = time.Hour
	}
	answer["access_token"], answer["expires_in"] = s.granted.token, int(life.Seconds())
	reply(w, http.StatusOK, answer)
}

func same(a, b string) bool { return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// bearer is the token that the CRM takes at the moment.
func (s *Server) bearer() string {
	if s.client == nil {
		return s.token
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.granted.token
}
