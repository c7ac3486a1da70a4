package e2e

import (
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	dolibarr "passerelle/connectors/dolibarr/fake"
	vtiger "passerelle/connectors/vtiger/fake"
	"passerelle/test/crmfake"
	"passerelle/test/shared"
)

// world is a CRM in miniature with the job's prospects, as its own database has
// them.
type world struct {
	crm       http.Handler // nil: a folder
	selection string
	ids       []string // of the prospects, by their number
	alice     string   // the caller's user in the CRM
	vera      string   // the salesperson's
	// connection is the CRM's part of the config.
	connection func(url string) string
	// writes says whether a request changes something.
	writes func(*http.Request) bool
	// asked lists the CRM's names of the fields that it was asked for; nil where
	// reading is not asking.
	asked func() []string
	// closed are its names of the fields that nobody may read.
	closed []string
	// status is how it keeps one of our words.
	status func(word string) string
	held   func() held
}

// held is what a CRM's database holds.
type held struct {
	calls    []heldCall // in the order of their making
	meetings []heldMeeting
	records  map[string]heldRecord // by the prospect's id
}

type heldCall struct{ prospect, operation, note string }

type heldMeeting struct {
	id, prospect, user string
	start              time.Time
	live               bool
}

type heldRecord struct {
	comment, status, revenue, secret, structure string
	barred                                      bool
}

// What only the supervisor may read, what nobody may, and what holds the
// organisation together.
const (
	jobRevenue   = "918273645"
	jobSecret    = "CANARI-CONFIDENTIEL"
	jobStructure = "CANARI-STRUCTURE"
)

func jobName(n int) string  { return fmt.Sprintf("Société %d", n) }
func jobPhone(n int) string { return fmt.Sprintf("01990%05d", n) }

func isWrite(r *http.Request) bool { return r.Method != http.MethodGet }

