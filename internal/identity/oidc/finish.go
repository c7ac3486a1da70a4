package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Proven is who somebody is by the provider's word.
type Proven struct {
	Login  string
	Strong bool   // they have shown a second factor there
	Next   string // where the browser wanted to go
}

// ErrCancelled is somebody who did not sign in at the provider.
var ErrCancelled = errors.New("the identity provider let nobody in")

// Doubt is an answer that cannot be taken. Its text holds nothing of the answer.
type Doubt struct {
	Why string
	err error
}

func (d *Doubt) Error() string {
	if d.err != nil {
		return d.Why + ": " + d.err.Error()
	}
	return d.Why
}

// Finish takes what the browser brings back, and what it has kept. Its errors:
// [ErrStale], [ErrCancelled], [ErrDown] and [*Doubt].
func (p *Provider) Finish(ctx context.Context, kept string, brought url.Values) (Proven, error) {
	a, err := p.attempt(kept, brought.Get("state"))
	if err != nil {
		return Proven{}, err
	}
	d, err := p.discover(ctx)
	if err != nil {
		return Proven{}, err
	}
	if iss := brought.Get("iss"); iss != p.opts.Issuer && (iss != "" || d.namesItself) {
		return Proven{}, &Doubt{Why: "the answer is another provider's"}
	}
	switch code := brought.Get("error"); {
	case code == "access_denied" || code == "login_required" || code == "interaction_required":
		return Proven{}, ErrCancelled
	case code == "temporarily_unavailable" || code == "server_error":
		return Proven{}, fmt.Errorf("%w: it answers %s", ErrDown, code)
	case code != "" || brought.Get("code") == "":
		return Proven{}, &Doubt{Why: "the provider refuses what we ask for: compare the client, its address of return and its scopes with the config"}
	}
	ctx = p.client(ctx)
	tokens, err := p.oauth(d).Exchange(ctx, brought.Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Proven{}, exchanged(err)
	}
	token, err := p.verify(ctx, d, tokens, a.Nonce)
	if err != nil {
		return Proven{}, err
	}
	out, err := p.proven(ctx, d, tokens, token)
	out.Next = a.Next
	return out, err
}

// exchanged says why there is no token for a code.
func exchanged(err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok:
		return fmt.Errorf("%w: %w", ErrDown, told(err))
	case refused.Response.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("%w: %s", ErrDown, refused.Response.Status)
	case refused.ErrorCode == "invalid_client" || refused.Response.StatusCode == http.StatusUnauthorized:
		return &Doubt{Why: "the provider does not take our client id and secret"}
	}
	return &Doubt{Why: "the provider does not take the code"}
}

// verify is the token, if it is the provider's, for us, fresh, and the answer to
// what this browser asked.
func (p *Provider) verify(ctx context.Context, d *discovered, tokens *oauth2.Token, nonce string) (*oidc.IDToken, error) {
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return nil, &Doubt{Why: "the provider sends no ID token"}
	}
	token, err := d.provider.VerifierContext(ctx, &oidc.Config{ClientID: p.opts.ClientID, Now: p.opts.Now}).Verify(ctx, raw)
	if _, expired := errors.AsType[*oidc.TokenExpiredError](err); expired {
		return nil, &Doubt{Why: "the provider's token has expired: compare the clocks of both machines"}
	}
	if err != nil {
		return nil, &Doubt{Why: "the provider's token is not one to be taken", err: err}
	}
	var more struct {
		For string `json:"azp"`
	}
	if err := token.Claims(&more); err != nil {
		return nil, &Doubt{Why: "the provider's token cannot be read"}
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1 {
		return nil, &Doubt{Why: "the provider's token answers another question"}
	}
	if len(token.Audience) > 1 && more.For == "" || more.For != "" && more.For != p.opts.ClientID {
		return nil, &Doubt{Why: "the provider's token is made for another client"}
	}
	return token, nil
}

// claims are what the provider says of somebody.
type claims map[string]json.RawMessage

func (c claims) text(name string) (out string) {
	if json.Unmarshal(c[name], &out) != nil {
		return ""
	}
	return out
}

// proven reads the login from the token, else from where the provider tells more
// of the same person.
func (p *Provider) proven(ctx context.Context, d *discovered, tokens *oauth2.Token, token *oidc.IDToken) (out Proven, err error) {
	var own claims
	if err := token.Claims(&own); err != nil {
		return out, &Doubt{Why: "the provider's token cannot be read"}
	}
	out.Strong = p.strong(own)
	said := own
	if own.text(p.opts.Claim) == "" && d.provider.UserInfoEndpoint() != "" {
		info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
		if err != nil {
			return out, fmt.Errorf("%w: nor does it tell more of who has signed in", ErrDown)
		}
		if said = nil; info.Subject != token.Subject || info.Claims(&said) != nil {
			return out, &Doubt{Why: "the provider tells of somebody else than who has signed in"}
		}
	}
	if out.Login = said.text(p.opts.Claim); out.Login == "" {
		return Proven{}, &Doubt{Why: "the provider sends no claim " + p.opts.Claim + ": ask for the scope that holds it, or name another claim"}
	}
	if p.opts.Claim == "email" && !said.verified() {
		return Proven{}, &Doubt{Why: "the provider has not verified this address of e-mail"}
	}
	return out, nil
}

// verified says whether the address of e-mail is; some providers write a text.
func (c claims) verified() bool {
	return string(c["email_verified"]) == "true" || string(c["email_verified"]) == `"true"`
}

// strong says whether they have shown a second factor at the provider.
func (p *Provider) strong(own claims) bool {
	var how []string
	if json.Unmarshal(own["amr"], &how) != nil {
		how = nil
	}
	acr := own.text("acr")
	return acr != "" && slices.Contains(p.opts.ACR, acr) ||
		slices.ContainsFunc(how, func(m string) bool { return slices.Contains(p.opts.AMR, m) })
}
