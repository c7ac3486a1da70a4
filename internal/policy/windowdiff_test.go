package policy

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

// What a diff says of windows is what differs: at every minute of a week.
func TestWindowChangesAreWhatDiffers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawWindows(t), drawWindows(t)
		old, new := loadText(t, a.text()), loadText(t, b.text())
		changes := windowChanges(old, new)
		for _, c := range changes {
			if unfilled(c.Text("en")+c.Text("fr")) || c.Role == "" && c.Person == "" {
				t.Fatalf("%+v", c)
			}
		}
		for _, role := range []bridge.Role{"role0", "role1"} {
			before, after := old.role(role).window.whole(), new.role(role).window.whole()
			for minute := range weekLength {
				said := map[bool]bool{}
				for _, c := range changes {
					if c.Role == role && c.week.has(minute) {
						said[c.Gains] = true
					}
				}
				was, is := before.week.has(minute), after.week.has(minute)
				if said[true] != (is && !was) || said[false] != (was && !is) {
					t.Fatalf("%s, minute %d: from %v to %v, said %v\n%s\n%s", role, minute, was, is, said, a.text(), b.text())
				}
			}
		}
		for _, from := range []string{"10.1.2.3", "10.200.0.1", "192.0.2.7", "192.0.2.8", "2001:db8::1", "::1"} {
			address := netip.MustParseAddr(from)
			for _, role := range []bridge.Role{"role0", "role1"} {
				was, is := a.near(string(role), address), b.near(string(role), address)
				gained := saidOf(changes, role, true, address)
				lost := saidOf(changes, role, false, address)
				if gained && !is || lost && !was || is && !was && !gained || was && !is && !lost {
					t.Fatalf("%s from %s: was %v, is %v, said %v, %v\n%s\n%s", role, from, was, is, gained, lost, a.text(), b.text())
				}
			}
		}
		if same := windowChanges(old, old); len(same) != 0 {
			t.Fatalf("nothing differs, said %+v", same)
		}
	})
}

// near says whether the role is let in from the address at some time.
func (m modelWindows) near(role string, from netip.Addr) bool {
	networks := modelWindow{}.over(m.general).over(m.roles[role]).networks
	return len(networks) == 0 || slices.ContainsFunc(networks, func(n string) bool { return netip.MustParsePrefix(n).Contains(from) })
}

// saidOf says whether the changes tell of the address.
func saidOf(changes []WindowChange, role bridge.Role, gains bool, from netip.Addr) bool {
	contains := func(n string) bool { return netip.MustParsePrefix(n).Contains(from) }
	return slices.ContainsFunc(changes, func(c WindowChange) bool {
		return c.Role == role && c.Gains == gains && slices.ContainsFunc(c.Networks, contains)
	})
}

// Who is let in from fewer networks gains none.
func TestNetworksThatDiffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, new, want string }{
		{"", "10.0.0.0/8", "caller is no longer let in from anywhere (but still from 10.0.0.0/8)"},
		{"10.0.0.0/8", "", "caller is let in from anywhere as well"},
		{"10.0.0.0/8", "10.1.0.0/16", "caller is no longer let in from 10.0.0.0/8 (but still from 10.1.0.0/16)"},
		{"10.1.0.0/16", "10.0.0.0/8", "caller is let in from 10.0.0.0/8 as well"},
		{"10.0.0.0/9, 10.128.0.0/9", "10.0.0.0/8", ""},
		{"10.0.0.0/8", "10.0.0.0/8, 10.1.0.0/16", ""},
	} {
		windowed := func(networks string) *Policy {
			text := "version: 1\nroles: {caller: {grants: [{on: prospect, scope: all, read: [class public]}]}}\nprofiles: {}\n"
			if networks != "" {
				text += "window: {networks: [" + networks + "]}\n"
			}
			return loadText(t, []byte(text))
		}
		var got []string
		for _, change := range windowChanges(windowed(c.old), windowed(c.new)) {
			got = append(got, change.Text("en"))
		}
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("from %q to %q: %s", c.old, c.new, text)
		}
	}
}
