package desk

import (
	"cmp"
	"regexp"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/outbox"
)

// vendor is what a CRM's refusal ends with: its own words behind the status and
// the code.
var vendor = regexp.MustCompile(`(: status \d{3}(?:: [A-Za-z][A-Za-z0-9_.-]*)?): .*$`)

// blanked stands for what the reader may not read.
const blanked = "…"

// discreet takes out of the reason of a write what its reader may not read: the
// values of the write that are hidden from them, and a CRM's own words, which
// may quote others.
func discreet(reason string, hidden []string) string {
	if reason == "" {
		return ""
	}
	reason = vendor.ReplaceAllString(reason, "${1}: "+blanked)
	slices.SortFunc(hidden, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, value := range hidden {
		whole := regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(value) + `($|[^\pL\pN])`)
		for whole.MatchString(reason) {
			reason = whole.ReplaceAllString(reason, "${1}"+blanked+"${2}")
		}
	}
	return reason
}

// secrets lists the values that are in an entry and not in what its reader is
// shown of it.
func secrets(whole, shown outbox.Entry) (hidden []string) {
	hide := func(was, is string) {
		if was != is && was != blanked {
			hidden = append(hidden, was)
		}
	}
	for i, f := range whole.Write.Fields {
		hide(string(f.Value), string(shown.Write.Fields[i].Value))
		hide(string(f.Expected), string(shown.Write.Fields[i].Expected))
	}
	for i, f := range whole.Conflict {
		hide(string(f.Found), string(shown.Conflict[i].Found))
	}
	if whole.Write.Call != nil {
		hide(whole.Write.Call.Note, shown.Write.Call.Note)
	}
	if m := whole.Write.Meeting; m != nil {
		for _, text := range []func(*bridge.Meeting) string{
			func(m *bridge.Meeting) string { return m.Note },
			func(m *bridge.Meeting) string { return m.Subject },
			func(m *bridge.Meeting) string { return m.Place },
		} {
			hide(text(m), text(shown.Write.Meeting))
		}
	}
	return hidden
}
