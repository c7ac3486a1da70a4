package sheet

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	cases := []struct {
		typ        bridge.FieldType
		cell, want string
	}{
		{bridge.Text, "  Été\u00a0", "Été"},
		{bridge.Text, "E\u0301te\u0301", "Été"},
		{bridge.Text, "'=SOMME(A1)", "=SOMME(A1)"},
		{bridge.Text, "'été", "'été"},
		{bridge.Phone, " 01.02.03.04.05 ", "01.02.03.04.05"},
		{bridge.Phone, "+33 (0)1 02", "+33 (0)1 02"},
		{bridge.Email, " Anne@Exemple.FR", "anne@exemple.fr"},
		{bridge.Integer, "1 234", "1234"},
		{bridge.Integer, "1\u202f234,00", "1234"},
		{bridge.Integer, "-7", "-7"},
		{bridge.Integer, "12,5", "12,5"},
		{bridge.Integer, "une dizaine", "une dizaine"},
		{bridge.Decimal, "1 234,50 €", "1234.5"},
		{bridge.Decimal, "1,234.50", "1234.5"},
		{bridge.Decimal, "1.234,50", "1234.5"},
		{bridge.Decimal, "1.234.567", "1234567"},
		{bridge.Decimal, "1,234,567", "1234567"},
		{bridge.Decimal, "env. 100", "env. 100"},
		{bridge.Boolean, "OUI", "true"},
		{bridge.Boolean, "x", "true"},
		{bridge.Boolean, "N", "false"},
		{bridge.Boolean, "Faux", "false"},
		{bridge.Boolean, "peut-être", "peut-être"},
		{bridge.Date, "22/11/2026", "2026-11-22"},
		{bridge.Date, "2/1/2026", "2026-01-02"},
		{bridge.Date, "22.11.26", "2026-11-22"},
		{bridge.Date, "2026/11/22", "2026-11-22"},
		{bridge.Date, "22/11/2026 00:00", "2026-11-22"},
		{bridge.Date, "32/11/2026", "32/11/2026"},
		{bridge.DateTime, "22/11/2026 09:30", "2026-11-22T08:30:00Z"},
		{bridge.DateTime, "22/07/2026 à 9h30", "2026-07-22T07:30:00Z"},
		{bridge.DateTime, "22/07/2026 à 09h30", "2026-07-22T07:30:00Z"},
		{bridge.DateTime, "2026-07-22T09:30:00+02:00", "2026-07-22T07:30:00Z"},
		{bridge.DateTime, "22/11/2026", "2026-11-21T23:00:00Z"},
	}
	for _, c := range cases {
		if got := canonical(bridge.FieldDef{Name: "prospect.x_a", Type: c.typ}, c.cell, paris(t)); string(got) != c.want {
			t.Errorf("%s %q reads as %q, want %q", c.typ, c.cell, got, c.want)
		}
	}
}

func TestManner(t *testing.T) {
	t.Parallel()
	cases := []struct {
		typ                bridge.FieldType
		like, value, wants string
	}{
		{bridge.Boolean, "Non", "true", "Oui"},
		{bridge.Boolean, "OUI", "false", "NON"},
		{bridge.Boolean, "0", "true", "1"},
		{bridge.Boolean, "X", "true", "X"},
		{bridge.Boolean, "x", "false", "false"}, // an empty cell would say nothing
		{bridge.Boolean, "vrai", "false", "faux"},
		{bridge.Boolean, "peut-être", "true", "true"},
		{bridge.Date, "1.2.2026", "2026-11-05", "5.11.2026"},
		{bridge.Date, "01/02/26", "2026-11-05", "05/11/26"},
		{bridge.Date, "01/02/26", "1950-11-05", "1950-11-05"}, // two digits would be another century
		{bridge.Date, "hier", "2026-11-05", "2026-11-05"},
		{bridge.DateTime, "01/02/2026 08:00", "2026-07-05T06:30:00Z", "05/07/2026 08:30"},
		{bridge.Decimal, "1 234,5", "1234567.25", "1 234 567,25"},
		{bridge.Decimal, "0,5", "-1234.5", "-1234,5"},
		{bridge.Decimal, "12", "1234.5", "1234.5"},
		{bridge.Decimal, "12,00 €", "1234.5", "1234,5"},
		{bridge.Integer, "1\u00a0000", "-123456", "-123\u00a0456"},
		{bridge.Text, "x", "+ tôt", "'+ tôt"},
		{bridge.Phone, "x", "+33612345678", "+33612345678"},
	}
	for _, c := range cases {
		def := bridge.FieldDef{Name: "prospect.x_a", Type: c.typ}
		m, _ := mannerOf(c.typ, c.like, paris(t))
		if got := m.format(def, bridge.Value(c.value), paris(t)); got != c.wants {
			t.Errorf("%s like %q: %q is written %q, want %q", c.typ, c.like, c.value, got, c.wants)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, h := range []string{"Téléphone fixe", "\ufeff TELEPHONE\u00a0FIXE ", "te\u0301le\u0301phone  fixe", "Téléphone\nfixe"} {
		if got := fold(h); got != "telephone fixe" {
			t.Errorf("%q folds to %q", h, got)
		}
	}
	if fold("chiffre d’affaires") != fold("Chiffre d'affaires") {
		t.Error("apostrophes differ")
	}
}

// values draws canonical values of a type, odd ones among them.
func values(typ bridge.FieldType) *rapid.Generator[string] {
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`['=+@-]{0,3}[ a-zé0-9;,"\n\r\t]{0,12}`))
	switch typ {
	case bridge.Integer:
		return rapid.StringMatching(`-?[0-9]{1,18}`)
	case bridge.Decimal:
		return rapid.StringMatching(`-?[0-9]{1,9}(\.[0-9]{1,6})?`)
	case bridge.Boolean:
		return rapid.SampledFrom([]string{"true", "false"})
	case bridge.Date:
		return rapid.Custom(func(t *rapid.T) string {
			return time.Unix(rapid.Int64Range(-4e9, 8e9).Draw(t, "unix"), 0).UTC().Format(time.DateOnly)
		})
	case bridge.DateTime:
		return rapid.Custom(func(t *rapid.T) string {
			return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "unix"), 0).UTC().Format(time.RFC3339)
		})
	}
	return texts
}

