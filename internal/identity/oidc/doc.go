// Package oidc asks the company's own identity provider who somebody is, by
// OpenID Connect: the authorization code flow with PKCE, state and nonce.
//
// It promises that what comes back counts once, in the browser that was sent,
// within ten minutes, from the provider that it was sent to; that a login is
// taken from a token of the provider's, made for us, signed, fresh and with our
// nonce; and that an address of e-mail counts only if the provider has verified
// it. It makes nobody: whose login that is, identity says. While the provider is
// down it says so within seconds. Called by console.
package oidc
