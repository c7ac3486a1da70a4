package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"passerelle/internal/secret"
)

// Options describe a provider and what we are to it.
type Options struct {
	Issuer   string // as it calls itself
	ClientID string // as it calls us
	Secret   secret.String
	Address  string   // of the console as browsers reach it, without a path
	Claim    string   // that holds the login
	Scopes   []string // asked for beside openid
	// ACR and AMR are what it says of somebody who has shown a second factor: any
	// of them will do.
	ACR, AMR []string
	HTTP     *http.Client
	Now      func() time.Time
}

// BackPath is where the provider sends browsers back to.
const BackPath = "/sign-in/back"

// Provider is the company's identity provider. It is safe for concurrent use.
type Provider struct {
	opts  Options
	seal  secret.Key // of what browsers keep until they are back
	spent spent
	asks  singleflight.Group
	known atomic.Pointer[discovered]
}

// discovered is what the provider says of itself.
type discovered struct {
	provider    *oidc.Provider
	namesItself bool             // in every answer
	end         string           // where one signs out, "" for nowhere
	style       oauth2.AuthStyle // how it wants our secret
}

// New makes a provider. Nothing is sent yet: it may be down.
func New(o Options) (*Provider, error) {
	key, err := secret.ParseKey(secret.New(randomKey()))
	return &Provider{opts: o, seal: key}, err
}

// ErrDown is a provider that does not answer, or not as one does.
var ErrDown = errors.New("the identity provider does not answer")

// discoverWithin bounds how long somebody waits to be told that it is down.
const discoverWithin = 8 * time.Second

// discover asks the provider what it is, until it has answered once.
func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	if d := p.known.Load(); d != nil {
		return d, nil
	}
	found, err, _ := p.asks.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoverWithin) // others wait for it
		defer cancel()
		provider, err := oidc.NewProvider(p.client(ctx), p.opts.Issuer)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDown, told(err))
		}
		var more struct {
			NamesItself bool     `json:"authorization_response_iss_parameter_supported"`
			End         string   `json:"end_session_endpoint"`
			Ways        []string `json:"token_endpoint_auth_methods_supported"`
		}
		if err := provider.Claims(&more); err != nil {
			return nil, fmt.Errorf("%w: its discovery document cannot be read", ErrDown)
		}
		d := &discovered{provider: provider, namesItself: more.NamesItself, style: oauth2.AuthStyleInHeader}
		if len(more.Ways) > 0 && !slices.Contains(more.Ways, "client_secret_basic") {
			d.style = oauth2.AuthStyleInParams
		}
		if u, err := url.Parse(more.End); err == nil && u.Host != "" && u.Scheme == p.scheme() {
			d.end = more.End
		}
		p.known.Store(d)
		return d, nil
	})
	if err != nil {
		return nil, err
	}
	return found.(*discovered), nil
}

func (p *Provider) scheme() string {
	scheme, _, _ := strings.Cut(p.opts.Issuer, ":")
	return scheme
}

func (p *Provider) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.opts.HTTP)
}

// told is what is wrong in our words: the provider's own may hold anything.
func told(err error) error {
	if _, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok {
		return errors.New("its discovery document names another issuer: write the issuer as it stands there")
	}
	if sent, ok := errors.AsType[*url.Error](err); ok {
		return sent.Err
	}
	return errors.New("its discovery document cannot be had")
}

func (p *Provider) oauth(d *discovered) *oauth2.Config {
	at := d.provider.Endpoint()
	at.AuthStyle = d.style
	return &oauth2.Config{
		ClientID: p.opts.ClientID, ClientSecret: p.opts.Secret.Reveal(), Endpoint: at,
		RedirectURL: p.opts.Address + BackPath, Scopes: append([]string{oidc.ScopeOpenID}, p.opts.Scopes...),
	}
}

// End is where a browser signs out at the provider itself, "" where that is not
// known.
func (p *Provider) End() string {
	d := p.known.Load()
	if d == nil || d.end == "" {
		return ""
	}
	sep := "?"
	if strings.Contains(d.end, "?") {
		sep = "&"
	}
	return d.end + sep + url.Values{"client_id": {p.opts.ClientID}}.Encode()
}
