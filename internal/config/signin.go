package config

import (
	"cmp"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
	"passerelle/internal/strict"
)

// SignIn says how people may sign in with a browser.
type SignIn struct {
	Provider *Provider // the company's own; nil: there is none
	// PasswordsFor are those who sign in with a password of ours all the same; nil
	// is everybody.
	PasswordsFor []bridge.PersonID
}

// Provider is an OpenID Connect provider, and what we are to it.
type Provider struct {
	Issuer       string // https://...
	ClientID     string
	Secret       secret.String
	Address      string // of the console as browsers reach it, without a path
	Name         string // what people call it
	Claim        string // that holds the login
	Scopes       []string
	ACR, AMR     []string // what it says of who has shown a second factor
	AllowPrivate bool     // it may have a private or loopback address
}

// ByPassword says whether somebody may sign in with a password of ours.
func (s SignIn) ByPassword(who bridge.PersonID) bool {
	return s.PasswordsFor == nil || slices.Contains(s.PasswordsFor, who)
}

// Equal says whether both are configured alike.
func (s SignIn) Equal(o SignIn) bool { return reflect.DeepEqual(s, o) }

type signInFile struct {
	Provider     *providerFile `yaml:"provider"`
	PasswordsFor []string      `yaml:"passwords_for"`
}

type providerFile struct {
	Issuer       string        `yaml:"issuer,required"`
	ClientID     string        `yaml:"client_id,required"`
	ClientSecret secret.String `yaml:"client_secret,required"`
	Address      string        `yaml:"address,required"`
	Name         string        `yaml:"name"`
	Claim        string        `yaml:"claim"`
	Scopes       []string      `yaml:"scopes"`
	SecondFactor factorFile    `yaml:"second_factor"`
	AllowPrivate bool          `yaml:"allow_private"`
}

type factorFile struct {
	ACR []string `yaml:"acr"`
	AMR []string `yaml:"amr"`
}

func (l *loader) signIn() (out SignIn) {
	raw, node := l.file.SignIn, l.root.Child("sign_in")
	if raw.Provider != nil {
		out.Provider = l.provider(node.Child("provider"), *raw.Provider)
	}
	if node.Child("passwords_for").Kind() == strict.Absent {
		return out
	}
	for _, id := range raw.PasswordsFor {
		if !idPattern.MatchString(id) {
			l.fault(node, "passwords_for", "must be ids of people, as in people")
		}
		out.PasswordsFor = append(out.PasswordsFor, bridge.PersonID(id))
	}
	switch {
	case raw.Provider == nil:
		l.fault(node, "passwords_for", "without a provider nobody else could sign in: write sign_in.provider, or leave this out")
	case len(raw.PasswordsFor) == 0:
		l.fault(node, "passwords_for", "name at least one person who comes in while the provider is down, or leave this out: everybody may then")
	}
	return out
}

func (l *loader) provider(node strict.Node, raw providerFile) *Provider {
	p := &Provider{
		Issuer: raw.Issuer, ClientID: raw.ClientID, Secret: raw.ClientSecret, Address: strings.TrimSuffix(raw.Address, "/"),
		Name: raw.Name, Claim: cmp.Or(raw.Claim, "preferred_username"), Scopes: raw.Scopes,
		ACR: raw.SecondFactor.ACR, AMR: raw.SecondFactor.AMR, AllowPrivate: raw.AllowPrivate,
	}
	if raw.Scopes == nil {
		p.Scopes = []string{"profile"}
		if p.Claim == "email" {
			p.Scopes = []string{"email"}
		}
	}
	issuer, ok := safeURL(raw.Issuer)
	if raw.Issuer != "" && !ok {
		l.fault(node, "issuer", "must be the provider's own address as it writes it, https://...: its discovery document lies below it")
	}
	if p.Name == "" && ok {
		p.Name = issuer.Hostname()
	}
	if at, ok := safeURL(p.Address); raw.Address != "" && (!ok || at.Path != "") {
		l.fault(node, "address", "must be the console's own as browsers reach it, like https://passerelle.example.com, without a path")
	}
	for _, scope := range raw.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\"\\") {
			l.fault(node, "scopes", "must be names of scopes, one an item; openid is asked for anyway")
		}
	}
	return p
}

// safeURL is an address that may carry secrets: over TLS, or on this machine.
func safeURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
	return u, u.Scheme == "https" || u.Scheme == "http" && here
}
