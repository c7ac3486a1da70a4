package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
	"passerelle/internal/policy/presets"
)

// preset is the policy that the floor begins with, and with a part of it replaced.
func preset(t *testing.T, old, fresh string) string {
	t.Helper()
	text, _ := presets.Text("plateau-6")
	changed := strings.Replace(string(text), old, fresh, 1)
	if old != "" && changed == string(text) {
		t.Fatalf("the preset does not hold %q", old)
	}
	return changed
}

// callersDeny is where the callers' denies stand.
const callersDeny = "    deny:\n      # Company name"

// withoutCity takes the city off callers' cards.
func withoutCity(t *testing.T) string {
	return preset(t, callersDeny, "    deny:\n      - {on: prospect, fields: [prospect.city], actions: [read]}\n      # Company name")
}

// seen are the fields that a page of see-as shows, by name, as programs get them.
func (b *browser) seenFields() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	b.walk(func(n *html.Node) {
		if n.Data == "data" && n.Type == html.ElementNode {
			out[attribute(n, "data-field")] = attribute(n, "value")
		}
	})
	return out
}

func seeAs(as, lead, hand string) string {
	return "/governance/see-as?" + url.Values{"as": {as + " phoning.console"}, "lead": {lead}, "hand": {hand}}.Encode()
}

// fromAPI is what the API answers somebody.
func fromAPI[T any](t *testing.T, f *floor, who bridge.PersonID, path string) (out T, status int) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, f.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token(who))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
	}
	return out, resp.StatusCode
}

// cardOf is what the API answers somebody about a lead, context included.
func cardOf(t *testing.T, f *floor, who bridge.PersonID, lead string) (map[string]string, int) {
	t.Helper()
	got, status := fromAPI[struct{ Card, Context map[string]string }](t, f, who, "/v1/leads/"+lead)
	for name, value := range got.Context {
		got.Card[name] = value
	}
	return got.Card, status
}

// What see-as shows of somebody is what the API answers them, value for value; who
// asks sees no more than their own role lets them, and is told what is left out.
func TestSeeAsIsWhatTheAPIAnswers(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	// The direction sees the context that callers are shown, so that nothing is left out.
	f.decide("    statistics: all\n", "    statistics: all\n    context: [customer, last_contact, attempts]\n")
	handed, err := f.app.Desk().Next(t.Context(), f.as("alice"), "spring")
	if err != nil {
		t.Fatal(err)
	}
	lead := string(handed.Lead.ID)
	b := f.browser(t)
	b.signIn("denis")
	for _, who := range []bridge.PersonID{"alice", "sam", "maud", "nadia", "denis"} {
		b.get(seeAs(string(who), lead, ""))
		want, status := cardOf(t, f, who, lead)
		got := b.seenFields()
		if status != http.StatusOK || len(want) < 3 || !equal(got, want) {
			t.Errorf("%s (%d): see-as shows %v, the API answers %v", who, status, got, want)
		}
	}
	for _, who := range []bridge.PersonID{"bruno", "vera"} {
		b.get(seeAs(string(who), lead, ""))
		if _, status := cardOf(t, f, who, lead); status != http.StatusNotFound || len(b.seenFields()) > 0 || b.find("#unknown") == nil {
			t.Errorf("%s knows of the lead: %d %v", who, status, b.seenFields())
		}
	}
	b.get(seeAs("bruno", lead, "yes")) // as it would be on their line
	want, _ := cardOf(t, f, "alice", lead)
	if got := b.seenFields(); !equal(got, want) {
		t.Errorf("on bruno's line: %v, on alice's %v", got, want)
	}
	found, _ := fromAPI[struct{ Items []ledger.Line }](t, f, "nadia", "/v1/ledger?limit=500")
	lines := slices.DeleteFunc(found.Items, func(l ledger.Line) bool { return l.Kind != "see as" })
	if len(lines) != 8 || lines[7].Who != "denis" || lines[7].Reason != "bruno" || len(lines[7].Records) != 1 {
		t.Errorf("the ledger's lines: %+v", lines)
	}
}

