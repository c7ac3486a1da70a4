package rest

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"passerelle/internal/connector"
	"passerelle/internal/secret"
)

// settings is a connection's `settings`; README.md documents them.
type settings struct {
	Base        string              `yaml:"base,required"`
	Auth        authSettings        `yaml:"auth,required"`
	Check       checkSettings       `yaml:"check,required"`
	Me          *meSettings         `yaml:"me"`
	People      *peopleSettings     `yaml:"people"`
	Rights      *rightsSettings     `yaml:"rights"`
	Busy        *busySettings       `yaml:"busy"`
	Prospects   prospectSettings    `yaml:"prospects,required"`
	Activity    activitySettings    `yaml:"activity,required"`
	Appointment appointmentSettings `yaml:"appointment,required"`
	Opposition  oppositionSettings  `yaml:"opposition,required"`
}

// authSettings are a fixed credential, or where tokens are bought.
type authSettings struct {
	Header string          `yaml:"header"`
	Prefix string          `yaml:"prefix"`
	Value  secret.String   `yaml:"value"`
	OAuth2 *oauth2Settings `yaml:"oauth2"`
}

type oauth2Settings struct {
	Token   string        `yaml:"token,required"`
	ID      string        `yaml:"client_id,required"`
	Secret  secret.String `yaml:"client_secret,required"`
	Scopes  []string      `yaml:"scopes"`
	Basic   bool          `yaml:"basic"`
	Refresh secret.String `yaml:"refresh_token"`
}

// checkSettings are what the check reads, and the keys of a field in it.
type checkSettings struct {
	Path      string `yaml:"path,required"`
	List      string `yaml:"list"`
	Name      string `yaml:"name"`
	Type      string `yaml:"type"`
	Label     string `yaml:"label"`
	Mandatory string `yaml:"mandatory"`
	Choices   string `yaml:"choices"`
}

// meSettings are where the CRM says whom the credential belongs to.
type meSettings struct {
	Path  string `yaml:"path,required"`
	Item  string `yaml:"item"`
	ID    string `yaml:"id"`
	Login string `yaml:"login"`
	Name  string `yaml:"name"`
}

// peopleSettings are where it lists its users, and their keys.
type peopleSettings struct {
	Path   string `yaml:"path,required"`
	List   string `yaml:"list"`
	ID     string `yaml:"id"`
	Login  string `yaml:"login"`
	Name   string `yaml:"name"`
	Email  string `yaml:"email"`
	Active string `yaml:"active"`
	Admin  string `yaml:"admin"`
}

// rightsSettings are where it lists what the credential may do with each field
// of a prospect.
type rightsSettings struct {
	Path  string `yaml:"path,required"`
	List  string `yaml:"list"`
	Name  string `yaml:"name,required"`
	Read  string `yaml:"read"`
	Write string `yaml:"write"`
}

// busySettings are where it shows when a user is taken.
type busySettings struct {
	Path string `yaml:"path,required"`
	List string `yaml:"list"`
	From string `yaml:"from,required"`
	To   string `yaml:"to,required"`
	ID   string `yaml:"id"`
}

type prospectSettings struct {
	Path     string        `yaml:"path,required"`
	Record   string        `yaml:"record,required"`
	Method   string        `yaml:"method"`
	ID       string        `yaml:"id"`
	Item     string        `yaml:"item"`
	List     string        `yaml:"list"`
	Next     string        `yaml:"next,required"`
	Modified string        `yaml:"modified"`
	Page     int           `yaml:"page"`
	IfMatch  bool          `yaml:"if_match"`
	Params   paramSettings `yaml:"params,required"`
}

type paramSettings struct {
	Fields    string `yaml:"fields,required"`
	Cursor    string `yaml:"cursor,required"`
	Limit     string `yaml:"limit,required"`
	Selection string `yaml:"selection"`
}

// Places is where records that the bridge makes are made, changed and found.
type Places struct {
	Create   string `yaml:"create,required"`
	Change   string `yaml:"change,required"`
	Method   string `yaml:"method"`
	Remove   string `yaml:"remove"`
	Find     string `yaml:"find,required"`
	FindMany string `yaml:"find_many"`
	Many     int    `yaml:"many"`
	ID       string `yaml:"id"`
	Item     string `yaml:"item"`
	List     string `yaml:"list"`
}

type activitySettings struct {
	Places       `yaml:",inline"`
	Fields       activityKeys      `yaml:"fields,required"`
	Dispositions map[string]string `yaml:"dispositions"`
}

// activityKeys are the vendor's keys for what a call log holds.
type activityKeys struct {
	Operation   string `yaml:"operation,required"`
	Changes     string `yaml:"changes,required"`
	Prospect    string `yaml:"prospect,required"`
	At          string `yaml:"at,required"`
	Disposition string `yaml:"disposition,required"`
	Attempt     string `yaml:"attempt"`
	Duration    string `yaml:"duration_s"`
	Technical   string `yaml:"technical"`
	Note        string `yaml:"note"`
	Caller      string `yaml:"caller"`
	User        string `yaml:"user"`
}

type appointmentSettings struct {
	Places `yaml:",inline"`
	Fields appointmentKeys `yaml:"fields,required"`
	Cancel cancelSettings  `yaml:"cancel,required"`
}

