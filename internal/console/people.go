package console

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/desk"
	"passerelle/internal/doctor"
	"passerelle/internal/identity"
)

// Examine has a look at a connection; false if there is no such.
type Examine func(ctx context.Context, name bridge.ConnectionName, lang string) (doctor.Report, bool, error)

type peoplePage struct {
	Unused   int // days after which an account counts as unused
	Only     string
	Choices  []string // of marks
	Rows     []personState
	CRMs     []bridge.ConnectionName
	Compared bridge.ConnectionName // with whose people ours were compared
	Apart    []string
	Untold   string // what the CRM does not tell
	Tends    bool   // may end sessions, and unlock
}

// personState is somebody as those see them who look after accounts.
type personState struct {
	ID                bridge.PersonID
	Name, Team, Roles string
	LastLogin         string
	Sessions          int
	Account, Locked   bool
	Marks             []flaw
	Out               string // how they get in again: a command of the operator's
}

// flaw is something about a person that somebody should look at.
type flaw struct{ Key, Text string }

// unusedDays is what counts as unused where nobody says otherwise.
const unusedDays = 90

// people lists everybody with what their accounts lack.
func (c *Console) people(v *visit) error { return v.peopleWith(http.StatusOK, nil) }

func (v *visit) peopleWith(status int, n *notice) error {
	q := v.r.URL.Query()
	page := peoplePage{Choices: []string{"unused", "never", "unmapped", "locked", "disabled"}, Unused: unusedDays, Only: q.Get("only"), Tends: v.powers.Activates}
	if days, err := strconv.Atoi(q.Get("unused")); err == nil && days > 0 {
		page.Unused = days
	}
	standing, err := v.standings()
	if err != nil {
		return err
	}
	for _, p := range v.everybody() {
		row := v.personState(p, standing, page.Unused)
		if page.Only == "" || slices.ContainsFunc(row.Marks, func(m flaw) bool { return m.Key == page.Only }) {
			page.Rows = append(page.Rows, row)
		}
	}
	for _, c := range v.opts.Connections() {
		if c.Kind == connector.CRM {
			page.CRMs = append(page.CRMs, c.Name)
		}
	}
	if crm := bridge.ConnectionName(q.Get("crm")); slices.Contains(page.CRMs, crm) {
		if err := v.compare(&page, crm); err != nil {
			return err
		}
	}
	return v.showWith(status, "people", n, page)
}

// standings are the accounts, by person.
func (v *visit) standings() (map[bridge.PersonID]identity.Standing, error) {
	found, err := v.opts.Accounts.List()
	out := map[bridge.PersonID]identity.Standing{}
	for _, s := range found {
		out[s.Person.ID] = s
	}
	return out, err
}

func (v *visit) personState(p bridge.Person, standing map[bridge.PersonID]identity.Standing, unused int) personState {
	s, has := standing[p.ID]
	row := personState{ID: p.ID, Name: cmp.Or(p.Name, string(p.ID)), Team: p.Team, Account: has, Sessions: s.Sessions, LastLogin: v.when(s.LastLogin)}
	say := func(key string, args ...any) {
		row.Marks = append(row.Marks, flaw{key, v.look.words.text("people.mark."+key, args...)})
	}
	var roles []string
	for _, c := range slices.Sorted(maps.Keys(p.Phoning)) {
		if role, ok := v.opts.Desk.Rules().Policy.RoleOf(c, p.Phoning[c].Profile); ok {
			roles = append(roles, v.opts.Desk.Rules().Policy.Title(role))
		} else {
			say("unmapped", string(p.Phoning[c].Profile), string(c))
		}
	}
	row.Roles = strings.Join(slices.Compact(roles), ", ")
	switch {
	case !p.Active:
		say("inactive")
	case has && s.Disabled:
		say("disabled")
	case has && s.LastLogin.IsZero():
		say("never")
	case has && s.LastLogin.Before(v.now.AddDate(0, 0, -unused)):
		say("unused", int(v.now.Sub(s.LastLogin).Hours())/24)
	}
	if row.Locked = s.Locked > 0; row.Locked {
		say("locked", int(s.Locked/time.Minute)+1)
	}
	if has && p.Active && (s.Locked > 0 || s.Disabled) {
		row.Out = "passerelle user reset " + string(p.ID)
	}
	return row
}

// compare asks a CRM who works there, and keeps what does not fit.
func (v *visit) compare(page *peoplePage, crm bridge.ConnectionName) error {
	r, _, err := v.opts.Examine(v.r.Context(), crm, v.look.lang)
	if err != nil {
		return err
	}
	page.Compared = crm
	for _, f := range r.Findings {
		if strings.HasPrefix(f.Code, "person.") || f.Code == "check" || f.Code == "question" {
			page.Apart = append(page.Apart, strings.TrimSpace(f.About+" "+f.Text))
		}
	}
	page.Untold = strings.Join(r.Untold, ", ")
	return nil
}

// tendAccount signs somebody out everywhere, or lets them try their password
// again. Another password is the operator's to give: who may activate a policy
// must not be able to sign in as whoever proposed it.
func (c *Console) tendAccount(v *visit) error {
	if !v.powers.Activates {
		return &desk.Denied{What: bilingual.Text{"look after the accounts of others", "vous occuper des comptes des autres"}}
	}
	ctx, who, said := v.r.Context(), bridge.PersonID(v.param("id")), ""
	var err error
	switch v.param("verb") {
	case "end":
		if v.form("motive") == "" {
			return v.peopleWith(http.StatusUnprocessableEntity, &notice{"wrong", v.look.words.text("people.no_motive")})
		}
		err, said = c.opts.Accounts.EndAll(ctx, v.actor, who, v.form("motive")), "people.ended"
	case "unlock":
		err, said = c.opts.Accounts.Unlock(ctx, v.actor, who), "people.unlocked"
	default:
		err = &desk.NotFound{What: bilingual.Text{"command", "de commande"}}
	}
	if _, ok := errors.AsType[*identity.Unknown](err); ok {
		return &desk.NotFound{What: bilingual.Text{"account", "de compte"}, ID: string(who)}
	}
	if err != nil {
		return err
	}
	v.flash("done", v.look.words.text(said))
	v.redirect("/governance/people")
	return nil
}
