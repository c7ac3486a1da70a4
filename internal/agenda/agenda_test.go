package agenda

import (
	"log/slog"
	"strings"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
)

// seenOf is a look: + for an appointment that was found, - for one that was not,
// ? for one out of sight, by name.
func seenOf(text string) (seen []desk.Seen) {
	for _, word := range strings.Fields(text) {
		seen = append(seen, desk.Seen{Asked: bridge.Proposal{ID: bridge.ProposalID(word[1:])}, Held: connector.Held{Present: word[0] == '+', Unseen: word[0] == '?'}})
	}
	return seen
}

func TestWhatIsBelieved(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		looks string // separated by |
		want  string // believed of each
	}{
		{"all there", "+a +b | +a +b", "+a +b | +a +b"},
		{"gone twice", "-a +b | -a +b", "+b | -a +b"},
		{"back again", "-a +b | +a +b | -a +b", "+b | +a +b | +b"},
		{"few of few", "-a -b -c | -a -b -c", " | -a -b -c"},
		{"four of eight", "-a -b -c -d +e +f +g +h | -a -b -c -d +e +f +g +h", "+e +f +g +h | -a -b -c -d +e +f +g +h"},
		{"out of sight", "?a +b | ?a +b | -a +b | ?a +b | -a +b", "+b | +b | +b | +b | +b"},
		{"out of sight tells nothing of the others", "-a -b -c -d +e ?f ?g ?h", "too many"},
		{"most at once", "-a -b -c -d +e | -a -b -c -d +e | +a +b +c +d +e", "too many | too many | +a +b +c +d +e"},
	} {
		a := New(Options{})
		var got []string
		for look := range strings.SplitSeq(tc.looks, "|") {
			seen, err := a.believed(seenOf(look))
			if err != nil {
				if !strings.Contains(err.Error(), "4 of 5 appointments") {
					t.Errorf("%s: %v", tc.name, err)
				}
				got = append(got, "too many")
				continue
			}
			var words []string
			for _, s := range seen {
				words = append(words, map[bool]string{true: "+", false: "-"}[s.Held.Present]+string(s.Asked.ID))
			}
			got = append(got, strings.Join(words, " "))
		}
		if text := strings.Join(got, " | "); text != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, text, tc.want)
		}
	}
}

// What is out of sight is told when there is more of it, not at every look.
func TestWhatIsOutOfSightIsTold(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	a := New(Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
	for _, tc := range []struct {
		look string
		want int // lines by then
	}{{"+a +b", 0}, {"?a -b", 1}, {"?a +b", 1}, {"?a ?b", 2}, {"+a ?b", 2}, {"+a +b", 2}, {"+a ?b", 3}} {
		a.tellUnseen("crm.main", seenOf(tc.look))
		if got := strings.Count(out.String(), "connection=crm.main count="); got != tc.want {
			t.Fatalf("after %s: %d lines, want %d", tc.look, got, tc.want)
		}
	}
}
