package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"

	"passerelle/internal/identity"
	"passerelle/internal/identity/oidc"
	"passerelle/internal/policy"
)

// Provider is the company's own way to sign in, and what people call it.
type Provider struct {
	*oidc.Provider
	Name string
	// Alone says that most people sign in there and nowhere else.
	Alone bool
}

// away sends a browser to the identity provider.
func (c *Console) away(v *visit) error {
	next := local(v.r.URL.Query().Get("next"))
	if c.opts.Provider == nil {
		v.redirect("/sign-in?" + url.Values{"next": {next}}.Encode())
		return nil
	}
	to, kept, err := c.opts.Provider.Begin(v.r.Context(), next)
	if err != nil {
		return v.notVouched(err, next)
	}
	http.SetCookie(v.w, identity.AwayCookie(v.r, kept, oidc.Within))
	v.redirect(to)
	return nil
}

// back takes a browser in that comes from the identity provider.
func (c *Console) back(v *visit) error {
	kept, client := identity.Away(v.r), identity.Client(v.r.Context())
	http.SetCookie(v.w, identity.AwayCookie(v.r, "", 0))
	if c.opts.Provider == nil {
		v.redirect("/sign-in")
		return nil
	}
	if kept == "" { // it was never sent away, and guesses nothing: any page on the web can bring it here
		v.redirect("/sign-in?" + url.Values{"why": {"stale"}, "next": {"/"}}.Encode())
		return nil
	}
	if wait := c.opts.Accounts.Patience(client); wait > 0 {
		return v.notVouched(&identity.Locked{For: wait}, "/")
	}
	proven, err := c.opts.Provider.Finish(v.r.Context(), kept, v.r.URL.Query())
	if err != nil {
		return v.notVouched(err, proven.Next)
	}
	visitor, shown := v.visitor(), policy.PasswordAlone
	visitor.Login = proven.Login
	if proven.Strong {
		shown = policy.SecondFactor
	}
	entry, err := c.opts.Accounts.SignInVouched(v.r.Context(), visitor, shown)
	if err != nil {
		return v.notVouched(err, proven.Next)
	}
	v.keep(entry)
	next := local(proven.Next)
	if entry.Awaits != "" {
		next = "/sign-in?" + url.Values{"next": {next}}.Encode() // which asks for it
	}
	v.redirect(next)
	return nil
}

// notVouched leads back to the form to sign in, which says why: the address of
// an answer must not stay in the browser.
func (v *visit) notVouched(err error, next string) error {
	doubt, doubted := errors.AsType[*oidc.Doubt](err)
	_, locked := errors.AsType[*identity.Locked](err)
	why, id := "", identity.RequestID(v.r.Context())
	switch {
	case errors.Is(err, oidc.ErrDown):
		why = "down"
		v.opts.Log.Warn("the identity provider cannot be reached", "request", id, "err", err)
	case errors.Is(err, oidc.ErrCancelled):
		why = "cancelled"
	case errors.Is(err, identity.ErrStranger):
		why = "stranger"
	case locked:
		why = "locked"
	case errors.Is(err, oidc.ErrStale):
		why = "stale"
	case doubted:
		why = "doubt"
		v.opts.Log.Warn("the identity provider's answer was not taken", "request", id, "err", doubt)
	default:
		return err
	}
	if doubted || why == "stale" {
		if err := v.opts.Accounts.Doubted(v.r.Context(), identity.Client(v.r.Context())); err != nil {
			return err
		}
	}
	v.redirect("/sign-in?" + url.Values{"why": {why}, "next": {local(cmp.Or(next, "/"))}}.Encode())
	return nil
}

// atDoor is what the form to sign in begins with.
func (v *visit) atDoor() *notice {
	if v.opts.Provider == nil {
		return nil
	}
	key := v.r.URL.Query().Get("why")
	text := v.look.words.of("sign-in.why." + key)
	if text == "" {
		return nil
	}
	if key == "left" || key == "cancelled" {
		return &notice{"wait", text}
	}
	return &notice{"wrong", text}
}
