package demo

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"passerelle/connectors/all"
	"passerelle/internal/bridge"
	"passerelle/internal/calling"
	"passerelle/internal/config"
	"passerelle/internal/policy"
)

var aDay = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) // a Friday

// loadFolder fills a folder and loads what people would run it with.
func loadFolder(t *testing.T, listen string) (*config.Config, *policy.Policy) {
	t.Helper()
	f, isNew, err := prepare(t.TempDir(), listen, 3, aDay)
	if err != nil || !isNew {
		t.Fatalf("prepare: new %v, %v", isNew, err)
	}
	cfg, err := config.Load(f.config())
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Check(all.Registry()); err != nil {
		t.Fatal(err)
	}
	p, err := policy.Load(cfg.PolicyFile, cfg.PolicyText, cfg.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, p
}

func TestFolderLoads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, listen, want string }{
		{"its own address", "", defaultListen},
		{"another address", "[::1]:0", "[::1]:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, _ := loadFolder(t, c.listen)
			if cfg.Listen != c.want {
				t.Errorf("listen %q, want %q", cfg.Listen, c.want)
			}
			if rules := cfg.Campaigns[0].Rules; rules != calling.Always || string(cfg.Campaigns[0].ID) != campaignID {
				t.Errorf("campaign %s with rules %s", cfg.Campaigns[0].ID, rules)
			}
			if len(cfg.Tokens) != len(cast) {
				t.Errorf("%d tokens for a cast of %d", len(cfg.Tokens), len(cast))
			}
		})
	}
}

func TestColumnsFitConfig(t *testing.T) {
	t.Parallel()
	cfg, _ := loadFolder(t, "")
	crm, _ := cfg.Connection("crm.sheet")
	got := map[bridge.FieldName]string{}
	classes := map[bridge.Class]bool{}
	for _, c := range columns[1:] {
		got[c.field] = c.header
		classes[c.class] = true
		if def, _ := cfg.Catalog.Def(c.field); def.Class != c.class {
			t.Errorf("%s is %s in the workbook and %s in the catalog", c.field, c.class, def.Class)
		}
	}
	if diff := cmp.Diff(map[bridge.FieldName]string(crm.Fields), got); diff != "" {
		t.Errorf("passerelle.yaml (-) and the workbook (+):\n%s", diff)
	}
	for _, c := range bridge.Classes() {
		if !classes[c] {
			t.Errorf("no column is %s", c)
		}
	}
}

func TestProspects(t *testing.T) {
	t.Parallel()
	made := prospects(1000, aDay)
	if diff := cmp.Diff(made, prospects(1000, aDay), cmp.AllowUnexported(prospect{})); diff != "" {
		t.Fatalf("another time others:\n%s", diff)
	}
	companies := map[calling.Number]string{}
	opposed := 0
	for _, p := range made {
		n, err := calling.Parse(p.phone, "FR")
		if err != nil {
			t.Fatalf("%s: phone %q: %v", p.id, p.phone, err)
		}
		block := strings.ReplaceAll(string(n), "+33", "0")[:6]
		if !strings.Contains("019900 026191 035301 046571 053649", block) {
			t.Errorf("%s: %s is not kept for fiction", p.id, n)
		}
		if other, taken := companies[n]; taken && other != p.company {
			t.Errorf("%s: %s and %s share %s", p.id, p.company, other, n)
		}
		companies[n] = p.company
		if !strings.HasPrefix(p.siret, "000") || len(p.siret) != 14 {
			t.Errorf("%s: SIRET %s", p.id, p.siret)
		}
		if !strings.HasSuffix(p.email, ".example") || !strings.HasSuffix(p.website, ".example") || strings.ContainsAny(p.email, "éèç ") {
			t.Errorf("%s: %s, %s", p.id, p.email, p.website)
		}
		if p.doNotCall {
			opposed++
		}
	}
	if shared := len(made) - len(companies); shared != 40 {
		t.Errorf("%d people behind a colleague's number, want 40", shared)
	}
	if opposed == 0 {
		t.Error("nobody is not to be called")
	}
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	made := prospects(40, aDay)
	data, err := encodeWorkbook(made)
	if err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if diff := cmp.Diff([]string{prospectsTab, readMeTab}, file.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	rows, err := file.GetRows(prospectsTab)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(made)+1 || rows[1][0] != "P-0001" || rows[40][1] != made[39].company {
		t.Errorf("%d rows, first %v", len(rows), rows[1])
	}
	for i, c := range columns {
		if rows[0][i] != c.header {
			t.Errorf("column %d is %q, want %q", i, rows[0][i], c.header)
		}
	}
	for i, p := range made {
		if p.contractEnd.IsZero() {
			continue
		}
		if got := rows[i+1][18]; got != p.contractEnd.Format("02/01/2006") {
			t.Errorf("%s: the contract ends %q, want it in days", p.id, got)
		}
		return
	}
	t.Error("nobody has a contract")
}

func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	_, p := loadFolder(t, "")
	record := policy.Record{Owner: "claire", Handed: true, Team: "plateau", CampaignTeam: "plateau", Principal: "demo"}
	fields := []bridge.FieldName{
		"account.name", "prospect.phone", "prospect.segment", "account.x_contract_end", "account.status",
		"account.revenue", "account.x_discount", "account.confidential_note",
	}
	for _, c := range []struct {
		profile bridge.Profile
		person  bridge.PersonID
		team    string
		want    string // y or n for each of fields
	}{
		{"caller", "camille", "plateau", "yynnnnnn"},
		{"supervisor", "sophie", "plateau", "yyyyynnn"},
		{"sales", "claire", "terrain", "yyyyyyyn"},
		{"marketing", "maud", "marketing", "yyyynnnn"},
		{"direction", "denis", "direction", "yyyyyyyy"},
		{"dpo", "nadia", "direction", "nynnnnnn"},
	} {
		who := policy.Subject{Person: c.person, Team: c.team, Connection: "phoning.console", Profile: c.profile}
		mask := p.ReadMask(who, record)
		got := ""
		for _, f := range fields {
			if mask.Has(f) {
				got += "y"
			} else {
				got += "n"
			}
		}
		if got != c.want {
			t.Errorf("%s reads %v: %s, want %s", c.profile, fields, got, c.want)
		}
	}
}

