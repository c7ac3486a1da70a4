package policy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// TestTheLanguageByExample holds every policy of LANGUAGE.md to what it says of
// itself.
func TestTheLanguageByExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("LANGUAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, part := range regexp.MustCompile(`(?m)^## (.+)$`).Split(string(text), -1) {
		block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(part)
		if block == nil {
			continue
		}
		n++
		p, err := policy.Load("LANGUAGE.md", []byte(block[1]), bridge.Standard())
		if err != nil {
			t.Error(err)
			continue
		}
		if err := p.Test(); err != nil {
			t.Error(err)
		}
		if p.Cases() == 0 {
			t.Errorf("example %d claims nothing of itself", n)
		}
		if n > 1 {
			continue
		}
		if strings.Count(block[1], "\n") > 20 {
			t.Error("the first example is longer than its title says")
		}
		if !strings.Contains(string(readme), block[0]) {
			t.Error("README.md does not show the first example")
		}
	}
	if n < 4 {
		t.Errorf("%d examples, want four at least", n)
	}
}
