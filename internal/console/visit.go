package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/governance"
	"passerelle/internal/identity"
)

// visit is one request to the console.
type visit struct {
	*Console
	w       http.ResponseWriter
	r       *http.Request
	actor   bridge.Actor // zero where nobody is signed in
	half    bridge.Actor // who is on the way to being signed in
	session identity.Session
	look    *look
	zone    *time.Location
	now     time.Time
	duties  desk.Duties
	powers  governance.Powers
	// wrongPart is the id of the part of a form that the page's notice is about.
	wrongPart string
}

func cutSpace(s string) (before, after string, ok bool) { return strings.Cut(s, " ") }

// open serves everybody.
func (c *Console) open(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := c.visit(w, r)
		if err := identity.Trouble(r.Context()); err != nil {
			v.fail(err)
			return
		}
		if err := p(v); err != nil {
			v.fail(err)
		}
	}
}

// closed serves those who are signed in; others are asked to, and what they have
// sent waits in the page until they have.
func (c *Console) closed(p page) http.HandlerFunc {
	return c.open(func(v *visit) error {
		if late(v.r) && v.actor.Person.ID != "" {
			return p(v)
		}
		if n := v.shut(); n != nil {
			return v.showWith(http.StatusForbidden, "error", n, nil)
		}
		if v.actor.Person.ID != "" {
			return p(v)
		}
		if v.r.Method == http.MethodGet {
			v.redirect("/sign-in?next=" + url.QueryEscape(v.r.URL.RequestURI()))
			return nil
		}
		return v.askAgain()
	})
}

// halfOpen serves those who are signed in, and those who will be once they have
// set up a second factor or chosen another password.
func (c *Console) halfOpen(p page) http.HandlerFunc {
	signedIn := c.closed(p)
	return func(w http.ResponseWriter, r *http.Request) {
		_, s, ok := identity.Halfway(r.Context())
		if !ok || s.Awaits == identity.AwaitsCode {
			signedIn(w, r)
			return
		}
		c.open(func(v *visit) error {
			if n := v.shut(); n != nil {
				return v.showWith(http.StatusForbidden, "error", n, nil)
			}
			return p(v)
		})(w, r)
	}
}

// who is who asks, signed in or on the way to it.
func (v *visit) who() bridge.Actor {
	if v.actor.Person.ID != "" {
		return v.actor
	}
	return v.half
}

// shut says that the reader is outside the hours or networks of their role, and
// until when; nil if they are not.
func (v *visit) shut() *notice {
	shut := v.opts.Guard.Shut(v.r)
	if shut == nil {
		return nil
	}
	return &notice{"wait", shut.Text(v.look.lang)}
}

// late says whether a request reports of a call that was made already: it is
// taken outside the hours in which leads are handed out, too.
func late(r *http.Request) bool {
	return r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/outcome") || strings.HasSuffix(r.URL.Path, "/draft")) &&
		strings.HasPrefix(r.URL.Path, "/work/")
}

func (c *Console) visit(w http.ResponseWriter, r *http.Request) *visit {
	s, ok := identity.SessionOf(r.Context())
	if !ok {
		v := &visit{Console: c, w: w, r: r, zone: c.opts.Zone, now: c.opts.Now(), look: c.looks[language(r)]}
		v.half, v.session, _ = identity.Halfway(r.Context())
		return v
	}
	actor, _ := identity.FromContext(r.Context())
	v := c.visitAs(w, r, actor)
	v.session = s
	return v
}

// visitAs is a request of somebody.
func (c *Console) visitAs(w http.ResponseWriter, r *http.Request, actor bridge.Actor) *visit {
	v := &visit{Console: c, w: w, r: r, actor: actor, zone: c.opts.Zone, now: c.opts.Now(), look: c.looks[language(r)]}
	v.duties, v.powers = c.opts.Desk.DutiesOf(actor), c.opts.Office.PowersOf(actor)
	if zone, err := time.LoadLocation(actor.Person.Zone); err == nil && actor.Person.Zone != "" {
		v.zone = zone
	}
	return v
}

func (v *visit) redirect(to string) { http.Redirect(v.w, v.r, to, http.StatusSeeOther) }

func (v *visit) param(name string) string { return chi.URLParam(v.r, name) }

