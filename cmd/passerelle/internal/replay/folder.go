package replay

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"passerelle/internal/config"
	"passerelle/internal/strict"
)

// The files of a replay, seen from its folder.
const (
	configFile       = "passerelle.yaml" // where the commands look for it
	prospectsFile    = "crm/prospects.csv"
	activitiesFile   = "crm/activities.csv"
	appointmentsFile = "crm/appointments.csv"
	feeds            = "crm/*.ics"
	cardsFile        = "cards.jsonl"
	postedFile       = "posted.jsonl"
	reportFile       = "report.json"
	logFile          = "hub.log"
)

// folder is where a replay works.
type folder string

func (f folder) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

// openFolder makes the folder, or takes an empty one.
func openFolder(path string) (folder, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", misusef("--out: %w", err)
	}
	held, err := os.ReadDir(path)
	if err != nil {
		return "", misusef("--out: %w", err)
	}
	if len(held) > 0 {
		return "", misusef("--out: %s is not empty: name a new folder, or empty it", path)
	}
	return folder(path), nil
}

// secrets are made anew for each replay.
type secrets struct {
	hook, push string // signing secrets: of calls, of cards
	token      string // the supervisor's
}

// writeSecrets makes the files that the example's references name.
func (f folder) writeSecrets() (secrets, error) {
	s := secrets{hook: signingSecret(), push: signingSecret(), token: rand.Text()}
	if err := os.Mkdir(f.path("secrets"), 0o700); err != nil {
		return s, err
	}
	for name, text := range map[string]string{"hook": s.hook, "push": s.push, "supervisor": s.token} {
		if err := os.WriteFile(f.path("secrets/"+name), []byte(text+"\n"), 0o600); err != nil {
			return s, err
		}
	}
	return s, nil
}

func signingSecret() string {
	key := make([]byte, 32)
	rand.Read(key)
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// example is a replay's config as it is given.
type example struct {
	path    string
	text    []byte
	policy  string // path, seen from the config
	pushURL *url.URL
}

// readExample reads what of the config must be known before it can be loaded.
func readExample(path string) (*example, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, misusef("the replay's config: %w", err)
	}
	root, err := strict.Parse(path, text)
	if err != nil {
		return nil, err
	}
	e := &example{path: path, text: text}
	var ok bool
	if e.policy, ok = root.Child("policy").Scalar(); !ok || !filepath.IsLocal(e.policy) {
		return nil, strict.Findings{root.Findf("policy", "must be the path of a file beside or below the config: the replay copies it")}.Err()
	}
	connections := root.Child("connections")
	for _, name := range connections.Keys() {
		settings := connections.Child(name).Child("settings")
		raw, ok := settings.Child("push_url").Scalar()
		if !ok {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "http" || net.ParseIP(u.Hostname()) == nil || u.Port() == "" || e.pushURL != nil {
			return nil, strict.Findings{settings.Findf("push_url", "must be the one address that the replay listens on, like http://127.0.0.1:0/cards")}.Err()
		}
		e.pushURL = u
	}
	if e.pushURL == nil {
		return nil, strict.Findings{root.Findf("connections", "must have a webhook connection with a push_url: the replay is its platform")}.Err()
	}
	return e, nil
}

// copyConfig writes config and policy into the folder, with the address that
// cards are really taken at, and loads them there.
func (f folder) copyConfig(e *example, addr net.Addr) (*config.Config, error) {
	policy, err := os.ReadFile(filepath.Join(filepath.Dir(e.path), e.policy))
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(f.path(e.policy)), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(f.path(e.policy), policy, 0o644); err != nil {
		return nil, err
	}
	real := *e.pushURL
	real.Host = addr.String()
	text := strings.Replace(string(e.text), e.pushURL.String(), real.String(), 1)
	if err := os.WriteFile(f.path(configFile), []byte(text), 0o644); err != nil {
		return nil, err
	}
	return config.Load(f.path(configFile))
}

// writeProspects makes the CRM: a row for each prospect, nothing of the calls.
func (f folder) writeProspects(rows []row) (err error) {
	path := f.path(prospectsFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := csv.NewWriter(bufio.NewWriterSize(file, 1<<20))
	if err := w.Write(prospectColumns()); err != nil {
		return err
	}
	for _, r := range rows {
		if err := w.Write(prospect(r)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// prospectColumns are those of the CRM's export; the last three are kept by the
// bridge.
func prospectColumns() []string {
	own := append([]string{"id", "first_name", "last_name", "phone"}, crmColumns...)
	return append(own, "last_disposition", "attempts", "prospect_status")
}

func prospect(r row) []string {
	first, last := name(r.n)
	return append(append([]string{r.id(), first, last, phone(r.n)}, r.cells...), "", "", "")
}
