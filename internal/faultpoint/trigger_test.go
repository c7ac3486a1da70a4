//go:build faultpoint

package faultpoint

import "testing"

// passage is the number of the passage that is due, of a hundred; 0 for none.
func passage(t *testing.T, spec string) int {
	t.Helper()
	armed, err := parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		if armed.due("another") {
			t.Fatal("another point's passage was due")
		}
		if armed.due("here") {
			return n + 1
		}
	}
	return 0
}

func TestDue(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]int{"": 0, "here": 1, "here:1": 1, "here:7": 7, "there:1": 0, "here:p=1:5": 1} {
		if got := passage(t, spec); got != want {
			t.Errorf("%q is due at passage %d, want %d", spec, got, want)
		}
	}
	first := passage(t, "here:p=0.1:7")
	if first == 0 || first != passage(t, "here:p=0.1:7") {
		t.Errorf("the same dice give another passage, or none (%d)", first)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	for _, spec := range []string{"here:", "here:0", "here:-1", "here:x", "here:p=0:1", "here:p=2:1", "here:p=0.1:", "here:p=0.1:x", "here:p=0.1"} {
		if _, err := parse(spec); err == nil {
			t.Errorf("%q is taken", spec)
		}
	}
}
