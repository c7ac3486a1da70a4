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

type signInPage struct {
	Login, Next string
	Path        string // what waits is posted here; "" for nothing
	Waiting     []pair
	Insecure    bool // the browser would not keep a session over this connection
}

func (v *visit) signInData() signInPage {
	host := v.r.Host
	secure := v.r.TLS != nil || v.r.Header.Get("X-Forwarded-Proto") == "https" || !identity.Cookie(v.r, "").Secure
	return signInPage{Next: local(v.r.FormValue("next")), Insecure: !secure && host != ""}
}

func (c *Console) signInPage(v *visit) error {
	if v.actor.Person.ID != "" {
		v.redirect(local(v.r.URL.Query().Get("next")))
		return nil
	}
	return v.show(http.StatusOK, "sign-in", v.signInData())
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
	return v.showWith(http.StatusUnauthorized, "sign-in", &notice{"wait", v.look.words.text("sign-in.ended")}, data)
}

func (c *Console) signIn(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return v.show(http.StatusBadRequest, "sign-in", v.signInData())
	}
	key, err := c.opts.Accounts.SignIn(v.r.Context(), identity.Visitor{
		Login: v.form("login"), Password: secret.New(v.r.PostFormValue("password")),
		Client: identity.Client(v.r.Context()), Agent: v.r.UserAgent(), Former: identity.Key(v.r),
	})
	if err != nil {
		return v.notSignedIn(err)
	}
	http.SetCookie(v.w, identity.Cookie(v.r, key))
	if v.r.Header.Get("X-In-Page") != "" {
		v.w.WriteHeader(http.StatusNoContent) // the page goes on where it is
		return nil
	}
	if path := local(v.form("path")); path != "/" {
		return v.show(http.StatusOK, "again", signInPage{Path: path, Waiting: v.waited()})
	}
	v.redirect(local(v.form("next")))
	return nil
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

func (v *visit) notSignedIn(err error) error {
	t := v.look.words.text
	locked, isLocked := errors.AsType[*identity.Locked](err)
	status, text := http.StatusUnauthorized, t("sign-in.wrong")
	switch {
	case isLocked:
		status, text = http.StatusTooManyRequests, t("sign-in.locked", max(1, int(locked.For.Minutes()+0.99)))
	case !errors.Is(err, identity.ErrSignIn):
		return err
	}
	if v.r.Header.Get("X-In-Page") != "" {
		http.Error(v.w, text, status)
		return nil
	}
	data := v.signInData()
	data.Login = v.form("login")
	if path := local(v.form("path")); path != "/" {
		data.Path = path
		for _, p := range v.waited() {
			data.Waiting = append(data.Waiting, pair{waitPrefix + p.Name, p.Value})
		}
	}
	return v.showWith(status, "sign-in", &notice{"wrong", text}, data)
}

func (c *Console) signOut(v *visit) error {
	if key := identity.Key(v.r); key != "" {
		if err := c.opts.Accounts.SignOut(v.r.Context(), key); err != nil {
			return err
		}
	}
	http.SetCookie(v.w, identity.Cookie(v.r, ""))
	v.redirect("/sign-in?" + url.Values{"next": {"/"}}.Encode())
	return nil
}
