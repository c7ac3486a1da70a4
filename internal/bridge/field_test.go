package bridge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
)

func def(t bridge.FieldType) bridge.FieldDef {
	d := bridge.FieldDef{Name: "prospect.x_field", Type: t}
	if t == bridge.Enum {
		d.Values = []string{"gold", "silver"}
	}
	return d
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind    bridge.FieldType
		text    string
		want    bridge.Value
		refusal string
	}{
		{bridge.Text, "  Élodie \n", "Élodie", ""},
		{bridge.Text, " \t ", "", ""},
		{bridge.Text, "a\xffb", "a\uFFFDb", ""},
		{bridge.Text, strings.Repeat("x", bridge.MaxValue), bridge.Value(strings.Repeat("x", bridge.MaxValue)), ""},
		{bridge.Text, strings.Repeat("x", bridge.MaxValue+1), "", "longer than 65536 bytes"},
		{bridge.Phone, " 01 23 45 67 89 ", "01 23 45 67 89", ""},
		{bridge.Email, " Élodie@Example.FR ", "élodie@example.fr", ""},
		{bridge.Integer, "+007", "7", ""},
		{bridge.Integer, "-0", "0", ""},
		{bridge.Integer, "12345678901234567890123", "12345678901234567890123", ""},
		{bridge.Integer, "1.5", "", "not a whole number"},
		{bridge.Integer, "0x10", "", "not a whole number"},
		{bridge.Integer, strings.Repeat("9", 41), "", "not a whole number"},
		{bridge.Decimal, "1 234,50", "1234.5", ""},
		{bridge.Decimal, "1\u202f234\u00a0567,00", "1234567", ""},
		{bridge.Decimal, "-0.0", "0", ""},
		{bridge.Decimal, "-0.0000000000000000000000001", "-0.0000000000000000000000001", ""},
		{bridge.Decimal, ".5", "0.5", ""},
		{bridge.Decimal, "5.", "5", ""},
		{bridge.Decimal, "010", "10", ""},
		{bridge.Decimal, ".", "", "not a number"},
		{bridge.Decimal, "-", "", "not a number"},
		{bridge.Decimal, "1.234,50", "", "not a number"},
		{bridge.Decimal, "1e3", "", "not a number"},
		{bridge.Decimal, "0b101", "", "not a number"},
		{bridge.Decimal, "1/3", "", "not a number"},
		{bridge.Decimal, "NaN", "", "not a number"},
		{bridge.Boolean, "Oui", "true", ""},
		{bridge.Boolean, "0", "false", ""},
		{bridge.Boolean, "peut-être", "", "not yes or no"},
		{bridge.Date, "2026-11-22", "2026-11-22", ""},
		{bridge.Date, "22/11/2026", "2026-11-22", ""},
		{bridge.Date, "2/1/2026", "2026-01-02", ""},
		{bridge.Date, "2026-02-30", "", "not a date like 2026-11-22"},
		{bridge.DateTime, "2026-11-22T10:30:00+01:00", "2026-11-22T09:30:00Z", ""},
		{bridge.DateTime, "2026-11-22T09:30:00.987Z", "2026-11-22T09:30:00Z", ""},
		{bridge.DateTime, "9999-12-31T23:59:59-01:00", "", "not a time like 2026-11-22T09:30:00Z"},
		{bridge.DateTime, "0000-01-01T00:00:00+01:00", "", "not a time like 2026-11-22T09:30:00Z"},
		{bridge.DateTime, "2026-11-22 09:30", "", "not a time like 2026-11-22T09:30:00Z"},
		{bridge.Enum, "gold", "gold", ""},
		{bridge.Enum, "bronze", "", "not one of gold, silver"},
	} {
		got, err := def(c.kind).Parse(c.text)
		said := ""
		if err != nil {
			said = strings.TrimPrefix(err.Error(), "prospect.x_field: ")
		}
		if got != c.want || said != c.refusal {
			t.Errorf("%s %.60q: %.60q, %q; want %.60q, %q", c.kind, c.text, got, said, c.want, c.refusal)
		}
	}
}

func TestHeld(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind bridge.FieldType
		text string
		want bridge.Value
	}{
		{bridge.Text, " 12.0 ", "12.0"},
		{bridge.Integer, "12.000", "12"},
		{bridge.Integer, " 12 ", "12"},
		{bridge.Integer, "12.5", "12.5"},
		{bridge.Integer, " many ", "many"},
		{bridge.Decimal, "777.00000000", "777"},
		{bridge.Email, "A@B.example ", "a@b.example"},
		{bridge.Enum, "bronze", "bronze"},
	} {
		if got := def(c.kind).Held(c.text); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.kind, c.text, got, c.want)
		}
	}
}

