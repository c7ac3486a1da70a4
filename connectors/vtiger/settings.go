package vtiger

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"passerelle/internal/connector"
	"passerelle/internal/secret"
)

// The flavours of the web service.
const (
	openSource = "opensource"
	cloud      = "cloud"
	coreBOS    = "corebos"
)

// settings is a connection's `settings`; README.md documents them.
type settings struct {
	URL         string                       `yaml:"url,required"`
	Flavour     string                       `yaml:"flavour"`
	User        string                       `yaml:"user,required"`
	AccessKey   secret.String                `yaml:"access_key,required"`
	Prospects   []string                     `yaml:"prospects"`
	Aliases     map[string]map[string]string `yaml:"aliases"`
	Operation   string                       `yaml:"operation_field"`
	Zone        string                       `yaml:"zone"` // of the site's database; "" is not known, and taken for UTC
	FullEvery   time.Duration                `yaml:"full_every"`
	Sync        bool                         `yaml:"sync"`
	Call        callSettings                 `yaml:"call"`
	Appointment appointmentSettings          `yaml:"appointment"`
	Opposition  oppositionSettings           `yaml:"opposition"`
}

type callSettings struct {
	Type         string            `yaml:"type"`
	Held         string            `yaml:"held"`
	NotHeld      string            `yaml:"not_held"`
	Owner        string            `yaml:"owner"`
	Subject      string            `yaml:"subject"`
	Disposition  string            `yaml:"disposition"`
	Dispositions map[string]string `yaml:"dispositions"`
	Notes        string            `yaml:"notes"`
}

type appointmentSettings struct {
	Type       string `yaml:"type"`
	Planned    string `yaml:"planned"`
	Cancelled  string `yaml:"cancelled"`
	Visibility string `yaml:"visibility"`
}

type oppositionSettings struct {
	Field string `yaml:"field"`
	Value string `yaml:"value"`
}

func load(env connector.Env) (settings, error) {
	s := settings{
		Flavour: openSource, Prospects: []string{"Leads"}, Operation: description, FullEvery: 24 * time.Hour, Sync: true,
		Call:        callSettings{Type: "Call", Held: "Held", NotHeld: "Not Held", Owner: "author", Subject: "Call", Notes: "description"},
		Appointment: appointmentSettings{Type: "Meeting", Planned: "Planned", Cancelled: "Not Held"},
	}
	err := env.Settings(&s, s.check)
	return s, err
}

var (
	namePattern   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
	modulesServed = []string{"Leads", "Contacts", "Accounts", "Potentials"}
)

// check judges what the shape alone does not show.
func (s *settings) check(want connector.Want) {
	s.URL = strings.TrimSuffix(strings.TrimSuffix(s.URL, "/"), "/webservice.php")
	want(connector.IsAddress(s.URL), "url", "not a plain address: write https://host/path, without user, query or #")
	want(slices.Contains([]string{openSource, cloud, coreBOS}, s.Flavour), "flavour", "write opensource, cloud or corebos")
	want(!s.AccessKey.IsZero() && !strings.ContainsAny(s.AccessKey.Reveal(), "\r\n"), "access_key", "empty, or holds a line break: copy it from the user's preferences in the CRM")
	want(s.User != "" && !strings.ContainsAny(s.User, ":\r\n"), "user", "not a login of this CRM")
	want(len(s.Prospects) > 0, "prospects", "name at least one module: Leads, Contacts, Accounts or Potentials")
	for _, m := range s.Prospects {
		want(slices.Contains(modulesServed, m), "prospects", "only Leads, Contacts, Accounts and Potentials hold prospects")
	}
	for m := range s.Aliases {
		want(slices.Contains(s.Prospects, m), "aliases", "only of a module that stands in prospects")
	}
	want(namePattern.MatchString(s.Operation), "operation_field", "not a field's name: write cf_ and its number, as the CRM's describe shows it")
	_, err := time.LoadLocation(s.Zone)
	want(err == nil && s.Zone != "Local", "zone", "not a time zone: write for example Europe/Paris")
	want(s.FullEvery >= time.Minute, "full_every", "write at least 1m")
	want(s.Call.Owner == "author" || s.Call.Owner == "key", "call.owner", "write author or key")
	want(s.Call.Notes == description || s.Call.Notes == "comments", "call.notes", "write description or comments")
	want(s.Call.Disposition == "" || namePattern.MatchString(s.Call.Disposition), "call.disposition", "not a field's name: write cf_ and its number")
	want((s.Opposition.Field == "") == (s.Opposition.Value == ""), "opposition", "write both field and value, or neither")
}