func equal(a, b map[string]string) bool {
	for name, value := range a {
		if b[name] != value {
			return false
		}
	}
	return len(a) == len(b)
}

// Who asks sees the values that both may read.
func TestSeeAsKeepsToTheReadersRole(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	handed, err := f.app.Desk().Next(t.Context(), f.as("alice"), "spring")
	if err != nil {
		t.Fatal(err)
	}
	b := f.browser(t)
	b.signIn("nadia") // may read no commercial field
	b.get(seeAs("sam", string(handed.Lead.ID), ""))
	if _, shown := b.seenFields()["prospect.score"]; shown || strings.Contains(b.body, scoreCanary) {
		t.Errorf("the score is shown: %s", b.body)
	}
	if !b.shows("Score") || !b.shows("visible pour elle, pas pour vous") || b.seenFields()["prospect.last_name"] == "" {
		t.Errorf("nobody says what is left out: %s", b.body)
	}
	b.get(seeAs("denis", string(handed.Lead.ID), ""))
	for _, canary := range []string{marginCanary, noteCanary, scoreCanary} {
		if strings.Contains(b.seen.String(), canary) {
			t.Errorf("she was sent %s", canary)
		}
	}
	b = f.browser(t)
	b.signIn("alice") // may ask about herself alone
	if b.get(seeAs("sam", string(handed.Lead.ID), "")); b.status != http.StatusForbidden {
		t.Errorf("a caller sees as a supervisor: %d", b.status)
	}
}

// A policy is proposed by one person and activated by another, on pages without
// scripts; findings say their line, and the difference is read before.
func TestTwoKeysOnPages(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	denis, nadia := f.browser(t), f.browser(t)
	denis.signIn("denis")
	if denis.path != "/governance/policy" {
		t.Errorf("the direction begins at %s", denis.path)
	}
	denis.get("/governance/propose")
	form := denis.form(".card stack policy")
	if !strings.HasPrefix(form.Get("text"), "# Qui voit quoi") {
		t.Fatalf("the text begins %.60q", form.Get("text"))
	}
	post := func(text, then string) {
		form.Set("text", text)
		form.Set("motive", "la ville ne sert pas")
		form.Set("then", then)
		denis.submit("/governance/propose", form)
	}
	post(strings.Replace(form.Get("text"), "statistics: own", "statistics: mine", 1), "propose")
	if denis.status != http.StatusUnprocessableEntity || !denis.shows("Ligne 13") || !denis.shows("statistics: mine") {
		t.Errorf("findings: %d %s", denis.status, denis.body)
	}
	post(withoutCity(t), "check")
	if denis.status != http.StatusOK || !denis.shows("caller ne peut plus lire prospect.city") {
		t.Errorf("the difference: %d %s", denis.status, denis.body)
	}
	post(strings.ReplaceAll(withoutCity(t), "\n", "\r\n"), "propose") // as browsers post
	draft := denis.path
	if !strings.HasPrefix(draft, "/governance/policy/") || denis.status != http.StatusOK || strings.Contains(denis.body, "/activate") {
		t.Fatalf("proposed: %d at %s: %s", denis.status, denis.path, denis.body)
	}
	if denis.post(draft + "/activate"); denis.status != http.StatusConflict {
		t.Errorf("its author activates it: %d", denis.status)
	}
	caller := f.browser(t)
	caller.signIn("alice")
	caller.post("/call", "campaign", "spring")
	card := caller.path
	if !caller.shows("Lyon") {
		t.Fatal("the card has no city to begin with")
	}
	nadia.signIn("nadia")
	nadia.get("/governance/policy")
	if !nadia.shows("la ville ne sert pas") {
		t.Errorf("the draft is not listed: %s", nadia.body)
	}
	nadia.get(draft + "?days=7")
	if nadia.status != http.StatusOK || !nadia.shows("caller ne peut plus lire prospect.city") || !nadia.shows("Caller n'aurait pas vu prospect.city : une fois") {
		t.Errorf("what it would change: %d %s", nadia.status, nadia.body)
	}
	if nadia.post(draft + "/activate"); nadia.status != http.StatusOK || !nadia.shows("Denis Aubry") || !nadia.shows("Nadia Benali") {
		t.Errorf("activated: %d %s", nadia.status, nadia.body)
	}
	if caller.get(card); caller.shows("Lyon") || !caller.shows("Durand") {
		t.Errorf("the card afterwards: %s", caller.body)
	}
	f.rollBack(t, denis)
}

