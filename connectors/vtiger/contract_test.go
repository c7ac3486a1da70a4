package vtiger

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"passerelle/connectors/vtiger/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/connector/contract"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

const (
	holder = "Jeanne Canari"
	key    = "9fKd83LsPq0ZxYtB"
)

var fields = connector.FieldMap{
	"account.name": "company", "prospect.comment": description, "prospect.job_title": "designation", "prospect.last_name": "lastname",
	bridge.FieldPhone: "phone", bridge.FieldLeadStatus: "leadstatus", "account.revenue": "annualrevenue", bridge.FieldDoNotCall: "cf_861", bridge.FieldOwner: "assigned_user_id",
}

func TestContract(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Harness{
		Descriptor: Descriptor(),
		World:      func(t *testing.T) *contract.World { return newWorld(t, fake.Options{}, "operation_field: cf_951") },
		Bad:        badSettings(),
		Answers:    answers(),
		Alters:     []string{"emoji"},
	})
}

// Other ways to be installed: no field for our ids, a database in another zone,
// the cloud, coreBOS.
func TestContractOfOthers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		options fake.Options
		more    string
	}{
		"marks in the description": {fake.Options{}, ""},
		"cloud":                    {fake.Options{Flavour: "cloud"}, "operation_field: cf_951\nflavour: cloud"},
		"a database in Paris":      {fake.Options{Zone: inParis()}, "operation_field: cf_951\nzone: Europe/Paris"},
		"corebos":                  {fake.Options{Flavour: "corebos"}, "operation_field: cf_951\nflavour: corebos"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contract.Run(t, contract.Harness{
				Descriptor: Descriptor(),
				World:      func(t *testing.T) *contract.World { return newWorld(t, tc.options, tc.more) },
				Alters:     []string{"emoji"},
			})
		})
	}
}

func newWorld(t *testing.T, o fake.Options, more string) *contract.World {
	clock := &clock{}
	o.Now = clock.now
	crm := newCRM(o)
	w := &contract.World{
		Server:   crm,
		Client:   httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second}),
		Fields:   fields,
		Later:    clock.later,
		Secrets:  []string{key},
		Personal: []string{holder, "0612345678"},
		Settings: func(url string) string {
			return fmt.Sprintf("url: %s\nuser: passerelle\naccess_key: %s\n%s\n", url, key, more)
		},
	}
	if o.Flavour != "cloud" {
		w.Sessions = &contract.Sessions{Login: logsIn, End: crm.EndSessions, Refuse: crm.RefuseLogins}
	}
	w.CRM = &contract.CRM{
		Selection: "Leads: leadsource = 'Cold Call'",
		Users:     []string{"19x5", "19x6"},
		Texts:     []bridge.FieldName{"account.name", "prospect.comment"},
		Asked: func() []string { // the stamp says what to read next
			return slices.DeleteFunc(crm.Asked(), func(name string) bool { return name == modified })
		},
	}
	w.CRM.Screen.Add = func() string {
		return "Leads:" + strconv.Itoa(crm.Put("Leads", 1, map[string]string{
			"lastname": holder, "company": "Canari SARL", "phone": "0612345678", "leadstatus": "Hot", "leadsource": "Cold Call",
			"annualrevenue": "1234.5", "description": "rien", "designation": "gérante", "cf_861": "0",
		}))
	}
	for range 7 {
		w.CRM.Prospects = append(w.CRM.Prospects, w.CRM.Screen.Add())
	}
	crm.Put("Leads", 1, map[string]string{"lastname": "Ailleurs", "leadsource": "Other"})
	zone := time.UTC
	if o.Zone != nil {
		zone = o.Zone
	}
	screen(w.CRM, crm, zone)
	people(&w.CRM.Screen, crm, calendarOf(o), zone)
	return w
}

func inParis() *time.Location {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return paris
}

// clock is the CRM's.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time        { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) later(d time.Duration) { c.ahead.Add(int64(d)) }

func logsIn(r *http.Request) bool {
	return r.ParseForm() == nil && slices.Contains([]string{"getchallenge", "login"}, r.Form.Get("operation"))
}

func calendarOf(o fake.Options) string {
	if o.Flavour == "corebos" {
		return "cbCalendar"
	}
	return "Events"
}

// newCRM is a site with the fields that the bridge wants and the people that
// the suite knows.
func newCRM(o fake.Options) *fake.CRM {
	crm := fake.New(o)
	crm.AddUser(fake.User{ID: 1, Login: "passerelle", Key: key, First: "Pont", Last: "Passerelle", Email: "pont@example.test", Admin: true})
	crm.AddUser(fake.User{ID: 5, Login: "u-alice", Key: "key-alice", First: "Alice", Last: "Martin"})
	crm.AddUser(fake.User{ID: 6, Login: "u-bob", Key: "key-bob", First: "Bob", Last: "Durand"})
	crm.AddField("Leads", "cf_861", "Do not call", "boolean")
	crm.AddField(calendarOf(o), "cf_951", "Passerelle", "string")
	return crm
}

