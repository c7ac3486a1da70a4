package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/secret"
	"passerelle/internal/strict"
)

// loader turns what is written into a Config and collects what is wrong with
// it. It goes on after a finding, so that all are reported.
type loader struct {
	root     strict.Node
	file     file
	findings strict.Findings
}

var (
	hubPattern        = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	connectionPattern = regexp.MustCompile(`^(crm|phoning)\.[a-z0-9][a-z0-9-]{0,62}$`)
	idPattern         = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
)

func (l *loader) fault(node strict.Node, path, format string, args ...any) {
	l.findings = append(l.findings, node.Findf(path, format, args...))
}

func (l *loader) config(path string) *Config {
	cfg := &Config{File: path, Dir: filepath.Dir(path), Hub: l.file.Hub, Listen: l.file.Listen, root: l.root}
	if l.file.Hub != "" && !hubPattern.MatchString(l.file.Hub) {
		l.fault(l.root, "hub", "must be lower-case letters, digits and hyphens, 63 at most")
	}
	cfg.DataDir = cfg.path(l.file.DataDir)
	if l.file.DataDir == "" {
		l.fault(l.root, "data_dir", "must not be empty: write a folder, like ./data")
	}
	l.listen()
	cfg.Zone = l.zone(l.root, "zone", l.file.Zone, time.UTC)
	cfg.NATS = l.nats(cfg)
	cfg.HTTP = l.http()
	cfg.Backup = l.backup()
	cfg.Retention = l.file.Retention.retention()
	cfg.Sessions = l.sessions()
	cfg.SignIn = l.signIn()
	cfg.Key = l.key()
	l.connections(cfg)
	l.catalog(cfg)
	l.campaigns(cfg)
	l.people(cfg)
	l.tokens(cfg)
	l.policy(cfg)
	return cfg
}

// path makes a path of the file usable.
func (c *Config) path(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(c.Dir, p)
}

func (l *loader) listen() {
	_, port, err := net.SplitHostPort(l.file.Listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		l.fault(l.root, "listen", "must be an address and a port, like 127.0.0.1:8080")
	}
}

// zone is the named zone, or otherwise if there is no name or no such zone.
func (l *loader) zone(node strict.Node, path, name string, otherwise *time.Location) *time.Location {
	if name == "" {
		return otherwise
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		l.fault(node, path, "must be an IANA time zone, like Europe/Paris")
		return otherwise
	}
	return zone
}

func (l *loader) nats(cfg *Config) NATS {
	out := NATS{URL: l.file.NATS.URL}
	if l.file.NATS.Credentials != "" {
		out.Credentials = cfg.path(l.file.NATS.Credentials)
		if out.URL == "" {
			l.fault(l.root, "nats.credentials", "is of no use without nats.url")
		}
	}
	if !l.file.NATS.WriterKey.IsZero() {
		key, err := secret.ParseKey(l.file.NATS.WriterKey)
		if err != nil {
			l.fault(l.root, "nats.writer_key", "%v", err)
		}
		out.WriterKey = key
	}
	if out.URL == "" {
		return out
	}
	for server := range strings.SplitSeq(out.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(server))
		switch {
		case err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" && u.Scheme != "ws" && u.Scheme != "wss":
			l.fault(l.root, "nats.url", "must be like nats://host:4222 or tls://host:4222, several separated by commas")
		case u.User != nil:
			l.fault(l.root, "nats.url", "must not hold a user or a password: put them in a file and name it in nats.credentials")
		}
	}
	return out
}

func (l *loader) http() HTTP {
	h := l.file.HTTP
	const maxBody = 64 << 20
	if h.BodyLimit < 1024 || h.BodyLimit > maxBody {
		l.fault(l.root, "http.body_limit", "must be between 1KiB and 64MiB")
	}
	if h.RatePerToken <= 0 {
		l.fault(l.root, "http.rate_per_token", "must be more than 0 requests per second")
	}
	if h.Burst < 1 {
		l.fault(l.root, "http.burst", "must be 1 request or more")
	}
	if h.ReadTimeout <= 0 {
		l.fault(l.root, "http.read_timeout", "must be more than 0s")
	}
	if h.WriteTimeout <= 0 {
		l.fault(l.root, "http.write_timeout", "must be more than 0s")
	}
	if h.Proxies < 0 || h.Proxies > 9 {
		l.fault(l.root, "http.proxies", "must be how many proxies of yours stand in front, 0 to 9")
	}
	return HTTP{int64(h.BodyLimit), h.RatePerToken, h.Burst, h.ReadTimeout, h.WriteTimeout, h.Proxies}
}

func (l *loader) key() secret.Key {
	if l.file.Key.IsZero() {
		return secret.Key{}
	}
	key, err := secret.ParseKey(l.file.Key)
	if err != nil {
		l.fault(l.root, "key", "%v", err)
	}
	return key
}

// policy takes the policy's text as it stands, from its own file or from here.
func (l *loader) policy(cfg *Config) {
	node := l.file.Policy
	name, isPath := node.Scalar()
	switch {
	case isPath && name != "":
		cfg.PolicyFile, cfg.PolicyLine = cfg.path(name), 1
		text, err := readPolicy(cfg.PolicyFile)
		if err != nil {
			l.fault(node, "", "cannot be read: write the path of the policy, seen from the config's folder (%v)", err)
		}
		cfg.PolicyText = text
	case node.Kind() == strict.Mapping:
		cfg.PolicyFile, cfg.PolicyLine = cfg.File, node.Pos().Line
		cfg.PolicyText = node.Source()
	case node.Kind() != strict.Absent:
		l.fault(node, "", "must be the policy's path, or the policy itself")
	}
}

func readPolicy(path string) ([]byte, error) {
	const maxPolicy = 4 << 20 // bytes; strict takes no more either
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxPolicy {
		return nil, fmt.Errorf("%s is not a file of 4 MiB at most", path)
	}
	return os.ReadFile(path)
}

// refer checks that a connection of a kind exists, and answers whether.
func (l *loader) refer(cfg *Config, node strict.Node, path, name, kind string) bool {
	if name == "" {
		return false // missing, and reported as that
	}
	conn, ok := cfg.Connection(bridge.ConnectionName(name))
	switch {
	case !ok:
		l.fault(node, path, "there is no such connection: write one of connections")
	case string(conn.Kind) != kind:
		l.fault(node, path, "must be a %s connection, named %s.something", kind, kind)
		return false
	}
	return ok
}
