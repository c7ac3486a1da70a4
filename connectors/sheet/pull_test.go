package sheet

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/test/golden"
)

func (f *folder) pull(req connector.PullRequest) connector.Page {
	f.t.Helper()
	page, err := f.conn.Pull(context.Background(), req)
	if err != nil {
		f.t.Fatal(err)
	}
	return page
}

func ids(prospects []bridge.Prospect) string {
	var out []string
	for _, p := range prospects {
		out = append(out, p.Ref.ID)
	}
	return strings.Join(out, " ")
}

func TestPullReadsWhatPeopleType(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	asked := append(f.fields.Names(), "prospect.city", "prospect.attempts")
	page := f.pull(connector.PullRequest{Fields: asked})
	want := bridge.Prospect{
		Ref: ref("1"), ReadAt: moment,
		Fields: map[bridge.FieldName]bridge.Value{
			"account.name": "Durand SA", "prospect.phone": "01.02.03.04.05", "prospect.do_not_call": "false", "prospect.comment": "",
			"prospect.score": "12", "account.revenue": "1234.5", "prospect.x_since": "2025-11-22", "prospect.x_seen": "2026-10-03T12:05:00Z",
		},
	}
	if diff := cmp.Diff(want, page.Prospects[0]); diff != "" {
		t.Error(diff)
	}
	if got := page.Prospects[1].Fields["prospect.comment"]; got != `rappeler; "vite"` {
		t.Errorf("got %q", got)
	}
	if page.More || !page.Whole || ids(page.Prospects) != "1 2 3" {
		t.Errorf("got %+v", page)
	}
	only := f.pull(connector.PullRequest{Fields: []bridge.FieldName{"prospect.phone"}, Limit: 1})
	if len(only.Prospects) != 1 || len(only.Prospects[0].Fields) != 1 || !only.More || only.Whole {
		t.Errorf("got %+v", only)
	}
}

func TestPullSelects(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(call("OP1", "2", 1, "busy"))
	cases := []struct{ selection, want string }{
		{"", "1 2 3"},
		{"Libre=x", "1"},
		{"libre = X ", "1"},
		{"account.name=Été && fils", "2"},
		{"SOCIETE=Été && fils", "2"},
		{"ne pas appeler=true", "2"},
		{"prospect.do_not_call=oui&Libre=y", "2"},
		{"prospect.do_not_call=oui&Libre=x", ""},
		{"Commentaire=", "1 3"},
		{"prospect.attempts=1", "2"},
		{"CA=1234,50", "1"},
	}
	for _, c := range cases {
		if got := ids(f.pull(connector.PullRequest{Selection: c.selection}).Prospects); got != c.want {
			t.Errorf("%q selects %q, want %q", c.selection, got, c.want)
		}
	}
	for selection, words := range map[string]string{"Ville=Lyon": "no column «Ville»", "Libre": "header=value"} {
		_, err := f.conn.Pull(context.Background(), connector.PullRequest{Selection: selection})
		if e := fault.Of(err); err == nil || e.Kind != fault.Rejected || !strings.Contains(e.Error(), words) {
			t.Errorf("%q: %v", selection, err)
		}
	}
}

func numbered(n int) string {
	var b strings.Builder
	b.WriteString("id;Société;Téléphone\n")
	for i := range n {
		fmt.Fprintf(&b, "%d;Société %d;010203%04d\n", i+1, i+1, i)
	}
	return b.String()
}

func TestPullGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", numbered(23))
	var got []string
	cursor := ""
	for i := 0; ; i++ {
		page := f.pull(connector.PullRequest{Cursor: cursor, Limit: 5})
		got = append(got, ids(page.Prospects))
		if !page.More {
			break
		}
		cursor = page.Cursor
		switch i {
		case 1:
			f.must(call("OP1", "3", 1, "busy")) // our own writes do not move rows
		case 2:
			f.reopen()
		case 3:
			f.write("prospects.csv", strings.Replace(f.read("prospects.csv"), "Société 3;", "Autre;", 1)) // nor does a cell edited
		}
	}
	want := "1 2 3 4 5|6 7 8 9 10|11 12 13 14 15|16 17 18 19 20|21 22 23"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got %s", s)
	}
}

func TestPullStartsAgainWhenRowsMoved(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", numbered(9))
	page := f.pull(connector.PullRequest{Limit: 4})
	f.write("prospects.csv", strings.Replace(numbered(9), "2;Société 2;0102030001\n", "", 1))
	var got []string
	for page.More {
		page = f.pull(connector.PullRequest{Limit: 4, Cursor: page.Cursor})
		got = append(got, ids(page.Prospects))
	}
	if s := strings.Join(got, "|"); s != "1 3 4 5|6 7 8 9" || !page.Whole {
		t.Errorf("got %s", s)
	}
	for _, cursor := range []string{"x", ".", "x.-3", strings.Repeat("9", 99)} {
		if got := ids(f.pull(connector.PullRequest{Cursor: cursor, Limit: 1}).Prospects); got != "1" {
			t.Errorf("cursor %q: %q", cursor, got)
		}
	}
}

func TestPullLeavesOutWhatIsNotOneProspect(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", "id;Société;Téléphone\n1;A;\n;sans id;\n2;B;\n\n;;\n2;C;\n3;D\n")
	if got := ids(f.pull(connector.PullRequest{}).Prospects); got != "1 3" {
		t.Errorf("got %q", got)
	}
}

