package console

import (
	"strings"
	"testing"

	"passerelle/internal/bridge"
)

// A value that a role may not read is in no byte that its browser is sent, on no
// page: neither the ones that nobody on the floor may see, nor the score, which a
// supervisor may and a caller may not.
func TestNoForbiddenValueReachesABrowser(t *testing.T) {
	t.Parallel()
	f := open(t, 4)
	allowed := map[bridge.PersonID][]string{"sam": {scoreCanary}}
	for _, who := range players {
		b := f.browser(t)
		b.signIn(who)
		for range 2 {
			b.post("/call", "campaign", "spring")
			if strings.HasPrefix(b.path, "/work/") {
				if who == "alice" && !b.shows("Durand") {
					t.Error("the caller's card is empty: nothing is tested")
				}
				form := b.form("#result")
				b.post(b.path+"/draft", "person", string(who), "note", "x", "with", "vera", "then", "slots")
				form.Set("disposition", "appointment_set")
				form.Set("with", "vera")
				form.Set("meet_at", "2027-03-01T10:00")
				form.Set("field.prospect.lead_status", "Qualifié")
				form.Set("field.account.margin", "1")
				b.submit(b.path+"/outcome", form)
			}
		}
		for _, route := range f.app.Routes() {
			if path, ok := strings.CutPrefix(route, "GET "); ok && !strings.Contains(path, "{") && !strings.HasPrefix(path, "/v1/") {
				b.get(path)
			}
		}
		for _, canary := range []string{marginCanary, noteCanary, scoreCanary} {
			if strings.Contains(b.seen.String(), canary) && !contains(allowed[who], canary) {
				t.Errorf("%s's browser was sent %s", who, canary)
			}
		}
	}
}

func contains(all []string, one string) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}