// form is what was posted under a name.
func (v *visit) form(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// languages are those of the pages; the first one is for who asks for neither.
var languages = []string{"fr", "en"}

const languageCookie = "passerelle-language"

// language is the one chosen, else the browser's.
func language(r *http.Request) string {
	if c, err := r.Cookie(languageCookie); err == nil {
		for _, l := range languages {
			if c.Value == l {
				return l
			}
		}
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		for _, l := range languages {
			if base == l {
				return l
			}
		}
	}
	return languages[0]
}

func (c *Console) setLanguage(v *visit) error {
	chosen := languages[0]
	for _, l := range languages {
		if v.form("language") == l {
			chosen = l
		}
	}
	http.SetCookie(v.w, &http.Cookie{
		Name: languageCookie, Value: chosen, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	v.redirect(local(v.form("next")))
	return nil
}

// keysCookie is there for those who have turned the keys of one character off.
const keysCookie = "passerelle-keys"

// setKeys turns the keys of one character off, or on again: who speaks to the
// machine, or hits keys unawares, must be able to.
func (c *Console) setKeys(v *visit) error {
	cookie := &http.Cookie{Name: keysCookie, Value: "off", Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if v.form("keys") != "off" {
		cookie.MaxAge = -1
	}
	http.SetCookie(v.w, cookie)
	v.redirect(local(v.form("next")))
	return nil
}

// keyless says whether the reader has turned them off.
func (v *visit) keyless() bool {
	_, err := v.r.Cookie(keysCookie)
	return err == nil
}

// local is an address of ours, "/" for any other: nobody is sent elsewhere by a
// link to us.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// home goes to where somebody works.
func (c *Console) home(v *visit) error {
	switch {
	case v.duties.Supervises:
		v.redirect("/plateau")
	case v.duties.Calls:
		v.redirect("/call")
	case v.duties.Sells:
		v.redirect("/agenda")
	case len(v.sections()) > 0:
		v.redirect(v.sections()[0].Path)
	default:
		v.redirect("/account")
	}
	return nil
}

// notice is a line on top of a page.
type notice struct {
	Kind string // done, wait or wrong
	Text string
}

// wrong says in the reader's words what a command's error is about; false if it
// is an error of ours.
func (v *visit) wrong(err error) (status int, text string, known bool) {
	t := v.look.words.text
	if no, ok := errors.AsType[*desk.Denied](err); ok {
		return http.StatusForbidden, t("error.denied") + " " + no.Said().In(v.look.lang), true
	}
	if _, ok := errors.AsType[*desk.NotFound](err); ok {
		return http.StatusNotFound, t("error.not_found"), true
	}
	if _, ok := errors.AsType[*desk.Forgotten](err); ok {
		return http.StatusNotFound, t("error.forgotten"), true
	}
	if clash, ok := errors.AsType[*desk.Clash](err); ok {
		return http.StatusConflict, t("error.clash") + " " + clash.Why.In(v.look.lang), true
	}
	if closed, ok := errors.AsType[*desk.Closed](err); ok {
		return http.StatusConflict, v.closedText(closed), true
	}
	if no, ok := errors.AsType[*desk.Spent](err); ok {
		return http.StatusTooManyRequests, v.spentText(no), true
	}
	if bad, ok := errors.AsType[*desk.Invalid](err); ok {
		return http.StatusUnprocessableEntity, cmp.Or(v.look.words.of("invalid."+strings.TrimPrefix(bad.Part, "next.")), bad.Part) + t("colon") + " " + bad.Why.In(v.look.lang), true
	}
	if status, ok := ofOutbox(err); ok {
		return status, t("error.clash") + " " + bilingual.Of(err).In(v.look.lang), true
	}
	return 0, "", false
}

// spentText says that somebody has done enough for an hour, and until when.
func (v *visit) spentText(no *desk.Spent) string {
	if no.Free.IsZero() {
		return v.look.words.text("error.spent") + " " + no.Said().In(v.look.lang)
	}
	return v.look.words.text("error.spent_until", v.look.moment(no.Free.In(v.zone), v.now.In(v.zone))) + " " + no.Said().In(v.look.lang)
}

// closedText says that nothing may be called, and until when.
func (v *visit) closedText(closed *desk.Closed) string {
	why := cmp.Or(v.look.words.of("closed."+closed.Rule), closed.Reason.In(v.look.lang))
	if closed.Next.IsZero() {
		return v.look.words.text("error.closed") + " " + why
	}
	return v.look.words.text("error.closed_until", v.look.moment(closed.Next.In(v.zone), v.now.In(v.zone))) + " " + why
}