func number(id string) int {
	_, digits, _ := strings.Cut(strings.ReplaceAll(id, "x", ":"), ":")
	n, _ := strconv.Atoi(digits)
	return n
}

// screen is the CRM as somebody in front of it sees it.
func screen(seen *contract.CRM, crm *fake.CRM, zone *time.Location) {
	events := func() []fake.Record { return append(crm.All("Events"), crm.All("cbCalendar")...) }
	seen.Get = func(id string, f bridge.FieldName) bridge.Value {
		r, _ := crm.Get(number(id))
		return bridge.Value(r.Fields[fields[f]])
	}
	seen.Set = func(id string, f bridge.FieldName, v bridge.Value) { crm.Edit(number(id), fields[f], string(v)) }
	seen.Barred = func(id string) bool {
		r, _ := crm.Get(number(id))
		return r.Fields["cf_861"] == "1"
	}
	seen.Effects = func(w bridge.Write) int {
		n := 0
		for _, r := range events() {
			marks := marksIn(r)
			made := len(marks) > 0 && (marks[0] == string(w.Operation) || w.Meeting != nil && marks[0] == w.Meeting.ID && len(marks) > 1 && marks[1] == string(w.Operation))
			if made && strings.HasSuffix(r.Fields["parent_id"]+r.Fields["rel_id"], "x"+strconv.Itoa(number(w.Prospect.ID))) {
				n++
			}
		}
		return n
	}
	seen.Slot = func(meeting string) (time.Time, bool) {
		for _, r := range events() {
			if marks := marksIn(r); len(marks) > 0 && marks[0] == meeting {
				start, _ := span(r, zone)
				return start, r.Fields["eventstatus"] == "Planned"
			}
		}
		return time.Time{}, false
	}
}

// people are what others do at the screen.
func people(s *contract.Screen, crm *fake.CRM, calendar string, zone *time.Location) {
	meeting := func(id string) fake.Record {
		for _, r := range crm.All(calendar) {
			if marks := marksIn(r); len(marks) > 0 && marks[0] == id {
				return r
			}
		}
		return fake.Record{}
	}
	s.Delete = func(id string) { crm.Delete(number(id)) }
	s.Withdraw = func(id string) { crm.Edit(number(id), "leadsource", "Other") }
	s.Oppose = func(id string) { crm.Edit(number(id), "cf_861", "1") }
	s.Assign = func(id, user string) { crm.Edit(number(id), "assigned_user_id", user) }
	s.Freeze = func(f bridge.FieldName) { crm.Freeze("Leads", fields[f]) }
	s.Retire = func(user string) { crm.Retire(number(user)) }
	s.Occupy = func(user string, from, to time.Time) string {
		event := times(calendar, from.In(zone), to.In(zone))
		event["activitytype"], event["eventstatus"], event["subject"] = "Meeting", "Planned", holder
		return calendar + ":" + strconv.Itoa(crm.Put(calendar, number(user), event))
	}
	s.Move = func(id string, to time.Time) {
		r := meeting(id)
		from, end := span(r, zone)
		for name, value := range times(calendar, to.In(zone), to.Add(end.Sub(from)).In(zone)) {
			crm.Edit(r.Number, name, value)
		}
	}
	s.Retouch = func(id, text string) func() map[string]string {
		n := meeting(id).Number
		held, _ := crm.Get(n)
		marks := ""
		if at := strings.Index(held.Fields[description], "[passerelle "); at >= 0 {
			marks = "\n" + held.Fields[description][at:]
		}
		for name, value := range map[string]string{"subject": text, "location": text, description: text + marks, "eventstatus": "Held", "visibility": "Private"} {
			crm.Edit(n, name, value)
		}
		return func() map[string]string {
			r, _ := crm.Get(n)
			seen := map[string]string{}
			for _, name := range []string{"subject", "location", description, "eventstatus", "visibility", "activitytype"} {
				seen[name], _, _ = strings.Cut(r.Fields[name], "\n[passerelle ")
			}
			return seen
		}
	}
	s.Cancel = func(id string) { crm.Edit(meeting(id).Number, "eventstatus", "Not Held") }
	s.Drop = func(id string) { crm.Delete(meeting(id).Number) }
	s.Hide = func(id string) { crm.Hide("passerelle", meeting(id).Number) }
	s.Give = func(id, user string) { crm.Edit(meeting(id).Number, "assigned_user_id", user) }
}

// times are those of an event as the CRM keeps them, date and time apart.
func times(calendar string, from, to time.Time) map[string]string {
	if calendar == "cbCalendar" {
		return map[string]string{"dtstart": from.Format(time.DateTime), "dtend": to.Format(time.DateTime)}
	}
	return map[string]string{
		"date_start": from.Format(time.DateOnly), "time_start": from.Format(time.TimeOnly),
		"due_date": to.Format(time.DateOnly), "time_end": to.Format(time.TimeOnly),
	}
}

