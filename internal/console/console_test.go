package console

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"strconv"
)

func wordsOf(t *testing.T, lang string) words {
	t.Helper()
	raw, err := wordFiles.ReadFile("words/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var w words
	if err := json.Unmarshal(raw, &w); err != nil {
		t.Fatal(err)
	}
	return w
}

var hole = regexp.MustCompile(`%[0-9]*[ds]`)

// Both languages say the same things, with the same holes; what templates ask for
// is there, and every outcome has a name.
func TestWords(t *testing.T) {
	t.Parallel()
	fr, en := wordsOf(t, "fr"), wordsOf(t, "en")
	for key, text := range fr {
		other, ok := en[key]
		if !ok || text == "" || other == "" {
			t.Errorf("%s: fr %q, en %q", key, text, other)
		}
		if !slices.Equal(hole.FindAllString(text, -1), hole.FindAllString(other, -1)) && key != "hour" {
			t.Errorf("%s has other holes: %q, %q", key, text, other)
		}
		if regexp.MustCompile(`[^\x{202f}\x{a0}][;:?!]( |$)`).MatchString(text) {
			t.Errorf("%s: a space that does not break is missing in %q", key, text)
		}
		if strings.Contains(text, "'") {
			t.Errorf("%s: a straight apostrophe in %q", key, text)
		}
	}
	for key := range en {
		if fr[key] == "" {
			t.Errorf("%s is English only", key)
		}
	}
	for _, d := range bridge.Dispositions() {
		if d.Class != bridge.ClassTransient && fr["disposition."+string(d.Code)] == "" || d.Status != "" && fr["status."+d.Status] == "" {
			t.Errorf("%s has no name", d.Code)
		}
	}
	for _, s := range bridge.LeadStates() {
		if fr["lead."+string(s)] == "" {
			t.Errorf("a lead that is %s has no name", s)
		}
	}
	asked := regexp.MustCompile(`{{-?\s*t "([^"]+)"`)
	err := fs.WalkDir(templateFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := templateFiles.ReadFile(path)
		for _, m := range asked.FindAllSubmatch(raw, -1) {
			if fr[string(m[1])] == "" {
				t.Errorf("%s asks for %s", path, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	static, err := assets()
	if err != nil {
		t.Fatal(err)
	}
	looks, err := newLooks(static)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 9, 5, 0, 0, time.UTC)
	for lang, want := range map[string][2]string{"fr": {"09\u00a0h\u00a005", "mar. 1 déc. à 09\u00a0h\u00a005"}, "en": {"09:05", "Tue 1 Dec, 09:05"}} {
		l := looks[lang]
		if got := [2]string{l.moment(now, now), l.moment(now.AddDate(0, 0, 8), now)}; got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

func TestSmallReaders(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "125": 125, "2:05": 125, "0:59": 59, "1:60": -1, "x": -1, "-1:00": -1, "1:2:3": -1} {
		if got, err := seconds(text); (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("seconds(%q): %d, %v", text, got, err)
		}
	}
	for text, want := range map[bridge.Value]string{
		"01 99 00 00 01": "tel:0199000001", "+33 (0)1 99 00 00 01": "tel:+33199000001", "": "", "n/a": "", "javascript:alert(1)": "",
	} {
		if got := telephone(text); got != want {
			t.Errorf("telephone(%q): %q", text, got)
		}
	}
	for to, want := range map[string]string{"/call": "/call", "/leads?campaign=x": "/leads?campaign=x", "": "/", "//evil": "/", "https://evil/": "/", `/\evil`: "/"} {
		if got := local(to); got != want {
			t.Errorf("local(%q): %q", to, got)
		}
	}
	for label, want := range map[string]string{"Statut du prospect": "statut du prospect", "SIRET": "SIRET", "Étape": "étape", "E-mail": "e-mail", "": ""} {
		if got := inSentence(label); label != "" && got != want {
			t.Errorf("inSentence(%q): %q", label, got)
		}
	}
}

func TestAMomentSaysWhatItsReaderCannotTell(t *testing.T) {
	t.Parallel()
	looks, err := newLooks(map[string]asset{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at        time.Time
		day, year bool
	}{
		{now.Add(time.Hour), false, false},
		{now.AddDate(0, 0, 5), true, false},
		{now.AddDate(0, 0, 60), true, true},
		{now.AddDate(-6, 0, 0), true, true},
	} {
		for lang, l := range looks {
			text := l.moment(c.at, now)
			if strings.Contains(text, l.day(c.at)) != c.day || strings.Contains(text, strconv.Itoa(c.at.Year())) != c.year {
				t.Errorf("%s, %s: %q", lang, c.at, text)
			}
		}
	}
}
