package calling

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const mobile = Number("+33612345678")
	cases := []struct {
		name, raw, region string
		want              Number
	}{
		{"spaces", "06 12 34 56 78", "FR", mobile},
		{"dots", "06.12.34.56.78", "FR", mobile},
		{"dashes", "06-12-34-56-78", "FR", mobile},
		{"long dashes", "06–12–34–56–78", "FR", mobile},
		{"slashes", "06/12/34/56/78", "FR", mobile},
		{"commas", "06,12,34,56,78", "FR", mobile},
		{"underscores", "06_12_34_56_78", "FR", mobile},
		{"no-break and narrow spaces", "06\u00a012\u202f34\u200956\u300078", "FR", mobile},
		{"invisible direction marks", "\u202a+33612345678\u202c", "FR", mobile},
		{"full-width digits", "０６１２３４５６７８", "FR", mobile},
		{"international", "+33 6 12 34 56 78", "FR", mobile},
		{"international with (0)", "+33 (0)6 12 34 56 78", "FR", mobile},
		{"international with the country in brackets", "(+33) 6 12 34 56 78", "FR", mobile},
		{"international with a 0 too many", "+330612345678", "FR", mobile},
		{"international, no region known", "+33612345678", "", mobile},
		{"00 for +", "0033 6 12 34 56 78", "FR", mobile},
		{"00 for + with (0)", "0033 (0) 612345678", "FR", mobile},
		{"country code without +", "33612345678", "FR", mobile},
		{"lost leading zero", "612345678", "FR", mobile},
		{"region in lower case", "0612345678", "fr", mobile},
		{"spreadsheet: text mark", "'0612345678", "FR", mobile},
		{"spreadsheet: formula", "=+33612345678", "FR", mobile},
		{"spreadsheet: float", "612345678.0", "FR", mobile},
		{"spreadsheet: scientific", "6.12345678E8", "FR", mobile},
		{"spreadsheet: scientific in French", "6,12345678E+08", "FR", mobile},
		{"spreadsheet: scientific with country code", "3.3612345678E+10", "FR", mobile},
		{"label before", "Tél. : 06 12 34 56 78", "FR", mobile},
		{"label after", "06 12 34 56 78 (bureau)", "FR", mobile},
		{"uri", "tel:+33612345678", "FR", mobile},
		{"extension", "01 23 45 67 89 poste 12", "FR", "+33123456789"},
		{"extension in English", "01 23 45 67 89 ext. 12", "FR", "+33123456789"},
		{"foreign", "+32 2 555 12 12", "FR", "+3225551212"},
		{"Italy keeps its zero", "06 6982 0000", "IT", "+390669820000"},
		{"Guadeloupe", "0690 12 34 56", "FR", "+590690123456"},
		{"Martinique, landline", "0596 71 23 45", "FR", "+596596712345"},
		{"Martinique under the mainland's code", "+33 596 71 23 45", "", "+596596712345"},
		{"La Réunion", "0692 12 34 56", "FR", "+262692123456"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(c.raw, c.region)
			if err != nil || got != c.want {
				t.Errorf("Parse(%q, %q) = %q, %v; want %q", c.raw, c.region, got, err, c.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, raw, region, says string }{
		{"empty", "  ", "FR", "no digits"},
		{"words", "n/a", "FR", "no digits"},
		{"too short", "3615", "FR", "nobody"},
		{"too long", "0612345678901234567", "FR", "too long"},
		{"nobody's", "00 00 00 00 00", "FR", ""},
		{"letters inside", "06 12 EE 56 78", "FR", "letters"},
		{"two numbers", "0612345678 0712345678", "FR", ""},
		{"national without a region", "0612345678", "", "country"},
		{"spreadsheet cut digits", "6.1234E+08", "FR", "spreadsheet"},
		{"spreadsheet, maybe a last zero", "6.1234567E8", "FR", "spreadsheet"},
		{"spreadsheet, digits too many", "6.123456789E8", "FR", "spreadsheet"},
		{"a SIRET", "732 829 320 00074", "FR", ""},
		{"a date", "12/05/2024", "FR", "nobody"},
		{"a novel", strings.Repeat("06 12 34 56 78 ", 40), "FR", "longer"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(c.raw, c.region)
			if !errors.Is(err, ErrNumber) || got != "" {
				t.Fatalf("Parse(%q) = %q, %v; want %v", c.raw, got, err, ErrNumber)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %q does not say %q", err, c.says)
			}
			if digits := strings.TrimSpace(c.raw); digits != "" && strings.Contains(err.Error(), digits) {
				t.Errorf("error %q holds the text it was given", err)
			}
		})
	}
	if _, err := Parse("0612345678", "FRANCE"); err == nil || errors.Is(err, ErrNumber) {
		t.Errorf("unknown region: %v; want an error that is not about the number", err)
	}
}

func TestParseAll(t *testing.T) {
	t.Parallel()
	a, b := Number("+33612345678"), Number("+33123456789")
	cases := []struct {
		name, raw string
		want      []Number
		bad       bool
	}{
		{"one", "06 12 34 56 78", []Number{a}, false},
		{"one with slashes", "06/12/34/56/78", []Number{a}, false},
		{"semicolon", "0612345678;0123456789", []Number{a, b}, false},
		{"line end", "0612345678\r\n01 23 45 67 89\n", []Number{a, b}, false},
		{"word", "06 12 34 56 78 ou 01 23 45 67 89", []Number{a, b}, false},
		{"slash", "06 12 34 56 78 / 01.23.45.67.89", []Number{a, b}, false},
		{"slash without spaces", "06.12.34.56.78/01.23.45.67.89", []Number{a, b}, false},
		{"comma", "0612345678, 0123456789", []Number{a, b}, false},
		{"dash", "06 12 34 56 78 - 01 23 45 67 89", []Number{a, b}, false},
		{"space", "0612345678 0123456789", []Number{a, b}, false},
		{"labels", "Mob : 0612345678 / Fixe : 0123456789", []Number{a, b}, false},
		{"the same twice", "0612345678; +33 6 12 34 56 78", []Number{a}, false},
		{"one good, one not", "0612345678; demander Paul", []Number{a}, true},
		{"a range is not guessed", "01 23 45 67 89 / 90", nil, true},
		{"empty", " ; ", nil, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseAll(c.raw, "FR")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("ParseAll(%q): %s", c.raw, diff)
			}
			if (err != nil) != c.bad {
				t.Errorf("ParseAll(%q): error %v", c.raw, err)
			}
		})
	}
}

