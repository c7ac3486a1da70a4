package dolibarr

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/secret"
)

// settings is a connection's `settings`; README.md documents them.
type settings struct {
	Base        string              `yaml:"base,required"`
	Key         secret.String       `yaml:"key,required"`
	Entity      int                 `yaml:"entity"`
	User        string              `yaml:"user,required"`
	Statuses    map[string][]string `yaml:"statuses"`
	Events      eventSettings       `yaml:"events"`
	Call        callSettings        `yaml:"call"`
	Appointment appointmentSettings `yaml:"appointment"`
	FullEvery   string              `yaml:"full_every"`

	WholeRecords bool `yaml:"whole_records"` // of a version that cannot send less

	fullEvery time.Duration
}

// eventSettings are the codes of extra fields of agenda events.
type eventSettings struct {
	ID          string `yaml:"id"`
	Changes     string `yaml:"changes"`
	Disposition string `yaml:"disposition"`
	Duration    string `yaml:"duration_s"`
}

type callSettings struct {
	Type         string            `yaml:"type"`
	Label        string            `yaml:"label"`
	Dispositions map[string]string `yaml:"dispositions"`
}

type appointmentSettings struct {
	Type   string `yaml:"type"`
	Cancel string `yaml:"cancel"`
}

// The two ways of cancelling an appointment.
const (
	cancelDelete = "delete"
	cancelMark   = "mark"
)

// notToContact is the status that says: do not contact (ST_NO).
const notToContact = "-1"

func load(env connector.Env) (settings, error) {
	s := settings{
		Events:      eventSettings{ID: "passerelle_id", Changes: "passerelle_changes"},
		Call:        callSettings{Type: "AC_TEL", Label: "Appel"},
		Appointment: appointmentSettings{Type: "AC_RDV", Cancel: cancelDelete},
		FullEvery:   "6h",
	}
	if err := env.Settings(&s, s.check); err != nil {
		return s, err
	}
	return s, s.mappings(env)
}

var (
	code = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	kind = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,49}$`)
)

// check judges what the shape alone does not show.
func (s *settings) check(want connector.Want) {
	s.Base = strings.TrimSuffix(strings.TrimSuffix(s.Base, "/"), "/api/index.php")
	want(connector.IsAddress(s.Base), "base", "not a plain address: write https://host or https://host/path, without user, query or #")
	want(!s.Key.IsZero() && !strings.ContainsAny(s.Key.Reveal(), "\r\n"), "key", "empty, or holds a line break: write the API key of a Dolibarr user")
	want(s.Entity >= 0, "entity", "write the number of the company, or nothing")
	want(plainID(s.User), "user", "not an id of a user: write the number of the page of whose the events of unknown callers are")
	for at, c := range map[string]string{"events.id": s.Events.ID, "events.changes": s.Events.Changes} {
		want(code.MatchString(c), at, "not the code of an extra field: write it as in Dolibarr's setup, without options_")
	}
	for at, c := range map[string]string{"events.disposition": s.Events.Disposition, "events.duration_s": s.Events.Duration} {
		want(c == "" || code.MatchString(c), at, "not the code of an extra field: write it as in Dolibarr's setup, without options_")
	}
	want(kind.MatchString(s.Call.Type), "call.type", "not a type of event: write for example AC_TEL")
	want(kind.MatchString(s.Appointment.Type), "appointment.type", "not a type of event: write for example AC_RDV")
	want(slices.Contains([]string{cancelDelete, cancelMark}, s.Appointment.Cancel), "appointment.cancel", "write delete or mark")
	var err error
	s.fullEvery, err = time.ParseDuration(s.FullEvery)
	want(err == nil && s.fullEvery >= time.Minute, "full_every", "write a duration of a minute or more, like 6h")
	s.checkStatuses(want)
}

func (s *settings) checkStatuses(want connector.Want) {
	of := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(s.Statuses)) {
		at := "statuses." + id
		n, err := strconv.Atoi(id)
		want(err == nil && strconv.Itoa(n) == id, at, "not an id of Dolibarr's prospect statuses: write its number")
		want(len(s.Statuses[id]) > 0, at, "without a word: write our words for it as a list")
		for _, word := range s.Statuses[id] {
			want(of[word] == "", at, fmt.Sprintf("%q stands for two statuses: keep one", word))
			of[word] = id
		}
	}
}

// statusID is the id that one of our words stands for.
func (s *settings) statusID(word bridge.Value) (string, bool) {
	for id, words := range s.Statuses {
		if slices.Contains(words, string(word)) {
			return id, true
		}
	}
	return "", false
}

// mappings refuses fields that Dolibarr does not have: it would ignore them
// without a word.
func (s *settings) mappings(env connector.Env) error {
	for _, name := range env.Fields.Names() {
		vendor := env.Fields[name]
		if advice, never := unreadable[vendor]; never {
			return fmt.Errorf("fields: %s: %q %s", name, vendor, advice)
		}
		if _, known := propertyOf(vendor); !known {
			return fmt.Errorf("fields: %s: %q is no property of Dolibarr's third parties; an extra field is written options_ and its code", name, vendor)
		}
		if vendor == propStatus && len(s.Statuses) == 0 {
			return fmt.Errorf("fields: %s: %s needs settings.statuses: Dolibarr takes any number, and hides the record when its dictionary lacks it", name, vendor)
		}
	}
	return nil
}
