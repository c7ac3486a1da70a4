package console

import (
	"errors"
	"net/http"
	"time"

	"passerelle/internal/identity"
	"passerelle/internal/secret"
)

type accountPage struct {
	Sessions []sessionRow
	Feed     *feedRow // nil for those who have no appointments
}

type sessionRow struct {
	ID, Client, Agent, Began, Seen string
	Here                           bool
}

func (c *Console) account(v *visit) error { return v.accountWith(http.StatusOK, nil) }

func (v *visit) accountWith(status int, n *notice) error {
	page, err := v.accountPage()
	if err != nil {
		return err
	}
	return v.showWith(status, "account", n, page)
}

func (v *visit) accountPage() (data accountPage, err error) {
	found, err := v.opts.Accounts.Sessions(v.actor.Person.ID)
	if err != nil {
		return data, err
	}
	say := func(t time.Time) string { return v.look.moment(t.In(v.zone), v.now.In(v.zone)) }
	for _, s := range found {
		data.Sessions = append(data.Sessions, sessionRow{
			ID: s.ID, Client: s.Client, Agent: s.Agent, Began: say(s.Began), Seen: say(s.Seen), Here: s.ID == v.session.ID,
		})
	}
	data.Feed, err = v.feedRow()
	return data, err
}

func (c *Console) changePassword(v *visit) error {
	t := v.look.words.text
	fresh := v.r.PostFormValue("new")
	if fresh != v.r.PostFormValue("again") {
		return v.accountWith(http.StatusUnprocessableEntity, &notice{"wrong", t("account.differ")})
	}
	err := c.opts.Accounts.ChangePassword(v.r.Context(), v.actor, identity.Key(v.r), secret.New(v.r.PostFormValue("old")), secret.New(fresh))
	if weak, ok := errors.AsType[*identity.Weak](err); ok {
		return v.accountWith(http.StatusUnprocessableEntity, &notice{"wrong", t("account.weak") + " " + weak.Why})
	}
	if errors.Is(err, identity.ErrSignIn) {
		return v.accountWith(http.StatusUnprocessableEntity, &notice{"wrong", t("account.old")})
	}
	if locked, ok := errors.AsType[*identity.Locked](err); ok {
		return v.accountWith(http.StatusTooManyRequests, &notice{"wrong", t("sign-in.locked", max(1, int(locked.For.Minutes()+0.99)))})
	}
	if err != nil {
		return err
	}
	v.flash("done", t("account.changed"))
	v.redirect("/account")
	return nil
}

func (c *Console) endSession(v *visit) error {
	err := c.opts.Accounts.End(v.r.Context(), v.actor.Person.ID, v.param("id"))
	if err != nil && !errors.Is(err, identity.ErrNoSession) {
		return err
	}
	v.flash("done", v.look.words.text("account.ended"))
	v.redirect("/account")
	return nil
}