// TestWrittenValuesReadBack: whatever a column looks like, what is written
// there reads back as the same value.
func TestWrittenValuesReadBack(t *testing.T) {
	t.Parallel()
	zone := paris(t)
	samples := []string{
		"", "oui", "NON", "x", "1", "Yes", "22/11/2026", "2.1.2026", "01/02/26", "2026-11-22 10:00:00", "22/11/2026 à 10h00",
		"1 234,5", "1\u202f000", "0.5", "12 €", "n'importe quoi",
	}
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(bridge.FieldTypes()).Draw(t, "type")
		def := bridge.FieldDef{Name: "prospect.x_a", Type: typ}
		v, err := def.Parse(values(typ).Draw(t, "value"))
		if err != nil {
			t.Skip()
		}
		m, _ := mannerOf(typ, rapid.SampledFrom(samples).Draw(t, "like"), zone)
		text := m.format(def, v, zone)
		if got := canonical(def, text, zone); !same(got, v) {
			t.Fatalf("%q was written %q and reads %q", v, text, got)
		}
		if strings.HasPrefix(text, "=") || strings.HasPrefix(text, "@") {
			t.Fatalf("%q would be a formula", text)
		}
	})
}

func FuzzForms(f *testing.F) {
	for _, s := range []string{"01.02.03.04.05", "+33 (0)6 12", "22/11/2026", "2.1.26", "1 234,50 €", "1.234.567,8", "OUI", "✓", "'=1", "''=1", "\u00a0-", "22/11/2026 à 09h30", "1e5", "\xff"} {
		f.Add(s)
	}
	zone := paris(f)
	f.Fuzz(func(t *testing.T, cell string) {
		for _, typ := range bridge.FieldTypes() {
			def := bridge.FieldDef{Name: "prospect.x_a", Type: typ}
			v := canonical(def, cell, zone)
			if strings.HasPrefix(string(v), "'") {
				continue // an apostrophe of a person's is told from ours by one more
			}
			if again := canonical(def, string(v), zone); !same(again, v) {
				t.Errorf("%s: %q reads as %q, which reads as %q", typ, cell, v, again)
			}
			m, _ := mannerOf(typ, cell, zone)
			if got := canonical(def, m.format(def, v, zone), zone); !same(got, v) {
				t.Errorf("%s: %q, written back in its own manner, reads as %q", typ, v, got)
			}
		}
	})
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		frenchFile, bom + "\"id\",\"a\"\n\"1\",\"x \"\"y\"\"\"", "sep=;\r\nid;a\r\n1;\r\n", "id\ta\n\n1\t2\n", "id,a\n1,\"two\nlines\"\n",
		"id;a\n1;b;;\n2\n", "id|a\n1|\"b\"c\n", "id,a\n1,\"", "\n\n", "",
	} {
		f.Add([]byte(s), false)
	}
	f.Add([]byte("id;Soci\xe9t\xe9\r\n1;\x80\x81\r\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, latin bool) {
		file, err := parseCSV("a.csv", data, csvOptions{latin: latin})
		if err != nil {
			return
		}
		out, err := file.encode()
		if err != nil || string(out) != string(data) {
			t.Fatalf("unchanged, %q is written %q (%v)", data, out, err)
		}
		rewriteAll(t, file, latin)
	})
}

// rewriteAll sets every cell to what it holds, adds a column, and expects to
// read the same.
func rewriteAll(t *testing.T, file *csvFile, latin bool) {
	t.Helper()
	col, err := file.addColumn("nouvelle")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for row := range file.rows() {
		if file.blank(row) {
			continue
		}
		for c := range col {
			file.set(row, c, file.text(row, c, bridge.Text), bridge.Text)
		}
		file.set(row, col, "é;,\t|\"\n=", bridge.Text)
		for c := range file.width {
			want = append(want, file.text(row, c, bridge.Text))
		}
	}
	out, err := file.encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := parseCSV("a.csv", out, csvOptions{comma: file.comma, latin: latin})
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%q", err, out)
	}
	var got []string
	for row := range again.rows() {
		if again.blank(row) {
			continue
		}
		for c := range again.width {
			got = append(got, again.text(row, c, bridge.Text))
		}
	}
	if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
		t.Errorf("wrote %q, read %q", want, got)
	}
}
