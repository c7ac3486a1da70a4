package app

import (
	"time"

	"passerelle/internal/connector/httpx"
	"passerelle/internal/console"
	"passerelle/internal/identity/oidc"
)

// providerWithin bounds a request to the identity provider.
const providerWithin = 8 * time.Second

// provider is the company's own way to sign in, nil if there is none.
func (a *App) provider() (*console.Provider, error) {
	at := a.cfg.SignIn.Provider
	if at == nil {
		return nil, nil
	}
	p, err := oidc.New(oidc.Options{
		Issuer: at.Issuer, ClientID: at.ClientID, Secret: at.Secret, Address: at.Address, Claim: at.Claim, Scopes: at.Scopes,
		ACR: at.ACR, AMR: at.AMR, Now: a.opts.Now,
		HTTP: httpx.New(httpx.Options{Version: a.opts.Version, AllowPrivate: at.AllowPrivate, Timeout: providerWithin}),
	})
	return &console.Provider{Provider: p, Name: at.Name, Alone: a.cfg.SignIn.PasswordsFor != nil}, err
}
