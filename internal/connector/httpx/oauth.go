package httpx

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/secret"
)

// OAuth2 buys sessions as RFC 6749 says: with a refresh token where there is
// one (§6; it may be a new one each time), else with the client's credentials
// (§4.4).
type OAuth2 struct {
	Op       string // of its errors: "rest: log in"
	Client   *http.Client
	TokenURL string
	ID       string
	Secret   secret.String
	Scopes   []string
	Basic    bool          // the client's credentials go in the Authorization header, else in the body
	Refresh  secret.String // the first one, as the vendor's consent page gave it; zero: client credentials
}

// Login is a [connector.Login]. A refresh token of the settings that is newer
// than the kept one counts when the kept one is refused: somebody has consented
// anew.
func (o OAuth2) Login(ctx context.Context, last connector.Session) (connector.Session, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, o.Client)
	if o.Refresh.IsZero() {
		return o.session(o.credentials().Token(ctx))
	}
	held := last.Refresh
	if held.IsZero() {
		held = o.Refresh
	}
	s, err := o.renew(ctx, held)
	if err != nil && fault.Of(err).Kind == fault.Permanent && !held.Equal(o.Refresh) {
		s, err = o.renew(ctx, o.Refresh)
	}
	return s, err
}

func (o OAuth2) credentials() *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID: o.ID, ClientSecret: o.Secret.Reveal(), TokenURL: o.TokenURL, Scopes: o.Scopes, AuthStyle: o.style(),
	}
}

// style is said, not found out: a try that the server refuses could use up the
// refresh token.
func (o OAuth2) style() oauth2.AuthStyle {
	if o.Basic {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

func (o OAuth2) renew(ctx context.Context, refresh secret.String) (connector.Session, error) {
	config := oauth2.Config{
		ClientID: o.ID, ClientSecret: o.Secret.Reveal(),
		Endpoint: oauth2.Endpoint{TokenURL: o.TokenURL, AuthStyle: o.style()},
	}
	return o.session(config.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh.Reveal()}).Token())
}

func (o OAuth2) session(token *oauth2.Token, err error) (connector.Session, error) {
	if err != nil {
		return connector.Session{}, o.classify(err)
	}
	return connector.Session{
		Token: secret.New(token.AccessToken), Refresh: secret.New(token.RefreshToken), Expires: token.Expiry,
	}, nil
}

// classify keeps the server's code and leaves its words, which may quote what
// was sent.
func (o OAuth2) classify(err error) error {
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, new(*url.Error)):
		return Classify(o.Op, nil, err)
	case !errors.As(err, &refused) || refused.Response == nil:
		return fault.Newf(fault.Unavailable, o.Op, "the answer is not a token")
	}
	status := refused.Response.StatusCode
	answer := &Answer{Status: status}
	if identifier.MatchString(refused.ErrorCode) {
		answer.Code = refused.ErrorCode
	}
	e := fault.New(fault.Permanent, o.Op, answer)
	switch {
	case status == http.StatusTooManyRequests:
		e.Kind, e.After = fault.RateLimited, cmp.Or(retryAfter(refused.Response), time.Minute)
	case status >= 500, status == http.StatusRequestTimeout, status < 300:
		e.Kind, e.After = fault.Unavailable, retryAfter(refused.Response)
	}
	return e
}
