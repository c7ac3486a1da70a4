package console

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
)

type ledgerPage struct {
	Kind, Who string
	Kinds     []choiceOf
	Rows      []ledgerRow
	Next      string // the address of the page before these lines
	Verified  bool
	Broken    string // why the chain does not hold
	Count     int    // of lines that were read
}

type ledgerRow struct {
	N                          uint64
	At, Kind, Who, Role, Place string
	Records                    int
	Reason, Policy             string
}

// lines of the ledger that a page shows.
const ledgerLines = 100

// ledger lists what was done, the newest first.
func (c *Console) ledger(v *visit) error {
	page, err := v.ledgerPage()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "ledger", page)
}

func (v *visit) ledgerPage() (ledgerPage, error) {
	q := v.r.URL.Query()
	page := ledgerPage{Kind: q.Get("kind"), Who: q.Get("who"), Kinds: v.look.words.kinds()}
	before, _ := strconv.ParseUint(q.Get("before"), 10, 64) // none is the end
	found, next, err := v.opts.Office.Ledger(ledger.Filter{Kind: page.Kind, Who: page.Who, Before: before, Limit: ledgerLines})
	if err != nil {
		return page, err
	}
	rules := v.opts.Desk.Rules().Policy
	for _, l := range found {
		row := ledgerRow{
			N: l.N, At: v.when(l.At), Kind: cmp.Or(v.look.words.of(kindPrefix+l.Kind), l.Kind), Who: v.name(bridge.PersonID(l.Who)), Place: string(l.Connection),
			Records: len(l.Records), Reason: l.Reason, Policy: short(l.Policy),
		}
		if l.Role != "" {
			row.Role = rules.Title(l.Role)
		}
		page.Rows = append(page.Rows, row)
	}
	if next != 0 {
		on := url.Values{"kind": {page.Kind}, "who": {page.Who}, "before": {strconv.FormatUint(next, 10)}}
		page.Next = "/governance/ledger?" + on.Encode()
	}
	return page, nil
}

const kindPrefix = "kind."

// kinds are the kinds of the ledger's lines that have a name, by that.
func (w words) kinds() (out []choiceOf) {
	for key, name := range w {
		if kind, is := strings.CutPrefix(key, kindPrefix); is {
			out = append(out, choiceOf{kind, name})
		}
	}
	slices.SortFunc(out, func(a, b choiceOf) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Value, b.Value)) })
	return out
}

// verify reads the whole chain.
func (c *Console) verify(v *visit) error {
	found, err := c.opts.Office.Verify(nil)
	bad, broken := errors.AsType[*ledger.BadLine](err)
	if err != nil && !broken {
		return err
	}
	page, err := v.ledgerPage()
	if err != nil {
		return err
	}
	page.Verified, page.Count = true, int(found.Lines)
	if broken {
		page.Broken = bad.Error()
	}
	return v.show(http.StatusOK, "ledger", page)
}

type accessPage struct {
	Person   bridge.PersonID
	Findings bool // those alone
	People   []bridge.Person
	Rows     []accessRow
}

type accessRow struct {
	At, What, Who, Client string
	Finding               bool
}

// Lines of the access log that are looked at, and shown.
const (
	accessLooked = 5000
	accessShown  = 300
)

// access lists who came when from where; what is out of the ordinary stands out.
func (c *Console) access(v *visit) error {
	q := v.r.URL.Query()
	page := accessPage{Person: bridge.PersonID(q.Get("person")), Findings: q.Get("findings") == "yes", People: v.everybody()}
	found, err := c.opts.Accounts.Log(accessLooked, page.Findings)
	if err != nil {
		return err
	}
	for _, l := range found {
		if page.Person != "" && l.Person != page.Person || len(page.Rows) == accessShown {
			continue
		}
		row := accessRow{At: v.when(l.At), What: v.happened(l.What), Who: v.name(l.Person), Client: l.Client, Finding: l.Finding()}
		if l.Person == "" {
			row.Who = v.look.words.text("access.nobody")
		}
		page.Rows = append(page.Rows, row)
	}
	return v.show(http.StatusOK, "access", page)
}

// happened says what happened at the door in the reader's words.
func (v *visit) happened(what string) string {
	return cmp.Or(v.look.words.of("access."+what), what)
}

// everybody is the people there are, by name.
func (v *visit) everybody() []bridge.Person {
	out := slices.Clone(v.opts.People())
	slices.SortFunc(out, func(a, b bridge.Person) int {
		return cmp.Compare(cmp.Or(a.Name, string(a.ID)), cmp.Or(b.Name, string(b.ID)))
	})
	return out
}
