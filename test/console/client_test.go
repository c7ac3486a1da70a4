package console

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"passerelle/internal/bridge"
)

// browser is one without scripts, as simple as can be.
type browser struct {
	*floor
	t      testing.TB
	http   *http.Client
	path   string // where it is
	at     *url.URL
	status int
	header http.Header
	body   string
	seen   strings.Builder // every byte that it was ever sent
}

func (f *floor) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{floor: f, t: t, http: &http.Client{Jar: jar}}
	t.Cleanup(b.http.CloseIdleConnections)
	return b
}

// send makes a request; redirects are followed.
func (b *browser) send(r *http.Request) {
	b.t.Helper()
	r.Header.Set("Accept-Language", "fr")
	resp, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.took(resp)
}

// took takes an answer in.
func (b *browser) took(resp *http.Response) {
	b.t.Helper()
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.at, b.path, b.status, b.header, b.body = resp.Request.URL, resp.Request.URL.Path, resp.StatusCode, resp.Header, string(raw)
	b.seen.WriteString(b.body)
	for name, values := range resp.Header {
		b.seen.WriteString(name + strings.Join(values, ""))
	}
}

func (b *browser) get(path string) {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.send(r)
}

// submit posts a form, as one of the bridge's own pages does.
func (b *browser) submit(path string, form url.Values) {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	b.send(r)
}

// post submits names and values in turn.
func (b *browser) post(path string, pairs ...string) {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	b.submit(path, form)
}

func (b *browser) signIn(who bridge.PersonID) {
	b.t.Helper()
	b.post("/sign-in", "login", string(who), "password", password(who), "next", "/")
	if b.path == "/sign-in" {
		b.t.Fatalf("%s cannot sign in: %d %s", who, b.status, b.body)
	}
}

// shows says whether the page holds a text, as people read it.
func (b *browser) shows(text string) bool {
	b.t.Helper()
	var all strings.Builder
	b.walk(func(n *html.Node) {
		if n.Type == html.TextNode {
			all.WriteString(n.Data)
		}
	})
	return strings.Contains(all.String(), text)
}

func (b *browser) walk(fn func(*html.Node)) {
	b.t.Helper()
	root, err := html.Parse(strings.NewReader(b.body))
	if err != nil {
		b.t.Fatal(err)
	}
	for n := range root.Descendants() {
		fn(n)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// find is the element of an id (#id) or a class (.class).
func (b *browser) find(selector string) (found *html.Node) {
	b.t.Helper()
	b.walk(func(n *html.Node) {
		if n.Type == html.ElementNode && ("#"+attribute(n, "id") == selector || "."+attribute(n, "class") == selector) {
			found = n
		}
	})
	if found == nil {
		b.t.Fatalf("at %s (%d) there is no %s:\n%s", b.path, b.status, selector, b.body)
	}
	return found
}

func (b *browser) action(selector string) string {
	b.t.Helper()
	return attribute(b.find(selector), "action")
}

// form is what a form holds before anybody types.
func (b *browser) form(selector string) url.Values {
	b.t.Helper()
	out := url.Values{}
	for n := range b.find(selector).Descendants() {
		kind, name := attribute(n, "type"), attribute(n, "name")
		switch {
		case n.Type != html.ElementNode || name == "":
		case n.Data == "textarea" && n.FirstChild != nil:
			out.Add(name, n.FirstChild.Data)
		case n.Data == "option" || n.Data != "input":
		case (kind == "radio" || kind == "checkbox") && !has(n, "checked"):
		default:
			out.Add(name, attribute(n, "value"))
		}
	}
	return out
}