// However people write a number, it is the same number.
func TestParseAnySpelling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		national := rapid.StringMatching(`[67][1-8]`).Filter(func(s string) bool { return s >= "61" && s != "70" && s != "71" && s != "72" }).Draw(t, "start") + rapid.StringMatching(`\d{7}`).Draw(t, "rest")
		want, err := Parse("+33"+national, "")
		if err != nil {
			t.Skip("not a number in use")
		}
		text := rapid.SampledFrom([]string{"0", "", "+33", "0033", "33", "+33 (0)", "+33 0", "(0)"}).Draw(t, "prefix")
		for _, digit := range national {
			text += string(digit) + rapid.SampledFrom([]string{"", "", " ", ".", "-", "\u00a0"}).Draw(t, "gap")
		}
		got, err := Parse(text, "FR")
		if err != nil || got != want {
			t.Fatalf("Parse(%q) = %q, %v; want %q", text, got, err, want)
		}
		if again, err := Parse(string(got), ""); err != nil || again != got {
			t.Fatalf("Parse(%q) = %q, %v: an E.164 number must be itself", got, again, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"06 12 34 56 78", "+33 (0)6", "6.12345678E8", "0033", "tel:;ext=1", "0612/0712", "+", "(", "1e9", "６", "01 23 45 67 89 x12", "\xff\xfe"} {
		f.Add(seed, "FR")
	}
	f.Add("+39 06 6982", "")
	f.Fuzz(func(t *testing.T, raw, region string) {
		n, err := Parse(raw, region)
		if (err == nil) != (n != "") {
			t.Fatalf("Parse(%q, %q) = %q, %v", raw, region, n, err)
		}
		if err == nil {
			if again, err := Parse(string(n), ""); err != nil || again != n {
				t.Fatalf("%q from %q reads again as %q, %v", n, raw, again, err)
			}
		}
		all, err := ParseAll(raw, region)
		if err == nil && len(all) == 0 {
			t.Fatalf("ParseAll(%q): neither a number nor an error", raw)
		}
		for _, n := range all {
			if again, err := Parse(string(n), ""); err != nil || again != n {
				t.Fatalf("%q from %q reads again as %q, %v", n, raw, again, err)
			}
		}
	})
}
