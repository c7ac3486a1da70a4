package config

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
	_ "time/tzdata" // zones must not depend on the machine

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/secret"
	"passerelle/internal/strict"
)

// ConsoleType is the type of the connection that is the bridge itself: API
// tokens and the web pages. There is no connector behind it.
const ConsoleType = "console"

// Config is an installation. Paths in it are usable as they are: those of the
// file start at its folder.
type Config struct {
	File string // where it was read
	Dir  string // its folder

	Hub     string // [a-z0-9-]+
	DataDir string
	Listen  string         // host:port
	Zone    *time.Location // where a connection or a person has none of their own
	NATS    NATS
	Key     secret.Key // the data key; zero: it lies in DataDir/key
	HTTP    HTTP
	Backup  Backup

	Retention Retention
	Sessions  Sessions
	SignIn    SignIn

	Connections []Connection // in the order of the file
	Campaigns   []bridge.Campaign
	People      []bridge.Person
	Tokens      []Token

	Catalog bridge.Catalog // the standard fields and those of all connections

	PolicyText []byte // nil: the config has none
	PolicyFile string // where it stands: a file of its own, or the config
	PolicyLine int    // where in that file it begins, from 1

	root strict.Node
}

// NATS says which server carries the writes.
type NATS struct {
	URL         string // "": the embedded one
	Credentials string // path of a .creds file, "" for none
	// WriterKey seals what the hub gives its writers elsewhere: the tokens of
	// connections that log in. Zero: they get none.
	WriterKey secret.Key
}

// HTTP bounds what the server takes.
type HTTP struct {
	BodyLimit    int64         // bytes
	RatePerToken float64       // requests per second
	Burst        int           // requests
	ReadTimeout  time.Duration // of a whole request
	WriteTimeout time.Duration // of a whole answer
	Proxies      int           // of ours in front, each of which appends to X-Forwarded-For
}

// Connection is one configured CRM or phoning platform.
type Connection struct {
	Name         bridge.ConnectionName
	Kind         connector.Kind
	Type         string         // the connector's name, or ConsoleType
	Zone         *time.Location // its own, else the config's
	Limits       *Limits        // nil: no limit of ours
	AllowPrivate bool           // outbound HTTP may reach private and loopback addresses
	Fields       connector.FieldMap
	Defs         []bridge.FieldDef             // what it says about its fields, beside their names
	Campaigns    map[string]bridge.CampaignID  // by the platform's list
	Codes        map[string]bridge.Disposition // by the platform's own outcome code
	Settings     strict.Node                   // for the connector

	node strict.Node
}

// Limits bound the requests to a connection.
type Limits struct {
	Rate  float64 // per second
	Burst int
}

// Token lets a program in as a person on a phoning connection.
type Token struct {
	Person     bridge.PersonID
	Connection bridge.ConnectionName
	Token      secret.String
}

// Load reads the file at path. Its error is [strict.Findings] where the text
// is wrong; what could be read is there all the same, to find more that is
// wrong and for nothing else.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return Parse(path, data)
}

// Parse reads the text of a config that lies, or would lie, at path, as [Load]
// does.
func Parse(path string, data []byte) (*Config, error) {
	root, err := strict.Parse(path, data)
	if err != nil {
		return nil, err
	}
	l := &loader{root: *root, file: defaults()}
	l.findings.Add(root.Decode(&l.file))
	cfg := l.config(path)
	return cfg, l.findings.Err()
}

// Connection finds a connection by name.
func (c *Config) Connection(name bridge.ConnectionName) (Connection, bool) {
	for _, conn := range c.Connections {
		if conn.Name == name {
			return conn, true
		}
	}
	return Connection{}, false
}

// KeyPath is where the data key lies if the config gives none.
func (c *Config) KeyPath() string { return filepath.Join(c.DataDir, "key") }
