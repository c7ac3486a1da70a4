package bilingual_test

import (
	"testing"

	"passerelle/internal/bilingual"
)

func TestWith(t *testing.T) {
	t.Parallel()
	role := bilingual.Text{"role {name}", "le rôle {name}"}
	tests := []struct {
		text   bilingual.Text
		en, fr string
	}{
		{bilingual.Text{"{n} left", "il en reste {n}"}.With("{n}", 3), "3 left", "il en reste 3"},
		{bilingual.Text{"not for {who}", "pas pour {who}"}.With("{who}", role.With("{name}", "caller")), "not for role caller", "pas pour le rôle caller"},
		{bilingual.Text{"write {role: x}", "écrivez {role: x}"}.With("{role}", "y"), "write {role: x}", "écrivez {role: x}"},
		{bilingual.Text{"{a}{b}", "{b}{a}"}.With("{a}", "{b}", "{b}", "1"), "{b}1", "1{b}"},
		{bilingual.Text{"as it is", "tel quel"}.With(), "as it is", "tel quel"},
		{bilingual.Text{"one", "un"}.And(bilingual.Same(" 1")), "one 1", "un 1"},
	}
	for _, tt := range tests {
		if en, fr := tt.text.In("en"), tt.text.In("fr"); en != tt.en || fr != tt.fr {
			t.Errorf("%q, %q; want %q, %q", en, fr, tt.en, tt.fr)
		}
	}
}

func TestAsked(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"": "", "de": "", "*": "", "fr": "fr", "fr-FR,fr;q=0.9,en;q=0.8": "fr", "EN-gb": "en", "de, fr;q=0.5": "fr", "french": "",
	}
	for header, want := range tests {
		if got := bilingual.Asked(header); got != want {
			t.Errorf("%q is %q, want %q", header, got, want)
		}
	}
}