func TestAFieldThatIsNotKnownIsAText(t *testing.T) {
	t.Parallel()
	for name, want := range map[bridge.FieldName]bridge.FieldType{"account.headcount": bridge.Integer, "prospect.x_unheard_of": bridge.Text} {
		if d := bridge.Standard().DefOrText(name); d.Name != name || d.Type != want {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestAnEnumWithoutValuesTakesAnyText(t *testing.T) {
	t.Parallel()
	d := bridge.FieldDef{Name: "prospect.x_field", Type: bridge.Enum}
	if got, err := d.Parse(" any "); got != "any" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// refusals are all that Parse may say of a field of a type: nothing of the text.
var refusals = map[bridge.FieldType]string{
	bridge.Integer: "not a whole number", bridge.Decimal: "not a number", bridge.Boolean: "not yes or no",
	bridge.Date: "not a date like 2026-11-22", bridge.DateTime: "not a time like 2026-11-22T09:30:00Z", bridge.Enum: "not one of gold, silver",
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", " ", "Élodie", "İ@EXAMPLE.com", "\xff\xfe", "-0", "+7", "1 234,50", "-0.00000000000000000000000001", "0b1", "010", "1e9",
		"oui", "FAUX", "2026-11-22", "31.12.1999", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-22T10:30:00.5+01:00", "gold",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range bridge.FieldTypes() {
			d := def(kind)
			got, err := d.Parse(text)
			if err != nil {
				said := strings.TrimPrefix(err.Error(), string(d.Name)+": ")
				if said != refusals[kind] && said != "longer than 65536 bytes" {
					t.Errorf("%s says %q", kind, said)
				}
				if got != "" {
					t.Errorf("%s: refused, and yet %q", kind, got)
				}
				continue
			}
			again, err := d.Parse(string(got))
			if err != nil || again != got {
				t.Errorf("%s: %q was parsed to %q, and that to %q (%v)", kind, text, got, again, err)
			}
		}
	})
}

func TestLabel(t *testing.T) {
	t.Parallel()
	both := bridge.FieldDef{Name: "prospect.phone", EN: "Phone", FR: "Téléphone"}
	for _, c := range []struct {
		d          bridge.FieldDef
		lang, want string
	}{
		{both, "fr", "Téléphone"}, {both, "en", "Phone"}, {both, "", "Phone"},
		{bridge.FieldDef{Name: "prospect.x_a", EN: "A"}, "fr", "A"},
		{bridge.FieldDef{Name: "prospect.x_a", FR: "Â"}, "en", "prospect.x_a"},
	} {
		if got := c.d.Label(c.lang); got != c.want {
			t.Errorf("%s in %q is %q, want %q", c.d.Name, c.lang, got, c.want)
		}
	}
}

func TestCatalogWith(t *testing.T) {
	t.Parallel()
	base := bridge.Standard()
	for _, c := range []struct {
		name string
		d    bridge.FieldDef
		want bridge.FieldDef // zero: refused
		err  string
	}{
		{"own field", bridge.FieldDef{Name: "prospect.x_balance"},
			bridge.FieldDef{Name: "prospect.x_balance", Type: bridge.Text, Class: bridge.Confidential}, ""},
		{"own field in full", bridge.FieldDef{Name: "account.x_tier", Type: bridge.Enum, Class: bridge.Commercial, Values: []string{"a"}, EN: "Tier", FR: "Rang"},
			bridge.FieldDef{Name: "account.x_tier", Type: bridge.Enum, Class: bridge.Commercial, Values: []string{"a"}, EN: "Tier", FR: "Rang"}, ""},
		{"a standard field's class", bridge.FieldDef{Name: "prospect.phone", Class: bridge.Confidential},
			bridge.FieldDef{Name: "prospect.phone", Type: bridge.Phone, Class: bridge.Confidential, EN: "Phone", FR: "Téléphone"}, ""},
		{"a standard field's type", bridge.FieldDef{Name: "prospect.phone", Type: bridge.Text}, bridge.FieldDef{}, `field "prospect.phone": its type is phone everywhere`},
		{"no x_", bridge.FieldDef{Name: "prospect.balance"}, bridge.FieldDef{}, `field "prospect.balance": not a standard field; your own are named prospect.x_balance`},
		{"no object", bridge.FieldDef{Name: "balance"}, bridge.FieldDef{}, `field "balance": a name is object.field in lower case`},
		{"an object that is none", bridge.FieldDef{Name: "person.x_a"}, bridge.FieldDef{}, `field "person.x_a": a name is object.field in lower case`},
		{"capitals", bridge.FieldDef{Name: "prospect.x_Balance"}, bridge.FieldDef{}, `field "prospect.x_Balance": a name is object.field in lower case`},
		{"a type that is none", bridge.FieldDef{Name: "prospect.x_a", Type: "money"}, bridge.FieldDef{}, `field "prospect.x_a": type "money" is none of`},
		{"a class that is none", bridge.FieldDef{Name: "prospect.x_a", Class: "secret"}, bridge.FieldDef{}, `field "prospect.x_a": class "secret" is none of`},
	} {
		got, err := base.With(c.d)
		if c.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", c.name, err, c.err)
			}
			if diff := cmp.Diff(base.Names(), got.Names()); diff != "" {
				t.Errorf("%s: refused, and yet changed:\n%s", c.name, diff)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		d, _ := got.Def(c.d.Name)
		if diff := cmp.Diff(c.want, d); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if !slices.IsSorted(got.Names()) || !slices.Contains(got.Names(), c.d.Name) {
			t.Errorf("%s: names %v", c.name, got.Names())
		}
	}
	if d, _ := base.Def("prospect.phone"); d.Class != bridge.Personal {
		t.Error("With changed the catalog that it was asked of")
	}
}

func TestStandardFieldsAreWhole(t *testing.T) {
	t.Parallel()
	c := bridge.Standard()
	for _, name := range c.Names() {
		d, ok := c.Def(name)
		if !ok || d.Name != name || d.EN == "" || d.FR == "" {
			t.Errorf("%s: %+v", name, d)
		}
		if !slices.Contains(bridge.FieldTypes(), d.Type) || !slices.Contains(bridge.Classes(), d.Class) || !slices.Contains(bridge.Objects(), name.Object()) {
			t.Errorf("%s: type %q, class %q, object %q", name, d.Type, d.Class, name.Object())
		}
	}
}
