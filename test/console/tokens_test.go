package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Who may change the policy gives a program a token: it is shown once, acts as its
// person, reads only, and is over once it is revoked.
func TestServiceTokensOnAPage(t *testing.T) {
	t.Parallel()
	f := open(t, 3)
	keeper := f.browser(t)
	keeper.signIn("nadia")
	keeper.get("/governance/tokens")
	offered := keeper.options("bearer")
	if keeper.status != http.StatusOK || !strings.Contains(offered, "sam phoning.console") || strings.Contains(offered, "denis phoning.console") {
		t.Fatalf("%d; offered: %s", keeper.status, offered)
	}
	keeper.post("/governance/tokens", "name", "board", "bearer", "denis phoning.console", "days", "30")
	if keeper.status != http.StatusUnprocessableEntity || !keeper.shows("n’a pas été créé") {
		t.Errorf("the second key: %d", keeper.status)
	}
	keeper.post("/governance/tokens", "name", "board", "bearer", "sam phoning.console", "days", "30", "read_only", "1")
	token := strings.TrimSpace(keeper.inside("#token"))
	if !strings.HasPrefix(token, "passerelle_") {
		t.Fatalf("%d: %s", keeper.status, keeper.body)
	}
	ask := func(method string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, f.base+"/v1/leads", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if got := ask(http.MethodGet); got != http.StatusOK {
		t.Errorf("it is answered %d", got)
	}
	keeper.get("/governance/tokens")
	if strings.Contains(keeper.body, token) || strings.Contains(f.log.String(), token) || !keeper.shows("127.0.0.1") {
		t.Error("the token is shown again, or its last use is not")
	}
	id := strings.Split(token, "_")[1]
	keeper.post("/governance/tokens/nothing")
	if keeper.status != http.StatusNotFound {
		t.Errorf("no such token: %d", keeper.status)
	}
	keeper.post("/governance/tokens/"+id, "motive", "rotated")
	if got := ask(http.MethodGet); got != http.StatusUnauthorized || !keeper.shows("n’ouvre plus rien") {
		t.Errorf("revoked: %d %s", got, keeper.body)
	}

	s := f.sit(t, "fr")
	s.signIn("nadia")
	s.to("/governance/tokens")
	s.do(
		chromedp.SendKeys(chromedp.CSS("#make input[name=name]"), "export"),
		chromedp.Click(chromedp.CSS("#make button.main")), chromedp.WaitVisible(chromedp.CSS("#token")),
	)
	s.picture("tokens")
}

// options are the values that a page's list offers.
func (b *browser) options(list string) string {
	_, rest, _ := strings.Cut(b.body, `name="`+list+`"`)
	rest, _, _ = strings.Cut(rest, "</select>")
	return rest
}

// inside is the text within an element.
func (b *browser) inside(selector string) string {
	b.t.Helper()
	var all strings.Builder
	for n := range b.find(selector).Descendants() {
		if n.FirstChild == nil {
			all.WriteString(n.Data)
		}
	}
	return all.String()
}
