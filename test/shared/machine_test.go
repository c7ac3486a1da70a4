package shared

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNeed(t *testing.T) {
	for _, c := range []struct {
		name, ci, want string
		missing        []string
	}{
		{"all there", "", "", nil},
		{"all there, under CI", "1", "", nil},
		{"absent", "", "skipped", []string{"root"}},
		{"absent, under CI", "1", "failed", []string{"root"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("CI", c.ci)
			p := &probe{TB: t}
			need(p, c.missing)
			if p.ended != c.want {
				t.Errorf("got %q, want %q", p.ended, c.want)
			}
		})
	}
}

func TestWhatTheMachineLacks(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{
		"Name:\tx\nCapEff:\t000001ffffffffff\n": true,
		"CapEff:\t0000000000200000\n":           true,
		"CapEff:\t00000000a80425fb\n":           false, // a container's usual ones
		"CapPrm:\t000001ffffffffff\n":           false,
		"":                                      false,
	} {
		if got := hasIn(status, sysAdmin); got != want {
			t.Errorf("%q: %v, want %v", status, got, want)
		}
	}
	if diff := cmp.Diff([]string{"the program no-such-program"}, programs("go", "no-such-program")); diff != "" {
		t.Error(diff)
	}
}
