package corpus

import (
	"regexp"
	"strings"
	"testing"

	"passerelle/test/shared"
)

// Cited is what a source says: its number with what of it is meant, and the
// sentence itself, or as much of it as says so.
type Cited struct {
	Seed     string `yaml:"seed,required"` // "003: administrators reach every lead"
	Sentence string `yaml:"sentence,required"`
}

var (
	seedForm  = regexp.MustCompile(`^00[0-4]: \S`)
	sentences = regexp.MustCompile(`\pL{2}.*\s.*\s.*\s.*\pL{2}`) // some words of it at least
)

func (c Cited) number(t *testing.T) string {
	t.Helper()
	if !seedForm.MatchString(c.Seed) || !sentences.MatchString(c.Sentence) {
		t.Fatalf("%q: a source is cited by its number and in short, and by its sentence", c.Seed)
	}
	number, _, _ := strings.Cut(c.Seed, ":")
	return number
}

// What the cases say that the sources say, they say.
func TestTheSourcesSaySo(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	for _, folder := range folders(t) {
		for _, c := range suiteOf(t, folder).citations() {
			number := c.number(t)
			if texts[number] == "" {
				texts[number] = shared.Seed(t, number)
			}
			if !strings.Contains(texts[number], shared.Plain(c.Sentence)) {
				t.Errorf("%s, %q: source %s does not say %q", folder, c.Seed, number, c.Sentence)
			}
		}
	}
	for _, number := range []string{"000", "001", "002", "003", "004"} {
		if texts[number] == "" {
			t.Errorf("no case cites source %s", number)
		}
	}
}

func (s suite) citations() []Cited {
	var out []Cited
	for _, said := range s.Statements {
		out = append(out, said.Cited)
	}
	for _, c := range s.Statistics {
		out = append(out, c.Cited)
	}
	return out
}