func span(r fake.Record, zone *time.Location) (from, to time.Time) {
	first, last := r.Fields["dtstart"], r.Fields["dtend"]
	if first == "" {
		first, last = r.Fields["date_start"]+" "+r.Fields["time_start"], r.Fields["due_date"]+" "+r.Fields["time_end"]
	}
	from, _ = time.ParseInLocation(time.DateTime, first, zone)
	to, _ = time.ParseInLocation(time.DateTime, last, zone)
	return from, to
}

// marksIn reads our ids from a record with no help of the connector's.
func marksIn(r fake.Record) []string {
	if _, ids, found := strings.Cut(r.Fields["description"], "[passerelle "); found {
		return strings.Fields(strings.TrimSuffix(ids, "]"))
	}
	return strings.Fields(r.Fields["cf_951"])
}

func badSettings() []contract.Bad {
	good := "url: https://crm.example\nuser: passerelle\naccess_key: Kk7\n"
	more := func(name, line, names string) contract.Bad {
		return contract.Bad{Name: name, Settings: good + line, Names: names}
	}
	return []contract.Bad{
		{Name: "nothing", Settings: "{}", Names: "access_key"},
		{Name: "no scheme", Settings: "url: crm.example\nuser: a\naccess_key: b", Names: "url"},
		{Name: "password in url", Settings: "url: https://u:canari-pw@crm.example\nuser: a\naccess_key: b", Names: "url"},
		{Name: "no user", Settings: "url: https://crm.example\naccess_key: b", Names: "user"},
		{Name: "empty key", Settings: "url: https://crm.example\nuser: a\naccess_key: \"\"", Names: "access_key"},
		{Name: "environment not set", Settings: "url: https://crm.example\nuser: a\naccess_key: ${env:NO_SUCH_VARIABLE_HERE}", Names: "NO_SUCH_VARIABLE_HERE"},
		more("flavour", "flavour: sugar", "flavour"),
		more("module", "prospects: [HelpDesk]", "prospects"),
		more("no module", "prospects: []", "prospects"),
		more("operation field", "operation_field: \"cf 951\"", "operation_field"),
		more("zone", "zone: Paris", "zone"),
		more("too often", "full_every: 1s", "full_every"),
		more("owner", "call: {owner: nobody}", "call.owner"),
		more("notes", "call: {notes: mail}", "call.notes"),
		more("disposition", "call: {disposition: \"a b\"}", "call.disposition"),
		more("opposition without value", "opposition: {field: cf_861}", "opposition"),
	}
}

// answers are the ways in which vtiger says no under 200, and its crashes.
func answers() []contract.Answer {
	no := func(code, message string, kind fault.Kind, only ...string) contract.Answer {
		return contract.Answer{
			Name: code + " " + message, Status: 200, Kind: kind, Only: only,
			Body: fmt.Sprintf(`{"success":false,"error":{"code":%q,"message":%q}}`, code, message),
		}
	}
	reads := []string{"pull", "find", "people", "busy", "appointments"}
	return []contract.Answer{
		{Name: "crash", Status: 500, Header: map[string]string{"Content-Type": "text/html; charset=UTF-8"}, Kind: fault.Unavailable},
		{Name: "a notice before the JSON", Status: 200, Header: map[string]string{"Content-Type": "text/html; charset=UTF-8"}, Body: "<br />\n<b>Warning</b>: " + holder, Kind: fault.Unavailable},
		{Name: "neither success nor error", Status: 200, Body: `{"success":false}`, Kind: fault.Unavailable},
		{Name: "success that shows nothing", Status: 200, Body: `{"success":true,"result":null}`, Kind: fault.Unavailable},
		{Name: "another program's JSON", Status: 200, Body: `{"message":"` + holder + `"}`, Kind: fault.Unavailable},
		no("DATABASE_QUERY_ERROR", "Database error while performing requested operation", fault.Unavailable),
		no("INTERNAL_SERVER_ERROR", "Unknown Error while processing request", fault.Unavailable),
		no("INVALID_SESSIONID", "Session Identifier provided is Invalid", fault.Unavailable),
		no("AUTHENTICATION_FAILURE", "The session is of somebody else", fault.Unavailable),
		no("SESSION_EXPIRED", "Session has life span over please login again", fault.Unavailable),
		no("UNKNOWN_OPERATION", "Unknown operation requested", fault.Permanent),
		no("ACCESS_DENIED", wordsGone, fault.Permanent, "pull", "check", "apply", "busy", "appointments"),
		no("QUERY_SYNTAX_ERROR", "Syntax Error on line 1: token '"+holder+"' Unexpected", fault.Rejected, reads...),
		no("SOMETHING_NEW", holder+" does not have a value", fault.Rejected, append(reads, "apply", "catalogue", "rights")...),
	}
}
