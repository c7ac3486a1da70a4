package strict_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/strict"
)

const sourceDoc = `a: 1
policy: # here
  # about x
  x: [1,
    2]   # two

  text: |
    # not a comment
      deeper

    end
  flow: {a: b,
   c: d}
  last:
  - é: 1

    f: 2 # x
  # its own last comment

# of the next key
next: {k: [v, w]}
`

func TestSource(t *testing.T) {
	t.Parallel()
	root := parse(t, sourceDoc)
	want := `x: [1,
  2]   # two

text: |
  # not a comment
    deeper

  end
flow: {a: b,
 c: d}
last:
- é: 1

  f: 2 # x
# its own last comment
`
	node := root.Child("policy")
	if diff := cmp.Diff(want, string(node.Source())); diff != "" {
		t.Error(diff)
	}
	if got := string(root.Child("next").Source()); got != "{k: [v, w]}" {
		t.Errorf("a flow mapping: %q", got)
	}
	if got := string(root.At("policy.last[0]").Source()); got != "é: 1\n\nf: 2 # x\n" {
		t.Errorf("a mapping in a list: %q", got)
	}
	pos := node.Pos()
	again, err := strict.Options{Line: pos.Line, Col: pos.Col}.Parse(pos.File, node.Source())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "x", "text", "last", "last[0].f"} {
		if a, b := node.At(path).Pos(), again.At(path).Pos(); a != b {
			t.Errorf("%q stands at %v in the file, at %v in its source", path, a, b)
		}
	}
	var a, b any
	if err := errors.Join(node.Decode(&a), again.Decode(&b)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}
