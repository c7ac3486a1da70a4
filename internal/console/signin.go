package console

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"passerelle/internal/identity"
	"passerelle/internal/secret"
)

// pair is a part of a form that waits until somebody has signed in again.
type pair struct{ Name, Value string }

// Own is its name where it goes to.
func (p pair) Own() string { return strings.TrimPrefix(p.Name, waitPrefix) }

type signInPage struct {
	Login, Next string
	Path        string // what waits is posted here; "" for nothing
	Waiting     []pair
	Insecure    bool   // the browser would not keep a session over this connection
	Provider    string // what people call the company's own way in, "" for none
	Alone       bool   // which is that of most
	End         string // where to sign out there, "" for nowhere
}

func (v *visit) signInData() signInPage {
	host := v.r.Host
	secure := v.r.TLS != nil || v.r.Header.Get("X-Forwarded-Proto") == "https" || !identity.Cookie(v.r, "").Secure
	data := signInPage{Next: local(v.r.FormValue("next")), Insecure: !secure && host != ""}
	if p := v.opts.Provider; p != nil {
		data.Provider, data.Alone = p.Name, p.Alone
		if v.r.URL.Query().Get("why") == "left" {
			data.End = p.End()
		}
	}
	return data
}

func (c *Console) signInPage(v *visit) error {
	if v.half.Person.ID != "" {
		return v.goOn(v.session.Awaits, http.StatusOK, v.signInData())
	}
	if v.actor.Person.ID != "" {
		v.redirect(local(v.r.URL.Query().Get("next")))
		return nil
	}
	return v.showWith(http.StatusOK, "sign-in", v.atDoor(), v.signInData())
}

// waitPrefix marks what waits among the parts of the form to sign in.
const waitPrefix = "wait."

// askAgain asks somebody to sign in whose session has ended, and keeps what they
// have posted in the page.
func (v *visit) askAgain() error {
	if err := v.r.ParseForm(); err != nil {
		return v.show(http.StatusUnauthorized, "sign-in", v.signInData())
	}
	data := v.signInData()
	data.Path, data.Next = v.r.URL.Path, "/"
	for _, name := range slices.Sorted(maps.Keys(v.r.PostForm)) {
		for _, value := range v.r.PostForm[name] {
			data.Waiting = append(data.Waiting, pair{waitPrefix + name, value})
		}
	}
	if v.half.Person.ID != "" {
		return v.goOn(v.session.Awaits, http.StatusUnauthorized, data)
	}
	return v.showWith(http.StatusUnauthorized, "sign-in", &notice{"wait", v.look.words.text("sign-in.ended")}, data)
}

func (c *Console) signIn(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return v.show(http.StatusBadRequest, "sign-in", v.signInData())
	}
	entry, err := c.opts.Accounts.SignIn(v.r.Context(), v.visitor())
	if err != nil {
		return v.notSignedIn("sign-in", err)
	}
	return v.enter(entry)
}

// visitor is the browser that signs in.
func (v *visit) visitor() identity.Visitor {
	return identity.Visitor{
		Login: v.form("login"), Password: secret.New(v.r.PostFormValue("password")), Client: identity.Client(v.r.Context()),
		Agent: v.r.UserAgent(), Former: identity.Key(v.r), Device: identity.Device(v.r),
	}
}

// proveCode takes the code that is asked for beside the password.
func (c *Console) proveCode(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return v.show(http.StatusBadRequest, "code", v.signInData())
	}
	entry, err := c.opts.Accounts.Prove(v.r.Context(), identity.Key(v.r), secret.New(v.form("code")), v.visitor())
	if errors.Is(err, identity.ErrNoSession) {
		return v.notSignedIn("sign-in", err)
	}
	if err != nil {
		return v.notSignedIn("code", err)
	}
	return v.enter(entry)
}

// keep gives the browser what it holds from now on.
func (v *visit) keep(e identity.Entry) {
	http.SetCookie(v.w, identity.Cookie(v.r, e.Key))
	if e.Device != "" {
		http.SetCookie(v.w, identity.DeviceCookie(v.r, e.Device))
	}
}