// rollBack proposes the first policy again, and drops that.
func (f *floor) rollBack(t *testing.T, b *browser) {
	t.Helper()
	now, _ := fromAPI[struct{ Register []struct{ Policy string } }](t, f, "nadia", "/v1/policy")
	if len(now.Register) != 2 {
		t.Fatalf("the register: %v", now)
	}
	b.get("/governance/propose?from=" + now.Register[0].Policy)
	form := b.form(".card stack policy")
	form.Set("motive", "retour")
	form.Set("then", "propose")
	b.submit("/governance/propose", form)
	if b.status != http.StatusOK || !b.shows("caller peut lire prospect.city") {
		t.Errorf("back: %d %s", b.status, b.body)
	}
	if b.post(b.path + "/withdraw"); b.status != http.StatusOK || !b.shows("retirée") {
		t.Errorf("withdrawn: %d %s", b.status, b.body)
	}
	if waiting, _ := fromAPI[struct{ Items []struct{ Policy string } }](t, f, "nadia", "/v1/policy/drafts"); len(waiting.Items) > 0 {
		t.Errorf("drafts: %v", waiting)
	}
}

// The matrix is filtered, and explains are in the reader's words.
func TestMatrixAndExplain(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	b := f.browser(t)
	b.signIn("nadia")
	b.get("/governance/matrix?role=caller&class=financial")
	if !b.shows("Marge") || b.shows("Téléphone") || b.shows("sales") {
		t.Errorf("the matrix of financial fields: %s", b.body)
	}
	b.get("/governance/matrix?role=caller&object=prospect")
	if !b.shows("Téléphone") || !b.shows("L attribuées") || b.shows("Marge") {
		t.Errorf("the matrix of prospects: %s", b.body)
	}
	ask := func(can, on string) string {
		return "/governance/explain?" + url.Values{"as": {"alice phoning.console"}, "can": {can}, "on": {on}}.Encode()
	}
	b.get(ask("read", "account.margin"))
	if !b.shows("Non") || !b.shows("Il est interdit au rôle caller de lire account.margin") || !b.shows("account-secrets") {
		t.Errorf("why not: %s", b.body)
	}
	b.get(ask("read", "prospect.phone"))
	if !b.shows("Oui") || !b.shows("policy.yaml:") {
		t.Errorf("why: %s", b.body)
	}
	b.post("/language", "language", "en")
	b.get(ask("read", "account.margin"))
	if !b.shows("Role caller is denied to read account.margin") {
		t.Errorf("in English: %s", b.body)
	}
	b = f.browser(t)
	b.signIn("sam") // asks about their team alone
	b.get("/governance/explain")
	if !b.shows("Alice Martin") || b.shows("Denis Aubry") {
		t.Errorf("whom a supervisor may ask about: %s", b.body)
	}
	if b.get("/governance/explain?as=denis+phoning.console&can=read&on=prospect.phone"); b.status != http.StatusForbidden {
		t.Errorf("a supervisor asks about the direction: %d", b.status)
	}
}

