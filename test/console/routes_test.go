package console

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/test/golden"
)

// routesFile says what each page answers to each role: read it as the list of who
// may go where.
const routesFile = "testdata/routes.txt"

// TestWhoMayGoWhere walks every page as everybody, and as nobody.
func TestWhoMayGoWhere(t *testing.T) {
	t.Parallel()
	f := open(t, 5)
	lead, err := f.app.Desk().Next(t.Context(), f.as("bruno"), "spring")
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, route := range f.app.Routes() {
		_, path, _ := strings.Cut(route, " ")
		if !strings.HasPrefix(path, "/v1/") && !strings.HasPrefix(path, "/hooks/") && !slices.Contains([]string{"/livez", "/readyz", "/metrics"}, path) {
			routes = append(routes, route)
		}
	}
	slices.SortFunc(routes, func(a, b string) int {
		_, pathA, _ := strings.Cut(a, " ")
		_, pathB, _ := strings.Cut(b, " ")
		return cmp.Or(strings.Compare(pathA, pathB), strings.Compare(a, b))
	})
	who := append([]bridge.PersonID{""}, players...)
	var b strings.Builder
	line := func(route string, cells []string) {
		fmt.Fprintf(&b, "%-32s", route)
		for _, c := range cells {
			fmt.Fprintf(&b, " %-14s", c)
		}
		b.WriteString("\n")
	}
	heads := []string{"signed out"}
	for _, p := range players {
		heads = append(heads, string(p)+" "+string(f.as(p).Profile()))
	}
	line("", heads)
	answers := make([][]string, len(routes))
	for _, person := range who {
		v := f.browser(t)
		v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for i, route := range routes {
			f.pass(100 * time.Millisecond) // nobody is as quick as this walk
			if person != "" && !v.signedIn() {
				v.post("/sign-in", "login", string(person), "password", password(person))
			}
			f.pass(100 * time.Millisecond) // who asks faster than people do is told to wait
			answers[i] = append(answers[i], v.walkTo(route, string(lead.Lead.ID)))
		}
	}
	for i, route := range routes {
		line(route, answers[i])
	}
	got := strings.ReplaceAll(b.String(), " \n", "\n")
	got = strings.Join(trimmed(strings.Split(got, "\n")), "\n")
	golden.File(t, routesFile, got)
}

func trimmed(lines []string) []string {
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func (b *browser) signedIn() bool {
	b.get("/account")
	return b.status == http.StatusOK
}

// walkTo asks for a page, and says where that leads.
func (b *browser) walkTo(route, lead string) string {
	method, path, _ := strings.Cut(route, " ")
	for name, value := range map[string]string{"{id}": lead, "{file}": "console.css", "{verb}": "validate", "{hash}": "active"} {
		path = strings.ReplaceAll(path, name, value)
	}
	if method == http.MethodGet {
		b.get(path)
	} else {
		b.post(path, "campaign", "spring", "person", "bruno", "to", "pool", "motive", "why")
	}
	out := fmt.Sprint(b.status)
	if to := b.header.Get("Location"); to != "" {
		to, _, _ = strings.Cut(to, "?")
		if strings.HasPrefix(to, "/work/") {
			to = "/work/…"
		}
		out = "→ " + to
	}
	return out
}