// enter gives the browser what it holds from now on, and goes to where it wanted,
// or to what is still asked.
func (v *visit) enter(e identity.Entry) error {
	v.keep(e)
	if e.Awaits != "" {
		return v.goOn(e.Awaits, http.StatusOK, v.stillWaiting())
	}
	if inPage(v.r) {
		v.w.WriteHeader(http.StatusNoContent) // the page goes on where it is
		return nil
	}
	if path := local(v.form("path")); path != "/" {
		return v.show(http.StatusOK, "again", signInPage{Path: path, Waiting: v.waited()})
	}
	v.redirect(local(v.form("next")))
	return nil
}

// inPage says whether a page's script asks, which goes on where it is.
func inPage(r *http.Request) bool { return r.Header.Get("X-In-Page") != "" }

// goOn leads to what is still asked of somebody.
func (v *visit) goOn(a identity.Awaits, status int, data signInPage) error {
	to := map[identity.Awaits]string{identity.AwaitsFactor: "/account/factor", identity.AwaitsPassword: "/account/password"}[a]
	switch {
	case inPage(v.r) && to == "":
		http.Error(v.w, v.look.words.text("code.text"), http.StatusAccepted) // the dialog asks for it
		return nil
	case inPage(v.r):
		http.Error(v.w, v.look.words.text("awaits."+string(a)), http.StatusConflict)
		return nil
	case to != "":
		v.redirect(to)
		return nil
	}
	return v.show(status, "code", data)
}

// waited is what waited in the form to sign in.
func (v *visit) waited() (out []pair) {
	for _, name := range slices.Sorted(maps.Keys(v.r.PostForm)) {
		if own, ok := strings.CutPrefix(name, waitPrefix); ok {
			for _, value := range v.r.PostForm[name] {
				out = append(out, pair{own, value})
			}
		}
	}
	return out
}

// stillWaiting is the form to sign in with what waits in the one that was posted.
func (v *visit) stillWaiting() signInPage {
	data := v.signInData()
	data.Login = v.form("login")
	if path := local(v.form("path")); path != "/" {
		data.Path = path
		for _, p := range v.waited() {
			data.Waiting = append(data.Waiting, pair{waitPrefix + p.Name, p.Value})
		}
	}
	return data
}

// notSignedIn shows a page of the door again, with why.
func (v *visit) notSignedIn(page string, err error) error {
	t := v.look.words.text
	locked, isLocked := errors.AsType[*identity.Locked](err)
	status, text := http.StatusUnauthorized, ""
	switch {
	case isLocked:
		status, text = http.StatusTooManyRequests, t("sign-in.locked", waitMinutes(locked))
	case errors.Is(err, identity.ErrRenew):
		text = t("sign-in.renew")
	case errors.Is(err, identity.ErrNoSession):
		text = t("code.late")
	case errors.Is(err, identity.ErrCode):
		text = t("code.wrong")
	case errors.Is(err, identity.ErrSignIn):
		text = t("sign-in.wrong")
	default:
		return err
	}
	if inPage(v.r) {
		http.Error(v.w, text, status)
		return nil
	}
	return v.showWith(status, page, &notice{"wrong", text}, v.stillWaiting())
}

// waitMinutes is how long somebody has to wait, in minutes.
func waitMinutes(l *identity.Locked) int { return max(1, int(l.For.Minutes()+0.99)) }

func (c *Console) signOut(v *visit) error {
	if key := identity.Key(v.r); key != "" {
		if err := c.opts.Accounts.SignOut(v.r.Context(), key); err != nil {
			return err
		}
	}
	http.SetCookie(v.w, identity.Cookie(v.r, ""))
	to := url.Values{"next": {"/"}}
	if v.opts.Provider != nil {
		to.Set("why", "left") // there, they may be signed in still
	}
	v.redirect("/sign-in?" + to.Encode())
	return nil
}