// What everybody did, who came, whose account needs a look, and how the connections
// do: on pages for those who answer for it.
func TestAccountsOnPages(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	alice := f.browser(t)
	alice.signIn("alice")
	stranger := f.browser(t)
	for range 11 {
		stranger.post("/sign-in", "login", "bruno", "password", "not his password")
	}
	b := f.browser(t)
	b.signIn("denis")
	b.get("/governance/ledger?kind=policy")
	if !strings.Contains(b.body, "<b>politique activée</b>") || strings.Contains(b.body, "<b>compte créé</b>") {
		t.Errorf("the ledger's lines on policies: %s", b.body)
	}
	if b.post("/governance/ledger/verify"); b.status != http.StatusOK || !b.shows("La chaîne tient") {
		t.Errorf("verified: %d %s", b.status, b.body)
	}
	b.get("/governance/access?findings=yes")
	if !b.shows("refusé") || !b.shows("Bruno Leroy") || !b.shows("127.0.0.1") || b.shows("connexion") {
		t.Errorf("what is out of the ordinary: %s", b.body)
	}
	b.get("/governance/access?person=alice")
	if !b.shows("connexion") || b.shows("refusé") {
		t.Errorf("when alice came: %s", b.body)
	}
	b.get("/governance/people?only=locked")
	if !b.shows("bloqué") || !b.shows("passerelle user reset bruno") || b.shows("Maud Perrin") {
		t.Errorf("locked accounts: %s", b.body)
	}
	b.post("/governance/people/bruno/unlock")
	if b.status != http.StatusOK || !b.shows("débloqué") || b.shows("passerelle user reset bruno") {
		t.Errorf("unlocked: %d %s", b.status, b.body)
	}
	stranger.signIn("bruno")
	if b.post("/governance/people/alice/end"); b.status != http.StatusUnprocessableEntity {
		t.Errorf("sessions end without a motive: %d", b.status)
	}
	if b.post("/governance/people/alice/end", "motive", "poste oublié ouvert"); b.status != http.StatusOK || !b.shows("fermées") {
		t.Errorf("sessions end: %d %s", b.status, b.body)
	}
	if alice.get("/call"); alice.path != "/sign-in" {
		t.Errorf("alice is still at %s", alice.path)
	}
	if b.get("/governance/ledger?kind=end+sessions"); !b.shows("poste oublié ouvert") {
		t.Errorf("the ledger does not say so: %s", b.body)
	}
	f.lookAtPeopleLater(t)
	f.lookAtConnections(t)
}

// lookAtPeopleLater finds accounts that nobody has used, and profiles without a role.
func (f *floor) lookAtPeopleLater(t *testing.T) {
	t.Helper()
	f.decide("    marketing: marketing\n", "")
	f.pass(100 * 24 * time.Hour)
	b := f.browser(t)
	b.signIn("nadia")
	b.get("/governance/people?only=unused")
	if !b.shows("inutilisé depuis 100 jours") || !b.shows("Alice Martin") {
		t.Errorf("unused accounts: %s", b.body)
	}
	b.get("/governance/people?only=unmapped&crm=crm.sheet")
	if !b.shows("profil marketing de phoning.console sans rôle") || b.shows("Alice Martin") || !b.shows("qui y travaille") {
		t.Errorf("profiles without a role: %s", b.body)
	}
	if b.get("/governance/connections"); !b.shows("fonctionne") || strings.Contains(b.body, "Examiner") {
		t.Errorf("who answers for access looks after connections: %s", b.body)
	}
}

func (f *floor) lookAtConnections(t *testing.T) {
	t.Helper()
	b := f.browser(t)
	b.signIn("sam")
	if b.get("/governance/connections"); !b.shows("crm.sheet") || !b.shows("fonctionne") || !b.shows("jamais") {
		t.Errorf("the connections: %s", b.body)
	}
	if b.get("/governance/connections/crm.sheet"); b.status != http.StatusOK || !b.shows("il répond") {
		t.Errorf("examined: %d %s", b.status, b.body)
	}
	if b.get("/governance/connections/crm.other"); b.status != http.StatusNotFound {
		t.Errorf("one that there is not: %d", b.status)
	}
	if b.post("/governance/connections/crm.sheet/resume"); b.status != http.StatusOK || !b.shows("reprend") {
		t.Errorf("resumed: %d %s", b.status, b.body)
	}
}