// appointmentKeys are the vendor's keys for what an appointment holds.
type appointmentKeys struct {
	ID          string `yaml:"id,required"`
	Changes     string `yaml:"changes,required"`
	Prospect    string `yaml:"prospect,required"`
	Start       string `yaml:"start,required"`
	Operation   string `yaml:"operation"`
	Local       string `yaml:"start_local"`
	Zone        string `yaml:"zone"`
	Minutes     string `yaml:"minutes"`
	Salesperson string `yaml:"salesperson"`
	User        string `yaml:"user"`
	Subject     string `yaml:"subject"`
	Place       string `yaml:"place"`
	Note        string `yaml:"note"`
	ValidatedBy string `yaml:"validated_by"`
}

type cancelSettings struct {
	Delete bool   `yaml:"delete"`
	Field  string `yaml:"field"`
	Value  any    `yaml:"value"`
	Motive string `yaml:"motive"`
}

type oppositionSettings struct {
	Field  string `yaml:"field,required"`
	Value  any    `yaml:"value,required"`
	Motive string `yaml:"motive"`
}

func load(env connector.Env) (settings, error) {
	own := Places{Method: "PATCH", Many: 50, ID: "id"}
	s := settings{
		Auth:        authSettings{Header: "Authorization"},
		Prospects:   prospectSettings{Method: "PATCH", ID: "id", Page: 100},
		Activity:    activitySettings{Places: own},
		Appointment: appointmentSettings{Places: own},
	}
	err := env.Settings(&s, s.check)
	return s, err
}

// check judges what the shape alone does not show.
func (s *settings) check(want connector.Want) {
	s.Base = strings.TrimSuffix(s.Base, "/")
	if s.Auth.OAuth2 != nil && s.Auth.Prefix == "" {
		s.Auth.Prefix = "Bearer "
	}
	want(connector.IsAddress(s.Base), "base", "not a plain address: write https://host/path, without user, query or #")
	want(headerName(s.Auth.Header), "auth.header", "not a header's name: write for example Authorization")
	want(s.Auth.Value.IsZero() != (s.Auth.OAuth2 == nil), "auth", "write either value, a fixed credential, or oauth2")
	want(!strings.ContainsAny(s.Auth.Prefix+s.Auth.Value.Reveal(), "\r\n"), "auth.value", "holds a line break, which a header cannot: remove it")
	want(s.Auth.OAuth2 == nil || connector.IsAddress(s.Auth.OAuth2.Token), "auth.oauth2.token", "not a plain address: write https://host/path, without user, query or #")

	want(isPath(s.Check.Path), "check.path", "not a path: write for example /me")
	want(s.Check.List == "" || s.Check.Name != "", "check.name", "missing: write the key of a field's name in the list, or remove list")
	s.checkInsight(want)
	want(isPath(s.Prospects.Path), "prospects.path", "not a path: write for example /prospects")
	want(isPath(s.Prospects.Record, "{id}"), "prospects.record", "not a path with {id}: write for example /prospects/{id}")
	want(isMethod(s.Prospects.Method), "prospects.method", "write PATCH, PUT or POST")
	want(s.Prospects.Page >= 1 && s.Prospects.Page <= 10_000, "prospects.page", "write a number from 1 to 10000")
	for at, p := range map[string]Places{"activity": s.Activity.Places, "appointment": s.Appointment.Places} {
		want(isPath(p.Create), at+".create", "not a path: write for example /"+at)
		want(isPath(p.Change, "{id}"), at+".change", "not a path with {id}: write for example /"+at+"/{id}")
		want(p.Remove == "" || isPath(p.Remove, "{id}"), at+".remove", "not a path with {id}: write for example /"+at+"/{id}")
		want(isPath(p.Find, "{key}"), at+".find", "not a path with {key}: write for example /"+at+"?operation_id={key}")
		want(p.FindMany == "" || isPath(p.FindMany, "{keys}"), at+".find_many", "not a path with {keys}: write for example /"+at+"?operation_ids={keys}")
		want(p.Many >= 1 && p.Many <= 200, at+".many", "write a number from 1 to 200")
		want(isMethod(p.Method), at+".method", "write PATCH, PUT or POST")
	}
	want(s.Appointment.Cancel.Delete != (s.Appointment.Cancel.Field != ""), "appointment.cancel", "write either delete: true, or field and value")
}

// checkInsight judges the blocks that may be left out.
func (s *settings) checkInsight(want connector.Want) {
	if s.Me != nil {
		s.Me.ID = cmp.Or(s.Me.ID, "id")
		want(isPath(s.Me.Path), "me.path", "not a path: write for example /me")
	}
	if s.People != nil {
		s.People.ID = cmp.Or(s.People.ID, "id")
		want(isPath(s.People.Path), "people.path", "not a path: write for example /users")
	}
	if s.Rights != nil {
		want(isPath(s.Rights.Path), "rights.path", "not a path: write for example /rights")
		want(s.Check.Name != "", "check.name", "missing: rights are on the fields that the check lists")
	}
	if s.Busy != nil {
		s.Busy.ID = cmp.Or(s.Busy.ID, "id")
		want(isPath(s.Busy.Path, "{user}", "{from}", "{to}"), "busy.path", "not a path with {user}, {from} and {to}: write for example /busy?user={user}&from={from}&to={to}")
	}
}

func isPath(path string, holds ...string) bool {
	_, err := url.Parse(path)
	missing := func(part string) bool { return !strings.Contains(path, part) }
	return err == nil && strings.HasPrefix(path, "/") && !strings.Contains(path, "#") && !slices.ContainsFunc(holds, missing)
}

func isMethod(m string) bool { return slices.Contains([]string{"PATCH", "PUT", "POST"}, m) }

func headerName(name string) bool {
	odd := func(r rune) bool {
		return !(r == '-' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	}
	return name != "" && !strings.ContainsFunc(name, odd)
}
