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
	Factor   bool     // there is a second one
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
	own, err := v.opts.Accounts.Factor(v.session)
	if err != nil {
		return data, err
	}
	data.Factor = !own.Since.IsZero()
	say := func(t time.Time) string { return v.look.moment(t.In(v.zone), v.now.In(v.zone)) }
	for _, s := range found {
		data.Sessions = append(data.Sessions, sessionRow{
			ID: s.ID, Client: s.Client, Agent: s.Agent, Began: say(s.Began), Seen: say(s.Seen), Here: s.ID == v.session.ID,
		})
	}
	data.Feed, err = v.feedRow()
	return data, err
}

// passwordPage asks for another password those whose own somebody else may know.
func (c *Console) passwordPage(v *visit) error {
	if v.actor.Person.ID != "" {
		v.redirect("/account")
		return nil
	}
	return v.show(http.StatusOK, "password", nil)
}

func (c *Console) changePassword(v *visit) error {
	t := v.look.words.text
	fresh := v.r.PostFormValue("new")
	if fresh != v.r.PostFormValue("again") {
		return v.notChanged(http.StatusUnprocessableEntity, t("account.differ"))
	}
	err := c.opts.Accounts.ChangePassword(v.r.Context(), v.who(), identity.Key(v.r), secret.New(v.r.PostFormValue("old")), secret.New(fresh))
	if weak, ok := errors.AsType[*identity.Weak](err); ok {
		return v.notChanged(http.StatusUnprocessableEntity, t("account.weak")+" "+weak.Why.In(v.look.lang))
	}
	if status, text, known := v.notProven(err); known {
		return v.notChanged(status, text)
	}
	if err != nil {
		return err
	}
	v.flash("done", t("account.changed"))
	v.redirect("/account")
	return nil
}

// notChanged shows the form for the password again, with why.
func (v *visit) notChanged(status int, why string) error {
	if v.actor.Person.ID == "" {
		return v.showWith(status, "password", &notice{"wrong", why}, nil)
	}
	return v.accountWith(status, &notice{"wrong", why})
}

// notProven says what is wrong with a password or a code that somebody was asked
// for once more.
func (v *visit) notProven(err error) (status int, text string, known bool) {
	t := v.look.words.text
	if locked, ok := errors.AsType[*identity.Locked](err); ok {
		return http.StatusTooManyRequests, t("sign-in.locked", waitMinutes(locked)), true
	}
	if errors.Is(err, identity.ErrCode) {
		return http.StatusUnprocessableEntity, t("code.wrong"), true
	}
	if errors.Is(err, identity.ErrSignIn) {
		return http.StatusUnprocessableEntity, t("account.old"), true
	}
	return 0, "", false
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

// judgeDevice takes what somebody says of a new device that signed in as them.
func (c *Console) judgeDevice(v *visit) error {
	t := v.look.words.text
	var err error
	if v.form("verdict") == "mine" {
		err = c.opts.Accounts.Own(v.r.Context(), v.session, v.param("id"))
	} else if err = c.opts.Accounts.Disown(v.r.Context(), v.actor, v.session, identity.Key(v.r), v.param("id")); err == nil {
		v.flash("wait", t("device.ended"))
		v.redirect("/account/password")
		return nil
	}
	if err != nil && !errors.Is(err, identity.ErrNoDevice) {
		return err
	}
	v.redirect(local(v.form("next")))
	return nil
}
