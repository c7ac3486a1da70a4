package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"passerelle/internal/connector"
	"passerelle/internal/secret"
)

// Limits of the settings.
const (
	defaultPushBatch = 100
	maxPushBatch     = 500
)

// Descriptor says what the connector is and can do.
func Descriptor() connector.Descriptor {
	return connector.Descriptor{
		Name: "webhook",
		Kind: connector.Phoning,
		Doc:  "any phoning platform that posts call outcomes in our form and takes cards by HTTP, both signed (Standard Webhooks)",
		Settings: []connector.Setting{
			{Key: "secrets", Secret: true, Doc: "one signing secret of the platform's hooks, two while it is being changed; each whsec_ and base64"},
			{Key: "push_url", Doc: "where cards are posted to; without it the platform gets none"},
			{Key: "push_secret", Secret: true, Doc: "the secret that signs pushes; whsec_ and base64"},
			{Key: "push_batch", Doc: fmt.Sprintf("cards in one request, 1 to %d; %d if absent", maxPushBatch, defaultPushBatch)},
		},
		Open: open,
	}
}

type settings struct {
	Secrets    []secret.String `yaml:"secrets,required"`
	PushURL    string          `yaml:"push_url"`
	PushSecret secret.String   `yaml:"push_secret"`
	PushBatch  int             `yaml:"push_batch"`
}

// conn is a connection whose platform takes no cards.
type conn struct{ hook }

// pushConn is a connection that also feeds the platform's lists.
type pushConn struct {
	hook
	pusher
}

var (
	_ connector.Conn   = conn{}
	_ connector.Hook   = conn{}
	_ connector.Conn   = pushConn{}
	_ connector.Hook   = pushConn{}
	_ connector.Pusher = pushConn{}
)

func open(_ context.Context, env connector.Env) (connector.Conn, error) {
	s := settings{PushBatch: defaultPushBatch}
	if err := env.Decode(&s); err != nil {
		return nil, err
	}
	hook, err := newHook(s.Secrets)
	if s.PushURL == "" {
		return receiver(hook, s, err)
	}
	pusher, pushErr := newPusher(s, env)
	if err := errors.Join(err, pushErr); err != nil {
		return nil, err
	}
	return pushConn{hook, pusher}, nil
}

func receiver(h hook, s settings, err error) (connector.Conn, error) {
	if !s.PushSecret.IsZero() {
		err = errors.Join(err, errors.New("settings.push_secret: nothing is pushed without push_url: set it too, or remove the secret"))
	}
	if err != nil {
		return nil, err
	}
	return conn{h}, nil
}

// Check has nothing to ask: the platform comes to us.
func (conn) Check(context.Context) error { return nil }

// Close holds nothing to release.
func (conn) Close() error { return nil }

// Close holds nothing to release: the client is the bridge's.
func (pushConn) Close() error { return nil }

// address refuses what would put a secret where addresses are shown.
func address(raw string) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return "", errors.New("settings.push_url: not an address: write https://host/path")
	case u.User != nil:
		return "", errors.New("settings.push_url: holds a user or a password: pushes are signed with push_secret instead")
	case u.Fragment != "":
		return "", errors.New("settings.push_url: ends in a #fragment, which is never sent: remove it")
	}
	return u.String(), nil
}