func restWorld(t *testing.T) *world {
	crm, err := crmfake.New(crmfake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := crm.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{
		crm: crm, selection: "L1", alice: "alice", vera: "vera", writes: isWrite,
		closed: []string{"confidential_note", "city"}, status: func(word string) string { return word },
		asked: func() (names []string) {
			for name := range crm.FieldsAsked() {
				names = append(names, name)
			}
			return names
		},
		connection: func(url string) string {
			return "type: rest\nfields: {prospect.name: name, prospect.phone: phone, prospect.comment: comment, prospect.status: status, prospect.do_not_call: do_not_call, " +
				"account.revenue: revenue, account.confidential_note: confidential_note, account.status: city}\nsettings:\n" + indented(crmfake.Settings(url+"/api", crmfake.DefaultToken), 2)
		},
	}
	for n := range jobProspects {
		id := "p" + strconv.Itoa(n)
		w.ids = append(w.ids, id)
		revenue, _ := strconv.ParseFloat(jobRevenue, 64)
		crm.Put(id, map[string]any{
			"list": "L1", "name": jobName(n), "phone": jobPhone(n), "comment": "rien", "status": "new", "do_not_call": false,
			"revenue": revenue, "confidential_note": jobSecret, "city": jobStructure,
		})
	}
	w.held = func() held { return restHeld(crm) }
	return w
}

func restHeld(crm *crmfake.Server) held {
	h := held{records: map[string]heldRecord{}}
	text := func(r crmfake.Record, key string) string {
		if r.Fields[key] == nil {
			return ""
		}
		if f, ok := r.Fields[key].(float64); ok {
			return strconv.FormatFloat(f, 'f', -1, 64)
		}
		return fmt.Sprint(r.Fields[key])
	}
	for _, r := range crm.All(crmfake.Activities) {
		h.calls = append(h.calls, heldCall{text(r, "prospect_id"), text(r, "operation_id"), text(r, "note")})
	}
	for _, r := range crm.All(crmfake.Appointments) {
		start, _ := time.Parse(time.RFC3339, text(r, "start"))
		h.meetings = append(h.meetings, heldMeeting{text(r, "uid"), text(r, "prospect_id"), text(r, "owner_id"), start, r.Fields["state"] != "cancelled"})
	}
	for _, r := range crm.All(crmfake.Prospects) {
		h.records[r.ID] = heldRecord{text(r, "comment"), text(r, "status"), text(r, "revenue"), text(r, "confidential_note"), text(r, "city"), r.Fields["do_not_call"] == true}
	}
	return h
}

// dolibarrStatuses are the site's own ids of prospect statuses for our words.
var dolibarrStatuses = map[string]string{"new": "0", "attempted": "2", "callback": "2", "not_interested": "3", "appointment": "1", "do_not_call": "-1"}

// dolibarrWorld is a Dolibarr; cancel is how an appointment is cancelled there:
// delete or mark.
func dolibarrWorld(t *testing.T, cancel string) *world {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	crm := dolibarr.New(dolibarr.Options{Zone: paris})
	bridge := crm.AddUser(dolibarr.User{Login: "bridge", Key: "key-bridge-0123456789", Rights: []string{
		"societe.lire", "societe.creer", "societe.client.voir", "categorie.lire", "user.user.lire",
		"agenda.myactions.read", "agenda.myactions.create", "agenda.myactions.delete",
		"agenda.allactions.read", "agenda.allactions.create", "agenda.allactions.delete",
	}})
	alice := crm.AddUser(dolibarr.User{Login: "alice"})
	vera := crm.AddUser(dolibarr.User{Login: "vera"})
	crm.AddExtraField("actioncomm", "passerelle_id", "varchar")
	crm.AddExtraField("actioncomm", "passerelle_changes", "text")
	category := crm.AddCategory("Printemps")
	w := &world{
		crm: crm, selection: strconv.Itoa(category), alice: strconv.Itoa(alice), vera: strconv.Itoa(vera), writes: isWrite, asked: crm.Asked,
		closed: []string{"note_public", "fk_prospectlevel"}, status: func(word string) string { return dolibarrStatuses[word] },
		connection: func(url string) string {
			return "type: dolibarr\nzone: Europe/Paris\nfields: {prospect.name: name, prospect.phone: phone, prospect.comment: note_private, prospect.status: stcomm_id, prospect.do_not_call: do_not_contact, " +
				"account.revenue: capital, account.confidential_note: note_public, account.status: fk_prospectlevel}\n" +
				"settings:\n  base: " + url + "\n  key: key-bridge-0123456789\n  user: " + strconv.Itoa(bridge) + "\n" +
				"  statuses: {0: [new], 1: [appointment], 2: [attempted, callback], 3: [not_interested], -1: [do_not_call]}\n  appointment: {cancel: " + cancel + "}\n"
		},
	}
	for n := range jobProspects {
		id := crm.AddParty(map[string]string{
			"name": jobName(n), "phone": jobPhone(n), "note_private": "rien", "capital": jobRevenue, "note_public": jobSecret, "fk_prospectlevel": jobStructure,
		}, category)
		w.ids = append(w.ids, strconv.Itoa(id))
	}
	w.held = func() held { return dolibarrHeld(crm, w.ids) }
	return w
}

func dolibarrHeld(crm *dolibarr.Server, ids []string) held {
	h := held{records: map[string]heldRecord{}}
	for _, e := range crm.Events() {
		id, prospect := e.Options["options_passerelle_id"], strconv.Itoa(e.Party)
		if e.Type == "AC_TEL" {
			h.calls = append(h.calls, heldCall{prospect, id, e.Note})
		} else {
			h.meetings = append(h.meetings, heldMeeting{id, prospect, strconv.Itoa(e.Owner), time.Unix(e.Start, 0), !strings.HasPrefix(e.Label, "Annulé :")})
		}
	}
	for _, id := range ids {
		n, _ := strconv.Atoi(id)
		p := crm.Party(n)
		h.records[id] = heldRecord{html.UnescapeString(p["note_private"]), p["stcomm_id"], p["capital"], p["note_public"], p["fk_prospectlevel"], p["stcomm_id"] == "-1"}
	}
	return h
}

func vtigerWorld(*testing.T) *world {
	crm := vtiger.New(vtiger.Options{})
	crm.AddUser(vtiger.User{ID: 1, Login: "passerelle", Key: "9fKd83LsPq0ZxYtB", Admin: true})
	crm.AddUser(vtiger.User{ID: 5, Login: "alice", Key: "key-alice"})
	crm.AddUser(vtiger.User{ID: 6, Login: "vera", Key: "key-vera"})
	for name, kind := range map[string]string{"cf_861": "boolean", "cf_863": "string", "cf_865": "text", "cf_867": "string"} {
		crm.AddField("Leads", name, name, kind)
	}
	crm.AddField("Events", "cf_951", "Passerelle", "string")
	w := &world{
		crm: crm, selection: "Leads: leadsource = 'Cold Call'", alice: "19x5", vera: "19x6", asked: crm.Asked,
		closed: []string{"cf_865", "cf_867"}, status: func(word string) string { return word },
		writes: func(r *http.Request) bool { return r.Method == http.MethodPost },
		connection: func(url string) string {
			return "type: vtiger\nfields: {prospect.name: lastname, prospect.phone: phone, prospect.comment: description, prospect.status: cf_863, prospect.do_not_call: cf_861, " +
				"account.revenue: annualrevenue, account.confidential_note: cf_865, account.status: cf_867}\n" +
				"settings: {url: \"" + url + "\", user: passerelle, access_key: 9fKd83LsPq0ZxYtB, operation_field: cf_951}\n"
		},
	}
	for n := range jobProspects {
		number := crm.Put("Leads", 1, map[string]string{
			"lastname": jobName(n), "company": "x", "phone": jobPhone(n), "description": "rien", "leadsource": "Cold Call", "cf_861": "0", "cf_863": "new",
			"annualrevenue": jobRevenue, "cf_865": jobSecret, "cf_867": jobStructure,
		})
		w.ids = append(w.ids, "Leads:"+strconv.Itoa(number))
	}
	w.held = func() held { return vtigerHeld(crm) }
	return w
}

func vtigerHeld(crm *vtiger.CRM) held {
	h := held{records: map[string]heldRecord{}}
	for _, r := range crm.All("Events") {
		id, _, _ := strings.Cut(r.Fields["cf_951"], " ")
		_, number, _ := strings.Cut(r.Fields["parent_id"], "x")
		if r.Fields["activitytype"] == "Call" {
			h.calls = append(h.calls, heldCall{"Leads:" + number, id, r.Fields["description"]})
			continue
		}
		start, _ := time.Parse(time.DateTime, r.Fields["date_start"]+" "+r.Fields["time_start"])
		h.meetings = append(h.meetings, heldMeeting{id, "Leads:" + number, r.Fields["assigned_user_id"], start, r.Fields["eventstatus"] == "Planned"})
	}
	for _, r := range crm.All("Leads") {
		f := r.Fields
		h.records["Leads:"+strconv.Itoa(r.Number)] = heldRecord{f["description"], f["cf_863"], f["annualrevenue"], f["cf_865"], f["cf_867"], f["cf_861"] == "1"}
	}
	return h
}

func sheetWorld(t *testing.T) *world {
	dir := t.TempDir()
	w := &world{
		alice: "alice", vera: "vera", status: func(word string) string { return word },
		connection: func(string) string {
			return "type: sheet\nfields: {prospect.name: name, prospect.phone: phone, prospect.comment: comment, prospect.status: status, prospect.do_not_call: do_not_call, " +
				"account.revenue: revenue, account.confidential_note: secret, account.status: structure}\nsettings: {prospects: \"" + filepath.Join(dir, "prospects.csv") + "\"}\n"
		},
	}
	var b strings.Builder
	b.WriteString("id,name,phone,comment,status,do_not_call,revenue,secret,structure\n")
	for n := range jobProspects {
		id := "s" + strconv.Itoa(n)
		w.ids = append(w.ids, id)
		fmt.Fprintf(&b, "%s,%s,%s,rien,new,no,%s,%s,%s\n", id, jobName(n), jobPhone(n), jobRevenue, jobSecret, jobStructure)
	}
	if err := os.WriteFile(filepath.Join(dir, "prospects.csv"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	w.held = func() held { return sheetHeld(dir) }
	return w
}

func sheetHeld(dir string) held {
	h := held{records: map[string]heldRecord{}}
	for _, r := range shared.Rows(filepath.Join(dir, "activities.csv")) {
		h.calls = append(h.calls, heldCall{r["prospect_id"], r["operation_id"], r["note"]})
	}
	for _, r := range shared.Rows(filepath.Join(dir, "appointments.csv")) {
		zone, err := time.LoadLocation(r["zone"])
		if err != nil {
			continue
		}
		start, _ := time.ParseInLocation("2006-01-02T15:04:05", r["start_local"], zone)
		h.meetings = append(h.meetings, heldMeeting{r["id"], r["prospect_id"], r["salesperson"], start, r["state"] != "cancelled"})
	}
	for _, r := range shared.Rows(filepath.Join(dir, "prospects.csv")) {
		h.records[r["id"]] = heldRecord{r["comment"], r["status"], r["revenue"], r["secret"], r["structure"], r["do_not_call"] == "yes" || r["do_not_call"] == "true"}
	}
	return h
}

func indented(text string, by int) string {
	margin := strings.Repeat(" ", by)
	return margin + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+margin) + "\n"
}