func TestUnreadableFilesAreNamed(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, content, words string }{
		{"empty", "", "needs a first line"},
		{"no id", "nom;Société\n1;a\n", "write `id: <header>` in the settings"},
		{"two ids", "id;ID \n1;a\n", "more than one column «id»"},
		{"too many cells", "id;Société\n1;a\n2;b;c\n", "prospects.csv, line 3: 3 cells where the header has 2"},
		{"text after a quote", "id;Société\n1;\"a\"b\n", "prospects.csv, line 2: text follows a closing quote"},
		{"open quote", "id;Société\n1;a\n2;\"b\n3;c\n", "prospects.csv, line 3: a quote is opened"},
		{"windows-1252", "id;Soci\xe9t\xe9\n1;a\n", "line 1: not UTF-8: write `encoding: windows-1252`"},
		{"windows-1252 further down", "id;x\n1;a\n2;\xe9\n", "line 3: not UTF-8"},
		{"UTF-16", "\xff\xfei\x00d\x00", "UTF-16"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t, "prospects.csv", c.content)
			_, err := f.conn.Pull(context.Background(), connector.PullRequest{})
			if e := fault.Of(err); err == nil || e.Kind != fault.Unavailable || !strings.Contains(e.Error(), c.words) {
				t.Errorf("got %v", err)
			}
			f.refused(call("OP1", "1", 1, "busy"), fault.Unavailable, c.words)
			if f.read("prospects.csv") != c.content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestDialectsStay(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, settings, content, want string }{
		{
			"byte order mark, quotes, no last line end", "",
			bom + "\"id\",\"Société\",\"Téléphone\"\n\"1\",\"A, B\",\"01\"",
			bom + "\"id\",\"Société\",\"Téléphone\",\"last_disposition\",\"attempts\",\"prospect_status\"\n\"1\",\"A, B\",\"01\",\"busy\",\"1\",",
		},
		{
			"tabs and blank lines", "",
			"\nid\tSociété\tTéléphone\r\n1\tA\t01\r\n\r\n2\tB\r\n",
			"\nid\tSociété\tTéléphone\tlast_disposition\tattempts\tprospect_status\r\n1\tA\t01\tbusy\t1\t\r\n\r\n2\tB\t\t\t\t\r\n",
		},
		{
			"Excel's first line", "",
			"sep=;\r\nid;Société;Téléphone\r\n1;A,B;01\r\n",
			"sep=;\r\nid;Société;Téléphone;last_disposition;attempts;prospect_status\r\n1;A,B;01;busy;1;\r\n",
		},
		{
			"windows-1252", "\nencoding: windows-1252",
			"id;Soci\xe9t\xe9;T\xe9l\xe9phone\r\n1;\x8cuvre \x80;01\r\n",
			"id;Soci\xe9t\xe9;T\xe9l\xe9phone;last_disposition;attempts;prospect_status\r\n1;\x8cuvre \x80;01;busy;1;\r\n",
		},
		{
			"delimiter given, headers typed carelessly", "\ndelimiter: \"|\"\nid: Réf.",
			"\u00a0REF. |societe|Telephone \n 1 |a;b;c;d;e|01\n",
			"\u00a0REF. |societe|Telephone |last_disposition|attempts|prospect_status\n 1 |a;b;c;d;e|01|busy|1|\n",
		},
		{
			"columns there already", "",
			"attempts;id;Last_Disposition;Société\n;1;;A\n",
			"attempts;id;Last_Disposition;Société;prospect_status\n1;1;busy;A;\n",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t, "prospects.csv", c.content)
			f.settings += c.settings
			f.reopen()
			f.must(call("OP1", "1", 1, "busy"))
			if diff := cmp.Diff(c.want, f.read("prospects.csv")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEncodingThatCannotHoldAValue(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", "id;Soci\xe9t\xe9;Commentaire\n1;A;b\n")
	f.settings += "\nencoding: windows-1252"
	f.reopen()
	f.refused(fields("OP1", "1", change("account.name", "A", "Z"), change("prospect.comment", "b", "日本")), fault.Rejected, "windows-1252", "line 2", "«Commentaire»")
	f.must(fields("OP2", "1", change("account.name", "A", "Œuvre €")))
	if got := f.read("prospects.csv"); !strings.Contains(got, "\x8cuvre \x80") {
		t.Errorf("got %q", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	if err := f.conn.Check(context.Background()); err != nil {
		t.Errorf("a good folder: %v", err)
	}
	f.fields["prospect.email"], f.fields["prospect.city"] = "Courriel", "Ville"
	f.write("prospects.csv", frenchFile+"2;encore\r\n;sans id\r\n2;toujours\r\n")
	f.write("appointments.csv", "id,prospect_id,start_local,zone,salesperson,validated_by\nm1,1,demain,Europe/Paris,bob,eve\nm2,1,2026-12-01T10:00:00,Paris,bob,eve\n")
	f.write("activities.csv", "a,b\n")
	f.reopen()
	before := f.read("prospects.csv")
	err := f.conn.Check(context.Background())
	if fault.Of(err).Kind != fault.Rejected {
		t.Errorf("got %v", err)
	}
	golden.File(t, "testdata/check.txt", err.Error()+"\n")
	if f.read("prospects.csv") != before || f.read("activities.csv") != "a,b\n" {
		t.Error("a check changed a file")
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	for settings, words := range map[string]string{
		"delimiter: x":                               "delimiter",
		"encoding: utf-16":                           "encoding",
		"sheet: Feuil1":                              "sheet",
		"{prospects: a.xlsx, delimiter: ';'}":        "delimiter",
		"{prospects: a.XLSX, encoding: utf-8}":       "encoding",
		"prospect: typo.csv":                         "prospect",
		"{prospects: a.csv, folder: {a: b}, id: nr}": "folder",
	} {
		f.settings = settings
		if _, err := f.open(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", settings, err)
		}
	}
}