func TestPrepareKeepsWhatPeopleHave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, _, err := prepare(dir, "", 3, aDay)
	if err != nil {
		t.Fatal(err)
	}
	before := map[string]string{}
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if err := os.WriteFile(f.path(policyName), []byte("# mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	paths := []string{f.config(), f.path(policyName), f.prospects()}
	for _, p := range cast {
		paths = append(paths, f.path(tokensName, p.id))
		info, err := os.Stat(f.path(tokensName, p.id))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("token of %s: %v, %v", p.id, info.Mode(), err)
		}
	}
	for _, path := range paths {
		before[path] = read(path)
	}
	if _, isNew, err := prepare(dir, "127.0.0.1:1", 9, aDay); err != nil || isNew {
		t.Fatalf("new %v, %v", isNew, err)
	}
	for path, text := range before {
		if read(path) != text {
			t.Errorf("%s has changed", path)
		}
	}
}

func TestPrepareFinishesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, _, err := prepare(dir, "", 3, aDay)
	if err != nil {
		t.Fatal(err)
	}
	token, _ := f.token(visitorCaller)
	for _, path := range []string{f.config(), f.path(policyName)} { // the last ones made
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(f.path(tempPrefix+"123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, isNew, err := prepare(dir, "", 3, aDay); err != nil || !isNew {
		t.Fatalf("new %v, %v", isNew, err)
	}
	if again, _ := f.token(visitorCaller); again != token || !exists(f.path(policyName)) {
		t.Errorf("token %q, want %q as before", again, token)
	}
}

func TestPrepareLeavesOthersFoldersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := folder(dir)
	if err := os.WriteFile(f.path("these.docx"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := prepare(dir, "", 3, aDay)
	if err == nil || !strings.Contains(err.Error(), "these.docx") || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("error %v", err)
	}
	if exists(f.path(tokensName)) {
		t.Error("something was made there")
	}
}

func TestWeekday(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "2026-11-23", 5: "2026-11-27", 6: "2026-11-30"} {
		if got := weekday(aDay, n).Format(time.DateOnly); got != want {
			t.Errorf("working day %d after %s is %s, want %s", n, aDay.Format(time.DateOnly), got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"http://a:1/v1": "http://a:1/v1", "l'accueil": `'l'\''accueil'`, "": "''", "a b": "'a b'"} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
}

// TestLintOfTheDemo holds the demo to what the product tells others.
func TestLintOfTheDemo(t *testing.T) {
	t.Parallel()
	cfg, p := loadFolder(t, "")
	for _, a := range p.Lint(cfg.PolicyFile, "en", &policy.Users{People: cfg.People}) {
		t.Error(a)
	}
	if err := cfg.CheckClasses(); err != nil {
		t.Error(err)
	}
}
