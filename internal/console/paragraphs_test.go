package console

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParagraphs(t *testing.T) {
	t.Parallel()
	got := paragraphs("Gains\n  a\n  b\n\nLosses\n  c\nnothing else\n")
	want := []paragraph{{"Gains", []string{"a", "b"}}, {"Losses", []string{"c"}}, {"nothing else", nil}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
