package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"passerelle/internal/governance"
	"passerelle/internal/policy"
	"passerelle/internal/strict"
)

type proposePage struct {
	Text, Motive string
	From         string // the hash of the policy it began with
	Back         bool   // that one was in force before
	Checked      bool   // it is good
	Findings     []finding
	Difference   []paragraph
}

// proposePage begins with the policy in force, or with the one that is asked for.
func (c *Console) proposePage(v *visit) error {
	from := v.r.URL.Query().Get("from")
	if !v.powers.Policies {
		from = ""
	}
	page := proposePage{From: from}
	if v.powers.Policies {
		text, err := c.opts.Office.Text(from)
		if err != nil {
			return err
		}
		page.Text, page.Back = string(text), from != "" && policy.HashOf(text) != c.opts.Desk.Rules().Policy.Hash()
	}
	return v.show(http.StatusOK, "propose", page)
}

// propose looks at a text, and proposes it if that was asked and it is good.
func (c *Console) propose(v *visit) error {
	page := proposePage{
		Text: strings.ReplaceAll(v.r.PostFormValue("text"), "\r\n", "\n"), Motive: v.form("motive"), From: v.form("from"),
	}
	status, n, err := v.checked(&page)
	if err != nil {
		return err
	}
	if n == nil && v.form("then") == "propose" {
		var d governance.Draft
		if d, err = c.opts.Office.Propose(v.r.Context(), v.actor, []byte(page.Text), page.Motive); err == nil {
			v.flash("done", v.look.words.text("policy.proposed"))
			v.redirect("/governance/policy/" + url.PathEscape(d.Policy))
			return nil
		}
		why, text, known := v.wrong(err)
		if !known {
			return err
		}
		status, n = why, &notice{"wrong", text}
	}
	return v.showWith(status, "propose", n, page)
}

// checked reads the text of a page: what is wrong with it, or what it would change.
func (v *visit) checked(page *proposePage) (status int, n *notice, err error) {
	p, err := v.opts.Office.Check([]byte(page.Text))
	if found, ok := errors.AsType[strict.Findings](err); ok {
		page.Findings = v.findings(found, []byte(page.Text))
		return http.StatusUnprocessableEntity, &notice{"wrong", v.look.words.count("policy.findings", len(found))}, nil
	}
	if err != nil {
		return 0, nil, err
	}
	page.Checked = true
	if v.powers.Policies {
		page.Difference = paragraphs(policy.Diff(v.opts.Desk.Rules().Policy, p).Text(v.look.lang))
	}
	return http.StatusOK, nil, nil
}
