package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"passerelle/internal/connector"
	"passerelle/internal/secret"
	"passerelle/internal/strict"
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
	var node strict.Node
	if err := env.Decode(&node); err != nil {
		return nil, err
	}
	s := settings{PushBatch: defaultPushBatch}
	c := checker{node: node}
	c.found.Add(node.Decode(&s))
	hook, pusher := c.hook(s.Secrets), c.pusher(s, env)
	if err := c.found.Err(); err != nil {
		return nil, err
	}
	if s.PushURL == "" {
		return conn{hook}, nil
	}
	return pushConn{hook, pusher}, nil
}

// checker collects what is wrong with the settings, each with its place.
type checker struct {
	node  strict.Node
	found strict.Findings
}

// fault adds a finding, unless something is wrong there already.
func (c *checker) fault(path, format string, args ...any) {
	next := c.node.Findf(path, format, args...)
	if !slices.ContainsFunc(c.found, func(f strict.Finding) bool { return f.Path == next.Path }) {
		c.found = append(c.found, next)
	}
}

func (c *checker) hook(secrets []secret.String) hook {
	var h hook
	for i, s := range secrets {
		key, err := signer(s)
		if err != nil {
			c.fault(fmt.Sprintf("secrets[%d]", i), "%v", err)
			continue
		}
		h.keys = append(h.keys, key)
	}
	if len(secrets) == 0 {
		c.fault("secrets", "empty: without a secret nobody could post")
	}
	return h
}

func (c *checker) pusher(s settings, env connector.Env) pusher {
	if s.PushURL == "" {
		if !s.PushSecret.IsZero() {
			c.fault("push_secret", "nothing is pushed without push_url: set it too, or remove the secret")
		}
		return pusher{}
	}
	target, err := address(s.PushURL)
	if err != nil {
		c.fault("push_url", "%v", err)
	}
	if s.PushSecret.IsZero() {
		c.fault("push_secret", "is missing: pushes are signed with it")
	}
	key, err := signer(s.PushSecret)
	if err != nil {
		c.fault("push_secret", "%v", err)
	}
	if s.PushBatch < 1 || s.PushBatch > maxPushBatch {
		c.fault("push_batch", "must be 1 to %d", maxPushBatch)
	}
	return pusher{client: env.HTTP, url: target, key: key, batch: s.PushBatch, now: env.Now}
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
		return "", errors.New("not an address: write https://host/path")
	case u.User != nil:
		return "", errors.New("holds a user or a password: pushes are signed with push_secret instead")
	case u.Fragment != "":
		return "", errors.New("ends in a #fragment, which is never sent: remove it")
	}
	return u.String(), nil
}
