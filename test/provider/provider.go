// Package provider runs a real OpenID Connect provider for tests: the certified
// one of github.com/zitadel/oidc, with its pages, in this process.
package provider

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// What the bridge is to the provider.
const (
	ClientID = "passerelle"
	Secret   = "a-secret-of-tests"
)

// Provider is one that runs.
type Provider struct {
	URL  string // its issuer
	down atomic.Bool
}

// Start runs one that sends browsers back to an address, and knows these people
// by their logins and passwords.
func Start(t testing.TB, back string, people map[string]string) *Provider {
	t.Helper()
	p := &Provider{}
	var pages http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		pages.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // another site than the bridge's
	pages = exampleop.SetupServer(p.URL, storage.NewStorageWithClients(users(people), map[string]*storage.Client{
		ClientID: storage.WebClient(ClientID, Secret, back),
	}), nil, false)
	return p
}

// Down makes it answer nothing that is of use, or brings it up again.
func (p *Provider) Down(down bool) { p.down.Store(down) }

// users are passwords by login.
type users map[string]string

func (u users) GetUserByID(id string) *storage.User { return u.GetUserByUsername(id) }

func (u users) GetUserByUsername(name string) *storage.User {
	password, known := u[name]
	if !known {
		return nil
	}
	return &storage.User{ID: name, Username: name, Password: password, Email: name + "@example.com"}
}

func (u users) ExampleClientID() string { return ClientID }
