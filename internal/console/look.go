package console

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"passerelle/internal/bridge"
	"passerelle/internal/governance"
)

var (
	//go:embed templates
	templateFiles embed.FS
	//go:embed words
	wordFiles embed.FS
	//go:embed static
	staticFiles embed.FS
)

// words are the texts of a language, by key.
type words map[string]string

// text is the text of a key, with its holes filled; the key where there is none.
func (w words) text(key string, args ...any) string {
	text, ok := w[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// of is the text of a key that need not be there, "" if it is not.
func (w words) of(key string) string { return w[key] }

// count is the text of a key for a number of things: key.one or key.many.
func (w words) count(key string, n int) string {
	if n == 1 || n == 0 && w["language"] == "fr" {
		return w.text(key+".one", n)
	}
	return w.text(key+".many", n)
}

// look is how pages look in a language.
type look struct {
	lang  string
	words words
	pages map[string]*template.Template
}

// newLooks reads words and templates.
func newLooks(static map[string]asset) (map[string]*look, error) {
	out := map[string]*look{}
	for _, lang := range languages {
		raw, err := wordFiles.ReadFile("words/" + lang + ".json")
		if err != nil {
			return nil, err
		}
		l := &look{lang: lang, pages: map[string]*template.Template{}}
		if err := json.Unmarshal(raw, &l.words); err != nil {
			return nil, fmt.Errorf("words of %s: %w", lang, err)
		}
		if err := l.parse(static); err != nil {
			return nil, err
		}
		out[lang] = l
	}
	return out, nil
}

// parse reads the templates: each page stands in the frame.
func (l *look) parse(static map[string]asset) error {
	names := map[string]string{}
	for name, a := range static {
		names[a.base] = "/static/" + name
	}
	frame, err := template.New("frame.html").Funcs(template.FuncMap{
		"t": l.words.text, "n": l.words.count, "has": func(key string) bool { return l.words[key] != "" },
		"static":      func(base string) string { return names[base] },
		"disposition": l.disposition, "time": clock, "minutes": minutes, "line": l.line,
		"percent": func(n, of int) int { return 100 * n / max(1, of) },
	}).ParseFS(templateFiles, "templates/frame.html", "templates/parts/*.html")
	if err != nil {
		return err
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return err
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "frame" {
			continue
		}
		clone, err := frame.Clone()
		if err != nil {
			return err
		}
		if l.pages[name], err = clone.ParseFS(templateFiles, file); err != nil {
			return err
		}
	}
	return nil
}

func (l *look) disposition(d bridge.Disposition) string {
	return cmp.Or(l.words.of("disposition."+string(d)), string(d))
}

// line is a text on one line: what people typed may hold breaks.
func (l *look) line(text string) string { return strings.Join(strings.Fields(text), " ") }

func clock(t time.Time) string { return t.Format("15:04") }

// minutes is a length of time as a call timer shows it.
func minutes(seconds int) string { return fmt.Sprintf("%d:%02d", seconds/60, seconds%60) }

// day is a date as people say it: lundi 23 novembre.
func (l *look) day(t time.Time) string {
	weekday := strings.Fields(l.words["weekdays"])[int(t.Weekday())]
	month := strings.Fields(l.words["months"])[int(t.Month())-1]
	return l.words.text("date", weekday, t.Day(), month)
}

// moment is a time seen from now: the hour alone if it is today, with its year if
// that is another.
func (l *look) moment(t, now time.Time) string {
	hour := l.words.text("hour", t.Hour(), t.Minute())
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return hour
	}
	day := l.day(t)
	if t.Year() != now.Year() {
		day += " " + strconv.Itoa(t.Year())
	}
	return l.words.text("moment", day, hour)
}

// frame is what every page has.
type frame struct {
	Lang, Title, Nonce, Here string
	Me                       bridge.Person
	Role                     string
	Duties                   any
	Powers                   governance.Powers
	Sections                 []section // about the rules and what was done under them
	Governs                  bool      // the page is one of them
	Notice                   *told
	Strangers                []stranger
	Plain                    bool   // without a session: no navigation
	Provider                 string // what people call the company's own way in, "" for none
	Other                    string
	Page                     any
}

// show answers a page.
func (v *visit) show(status int, name string, data any) error {
	return v.showWith(status, name, nil, data)
}

func (v *visit) showWith(status int, name string, n *notice, data any) error {
	nonce := rand.Text()
	f := frame{
		Lang: v.look.lang, Title: v.look.words.text("title." + name), Nonce: nonce, Here: v.r.URL.RequestURI(),
		Me: v.actor.Person, Duties: v.duties, Powers: v.powers, Plain: v.actor.Person.ID == "", Page: data,
	}
	if p := v.opts.Provider; p != nil {
		f.Provider = p.Name
	}
	if v.r.Method != http.MethodGet {
		f.Here = "/"
	}
	f.Sections, f.Governs = v.sections(), strings.HasPrefix(v.r.URL.Path, "/governance/") && name != "error"
	switch {
	case n != nil:
		f.Notice = &told{notice: *n, Part: v.wrongPart}
	case !f.Plain:
		f.Notice = v.flashes.take(v.session.ID)
	}
	if err := v.tellStrangers(&f); err != nil {
		return err
	}
	for _, other := range languages {
		if other != f.Lang {
			f.Other = other
		}
	}
	policy := v.opts.Desk.Rules().Policy
	if role, ok := policy.RoleOf(v.actor.Connection, v.actor.Profile()); ok {
		f.Role = cmp.Or(policy.Title(role), string(role))
	}
	var body bytes.Buffer // an error must not come after half a page
	if err := v.look.pages[name].Execute(&body, f); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", f.Lang)
	h.Set("Vary", "Cookie, Accept-Language")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+nonce+"'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body.Bytes()) // the browser may be gone
	return nil
}

// asset is a file that pages load. Its name holds its hash: it never changes.
type asset struct {
	base, kind string
	data       []byte
}

func assets() (map[string]asset, error) {
	out := map[string]asset{}
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	files, err := fs.Glob(staticFiles, "static/*")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		data, err := staticFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		base, ext := path.Base(file), path.Ext(file)
		sum := sha256.Sum256(data)
		name := strings.TrimSuffix(base, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		out[name] = asset{base: base, kind: kinds[ext], data: data}
	}
	return out, nil
}

func (c *Console) serveStatic(w http.ResponseWriter, r *http.Request) {
	a, ok := c.static[chi.URLParam(r, "file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(a.data) // the browser may be gone
}
