package fake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"passerelle/test/shared"
)

// capture is one recorded exchange with a real Dolibarr 22.0.4.
type capture struct {
	Request struct {
		Method, URL string
		Headers     map[string]string
		Body        any
		BodyText    string `json:"body_text"`
	}
	Response struct {
		Status   int
		Body     any
		BodyText string `json:"body_text"`
	}
}

// TestTheFakeAnswersAsDolibarrDid replays the exchanges in their order, each
// user with the rights that its note says, and compares status, shape and the
// words of errors.
func TestTheFakeAnswersAsDolibarrDid(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(shared.Path(t, "captures/dolibarr"), "*.json"))
	if err != nil || len(files) < 90 {
		t.Fatalf("%d captures: %v", len(files), err)
	}
	crm := captured()
	replayed := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c capture
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if strings.Contains(file, "-webhook-") {
			continue // sent by Dolibarr, which the fake does not do
		}
		replayed++
		number := filepath.Base(file)[:2]
		if before := between[number]; before != nil {
			before(crm)
		}
		t.Run(filepath.Base(file), func(t *testing.T) { c.replay(t, crm) })
	}
	if replayed != 82 {
		t.Errorf("replayed %d exchanges, want 82", replayed)
	}
}

// captured is the install that the captures were made with.
func captured() *Server {
	crm := New(Options{})
	crm.ChangeUser(1, func(u *User) { u.Key = "<admin-api-key>" })
	own := []string{"agenda.myactions.read", "agenda.myactions.create", "agenda.myactions.delete"}
	all := []string{"agenda.allactions.read", "agenda.allactions.create", "agenda.allactions.delete"}
	crm.AddUser(User{ID: 3, Login: "alice", Key: "<alice-api-key>", First: "Alice", Last: "Martin", Email: "alice@example.test",
		Rights: slices.Concat(own, []string{"societe.lire", "societe.creer", "societe.contact.lire", "societe.contact.creer", "categorie.lire"})})
	crm.AddUser(User{ID: 4, Login: "bruno", Key: "<bruno-api-key>", First: "Bruno", Last: "Durand", Email: "bruno@example.test",
		Rights: slices.Concat(own, all, []string{"societe.lire", "societe.creer", "societe.supprimer", "societe.client.voir", "societe.contact.lire",
			"societe.contact.creer", "societe.contact.supprimer", "categorie.lire", "categorie.creer", "user.user.lire"})})
	crm.AddUser(User{ID: 5, Login: "carole", Key: "<carole-api-key>", First: "Carole", Last: "Petit", Email: "carole@example.test",
		Rights: []string{"societe.lire", "societe.client.voir", "agenda.myactions.read"}})
	crm.AddUser(User{ID: 6, Login: "denis", Key: "<denis-api-key>", First: "Denis", Last: "Roux", Email: "denis@example.test"})
	crm.AddGroup("Televendeurs", 3, 5)
	return crm
}

// between is what was done by hand before an exchange.
var between = map[string]func(*Server){
	"44": func(s *Server) { s.NextEvent(13) }, // its modules had noted more by themselves
	"72": func(s *Server) { s.ChangeUser(6, func(u *User) { u.Disabled = true }) },
}

func (c capture) replay(t *testing.T, crm *Server) {
	body := c.Request.BodyText
	if c.Request.Body != nil {
		raw, err := json.Marshal(c.Request.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = string(raw)
	}
	if strings.Contains(t.Name(), "invalid-json") {
		body = "{not json"
	}
	_, target, _ := strings.Cut(c.Request.URL, "http://crm.local")
	req := httptest.NewRequest(c.Request.Method, strings.ReplaceAll(strings.ReplaceAll(target, "<", "%3C"), ">", "%3E"), strings.NewReader(body))
	for name, value := range c.Request.Headers {
		req.Header.Set(name, value)
	}
	got := httptest.NewRecorder()
	crm.ServeHTTP(got, req)
	if got.Code != c.Response.Status {
		t.Errorf("%s %s: status %d, want %d: %s", req.Method, target, got.Code, c.Response.Status, got.Body)
	}
	if c.Response.BodyText != "" {
		if got.Body.String() != c.Response.BodyText {
			t.Errorf("said %q, want %q", got.Body, c.Response.BodyText)
		}
		return
	}
	var answered any
	if err := json.Unmarshal(got.Body.Bytes(), &answered); err != nil {
		t.Fatalf("no JSON: %v", err)
	}
	compareAnswers(t, "answer", answered, c.Response.Body)
}

// unread are keys that nobody reads and the fake leaves empty.
var unread = strings.Fields("tva_assuj localtax1_assuj localtax2_assuj localtax1_value localtax2_value remise_supplier_percent fournisseur " +
	"fk_multicurrency fk_incoterms fk_account datelastpassvalidation usergroup_entity position description module MAP_ID user")

// compareAnswers compares shapes: which keys there are, which values are empty,
// and of what type the others are. Of an error it compares the words.
func compareAnswers(t *testing.T, at string, got, want any) {
	t.Helper()
	if empty(got) || empty(want) {
		if key := at[strings.LastIndex(at, ".")+1:]; empty(got) != empty(want) && !slices.Contains(unread, key) {
			t.Errorf("%s: empty %v, want %v", at, empty(got), empty(want))
		}
		return
	}
	switch want := want.(type) {
	case map[string]any:
		inner, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s: a %T, want an object", at, got)
			return
		}
		if words, is := want["error"].(map[string]any); is {
			if g, w := fmt.Sprint(inner["error"]), fmt.Sprint(words); g != w {
				t.Errorf("said %s, want %s", g, w)
			}
			return
		}
		if at == "answer.members" || strings.HasSuffix(at, ".MAP_ID") {
			return // objects as PHP holds them, which nobody reads
		}
		compareKeys(t, at, inner, want)
		for key, w := range want {
			compareAnswers(t, at+"."+key, inner[key], w)
		}
	case []any:
		inner, ok := got.([]any)
		if !ok || at == "answer" && len(inner) != len(want) && !strings.Contains(t.Name(), "event-types") && !strings.Contains(t.Name(), "list-events-of-bruno") {
			t.Errorf("%s: %T of %d, want a list of %d", at, got, len(inner), len(want))
			return
		}
		if len(inner) > 0 {
			compareAnswers(t, at+"[]", inner[0], want[0])
		}
	default:
		if g, w := fmt.Sprintf("%T", got), fmt.Sprintf("%T", want); g != w {
			t.Errorf("%s: a %s, want a %s", at, g, w)
		}
	}
}

func compareKeys(t *testing.T, at string, got, want map[string]any) {
	t.Helper()
	if at == "answer.success" || strings.Contains(at, "rights") || strings.Contains(at, "userassigned") {
		return // by version, by user, by id
	}
	g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))
	var missing, more []string
	for _, k := range w {
		if !slices.Contains(g, k) {
			missing = append(missing, k)
		}
	}
	for _, k := range g {
		if !slices.Contains(w, k) {
			more = append(more, k)
		}
	}
	if len(missing)+len(more) > 0 {
		t.Errorf("%s: lacks %v, has %v more", at, missing, more)
	}
}

// empty values are null, "" and lists and objects without anything in them,
// which PHP does not tell apart.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

var _ http.Handler = (*Server)(nil)
