package console

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/identity"
)

type tokensPage struct {
	Tokens  []tokenRow
	Bearers []bearer
	Days    int
	Most    int
	Made    string // shown this once; "" for none
	Name    string
}

type tokenRow struct {
	ID, Name, Person, Role     string
	State, Expires, Used, From string
	Good                       bool
}

// bearer is somebody as whom a token may act.
type bearer struct {
	Value, Label string
	Chosen       bool
}

// usualDays is how long a token is good for that nobody has thought about.
const usualDays = 90

func (c *Console) tokens(v *visit) error {
	return v.tokensWith(http.StatusOK, nil, tokensPage{})
}

func (v *visit) tokensWith(status int, n *notice, page tokensPage) error {
	found, err := v.opts.Tokens.List()
	if err != nil {
		return err
	}
	for _, t := range found {
		page.Tokens = append(page.Tokens, v.tokenRow(t))
	}
	page.Bearers, page.Most, page.Days = v.bearers(), identity.MaxTokenDays, cmp.Or(page.Days, usualDays)
	return v.showWith(status, "tokens", n, page)
}

func (v *visit) tokenRow(t identity.ServiceToken) tokenRow {
	out := tokenRow{
		ID: t.ID, Name: t.Name, Person: string(t.Person), From: t.Client, State: "good", Good: !t.Ended(v.now),
		Expires: v.look.day(t.Expires.In(v.zone)) + " " + strconv.Itoa(t.Expires.In(v.zone).Year()),
	}
	switch {
	case !t.Revoked.IsZero():
		out.State = "revoked"
	case t.Ended(v.now):
		out.State = "expired"
	case t.ReadOnly:
		out.State = "read_only"
	}
	if !t.Used.IsZero() {
		out.Used = v.look.moment(t.Used.In(v.zone), v.now.In(v.zone))
	}
	if p, known := v.opts.Desk.Rules().Person(t.Person); known {
		out.Person, out.Role = cmp.Or(p.Name, string(p.ID)), v.roleOf(t.Connection, p)
	}
	return out
}

// roleOf is what the policy calls the role that somebody has on a connection.
func (v *visit) roleOf(on bridge.ConnectionName, p bridge.Person) string {
	rules := v.opts.Desk.Rules().Policy
	role, mapped := rules.RoleOf(on, p.Phoning[on].Profile)
	if !mapped {
		return ""
	}
	return cmp.Or(rules.Title(role), string(role))
}

// bearers are those as whom the reader may let a token act.
func (v *visit) bearers() (out []bearer) {
	chosen := v.form("bearer")
	for _, p := range v.opts.People() {
		for _, on := range slices.Sorted(maps.Keys(p.Phoning)) {
			if !p.Active || !v.opts.Tokens.MayGiveFor(v.actor, bridge.Actor{Person: p, Connection: on}) {
				continue
			}
			b := bearer{Value: string(p.ID) + " " + string(on), Label: cmp.Or(p.Name, string(p.ID)) + ", " + string(on)}
			if role := v.roleOf(on, p); role != "" {
				b.Label += " (" + role + ")"
			}
			b.Chosen = b.Value == chosen
			out = append(out, b)
		}
	}
	return out
}

// makeToken makes a token and shows it, this once.
func (c *Console) makeToken(v *visit) error {
	person, on, _ := strings.Cut(v.form("bearer"), " ")
	days, err := strconv.Atoi(v.form("days"))
	if err != nil {
		days = 0 // which is refused, with what to write
	}
	r := identity.TokenRequest{
		Name: v.form("name"), Person: bridge.PersonID(person), Connection: bridge.ConnectionName(on), ReadOnly: v.form("read_only") != "", Days: days,
	}
	_, token, err := c.opts.Tokens.Make(v.r.Context(), v.actor, r)
	if no, ok := errors.AsType[*identity.Refused](err); ok {
		return v.tokensWith(http.StatusUnprocessableEntity, &notice{"wrong", v.look.words.text("tokens.refused") + " " + no.Why.In(v.look.lang)}, tokensPage{Name: r.Name, Days: days})
	}
	if err != nil {
		return err
	}
	return v.tokensWith(http.StatusOK, &notice{"done", v.look.words.text("tokens.made")}, tokensPage{Made: token.Reveal()})
}

func (c *Console) revokeToken(v *visit) error {
	err := c.opts.Tokens.Revoke(v.r.Context(), v.actor, v.param("id"), v.form("motive"))
	if _, none := errors.AsType[*identity.NoToken](err); none {
		return v.tokensWith(http.StatusNotFound, &notice{"wrong", v.look.words.text("tokens.none")}, tokensPage{})
	}
	if err != nil {
		return err
	}
	v.flash("done", v.look.words.text("tokens.over"))
	v.redirect("/governance/tokens")
	return nil
}
