package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/bilingual"
	"passerelle/internal/desk"
	"passerelle/internal/governance"
	"passerelle/internal/policy"
	"passerelle/internal/strict"
)

type policyPage struct {
	Hash    string
	Drafts  []versionRow
	History []versionRow // the newest first
}

// versionRow is a policy that was proposed, or has decided.
type versionRow struct {
	Hash, Short      string
	N                uint64
	At, Motive       string
	Author, Approver string
	Own, Active      bool
}

// policies is the policy in force, what is to come and what was.
func (c *Console) policies(v *visit) error {
	active := v.opts.Desk.Rules().Policy.Hash()
	page := policyPage{Hash: active}
	drafts, err := v.opts.Office.Waiting()
	if err != nil {
		return err
	}
	for _, d := range drafts {
		page.Drafts = append(page.Drafts, v.draftRow(d))
	}
	lines, err := v.opts.Office.History()
	if err != nil {
		return err
	}
	for i, l := range slices.Backward(lines) {
		row := v.lineRow(l)
		row.Active = i == len(lines)-1
		page.History = append(page.History, row)
	}
	return v.show(http.StatusOK, "policy", page)
}

func (v *visit) draftRow(d governance.Draft) versionRow {
	return versionRow{
		Hash: d.Policy, Short: short(d.Policy), At: v.when(d.At), Motive: d.Motive, Author: v.name(d.Author), Own: d.Author == v.actor.Person.ID,
	}
}

func (v *visit) lineRow(l governance.Line) versionRow {
	row := versionRow{Hash: l.Policy, Short: short(l.Policy), N: l.N, At: v.when(l.At), Motive: l.Motive, Author: v.name(l.Author), Approver: v.name(l.Approver)}
	if l.Author == governance.Bootstrap {
		row.Author = v.look.words.text("policy.operator")
		if l.Motive == governance.Bootstrap {
			row.Motive = v.look.words.text("policy.bootstrap")
		}
	}
	return row
}

// short is as much of a hash as people compare.
func short(hash string) string { return hash[:min(8, len(hash))] }

// when is a moment for a page that looks back.
func (v *visit) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(v.zone).Format(v.look.words.text("date.short")) + " " + v.look.words.text("hour", t.In(v.zone).Hour(), t.In(v.zone).Minute())
}

type versionPage struct {
	Hash, Short string
	Draft       *versionRow // it waits for a second person
	Line        *versionRow // it decides, or did: its last line of the register
	Active      bool
	Text        string
	Difference  []paragraph // from the policy in force
	Broken      []finding   // why it cannot be used any more
	Days        int         // that the forecast looks back; 0 for none
	Choices     []int
	Forecast    []paragraph
	Weighs      bool
	Activates   bool
	Withdraws   bool
	Proposes    bool
}

// finding is what is wrong in a policy's text, with the line it stands on.
type finding struct {
	Line, Col int
	Path      string
	Text      string
	Source    string
}

// version is one policy: what it would change, and what can be done with it.
func (c *Console) version(v *visit) error {
	page, err := v.versionPage(v.param("hash"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "version", page)
}

func (v *visit) versionPage(hash string) (versionPage, error) {
	text, err := v.opts.Office.Text(hash)
	if err != nil {
		return versionPage{}, err
	}
	hash = policy.HashOf(text)
	page := versionPage{
		Hash: hash, Short: short(hash), Text: string(text), Active: hash == v.opts.Desk.Rules().Policy.Hash(),
		Weighs: v.powers.Weighs, Activates: v.powers.Activates, Proposes: v.powers.Proposes,
	}
	if err := v.standing(&page); err != nil || page.Active {
		return page, err
	}
	return page, v.compared(&page, text)
}

// standing says whether a version waits, decides or has decided.
func (v *visit) standing(page *versionPage) error {
	drafts, err := v.opts.Office.Waiting()
	if err != nil {
		return err
	}
	for _, d := range drafts {
		if d.Policy == page.Hash {
			row := v.draftRow(d)
			page.Draft, page.Withdraws = &row, row.Own || v.powers.Activates
		}
	}
	lines, err := v.opts.Office.History()
	for _, l := range lines {
		if l.Policy == page.Hash {
			row := v.lineRow(l)
			page.Line = &row
		}
	}
	return err
}

// forecastDays are how far back a forecast may look.
var forecastDays = []int{7, 14, 30, 90}

// compared says what a policy would change: of the rules, and if asked of what was
// decided lately.
func (v *visit) compared(page *versionPage, text []byte) error {
	p, err := v.opts.Office.Policy(page.Hash)
	if found, ok := errors.AsType[strict.Findings](err); ok {
		page.Broken = v.findings(found, text)
		return nil
	}
	if err != nil {
		return err
	}
	page.Difference = paragraphs(policy.Diff(v.opts.Desk.Rules().Policy, p).Text(v.look.lang))
	page.Choices = forecastDays
	page.Days, _ = strconv.Atoi(v.r.URL.Query().Get("days"))
	if !slices.Contains(forecastDays, page.Days) || !v.powers.Weighs {
		page.Days = 0
		return nil
	}
	f, err := v.opts.Office.Simulate(text, v.now.AddDate(0, 0, -page.Days))
	page.Forecast = paragraphs(f.Text(v.look.lang))
	return err
}

// findings are what is wrong with a text, in the reader's words, each with the line
// that it is about.
func (v *visit) findings(found strict.Findings, text []byte) (out []finding) {
	lines := strings.Split(string(text), "\n")
	for _, f := range found.In(v.look.lang) {
		one := finding{Line: f.Line, Col: f.Col, Path: f.Path, Text: f.Text}
		if f.Line > 0 && f.Line <= len(lines) {
			one.Source = lines[f.Line-1]
		}
		out = append(out, one)
	}
	return out
}

// settle activates a draft, or drops it.
func (c *Console) settle(v *visit) error {
	hash, said := v.param("hash"), ""
	var err error
	switch v.param("verb") {
	case "activate":
		_, err = c.opts.Office.Activate(v.r.Context(), v.actor, hash)
		said = "policy.activated"
	case "withdraw":
		err = c.opts.Office.Withdraw(v.r.Context(), v.actor, hash)
		said = "policy.withdrawn"
	default:
		err = &desk.NotFound{What: bilingual.Text{"command", "de commande"}}
	}
	if err != nil {
		return v.notSettled(hash, err)
	}
	v.flash("done", v.look.words.text(said))
	v.redirect("/governance/policy")
	return nil
}

// notSettled shows the draft again with why it stays one.
func (v *visit) notSettled(hash string, why error) error {
	status, text, known := v.wrong(why)
	if _, broken := errors.AsType[strict.Findings](why); broken {
		status, text, known = http.StatusUnprocessableEntity, v.look.words.text("policy.broken"), true
	}
	if !known || !v.powers.Policies {
		return why
	}
	page, err := v.versionPage(hash)
	if err != nil {
		return errors.Join(why, err)
	}
	return v.showWith(status, "version", &notice{"wrong", text}, page)
}
