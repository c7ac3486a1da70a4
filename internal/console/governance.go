package console

import (
	"strings"

	"passerelle/internal/bilingual"
	"passerelle/internal/desk"
	"passerelle/internal/governance"
)

// section is one of the pages about the rules and what was done under them.
type section struct {
	Path, Name string
	Here       bool
}

// sections are those that the reader may open, in order.
func (v *visit) sections() (out []section) {
	p := v.powers
	for _, s := range []struct {
		name string
		may  bool
	}{
		{"policy", p.Policies}, {"matrix", p.Policies}, {"explain", p.Asks}, {"see-as", p.Asks}, {"propose", p.Proposes},
		{"ledger", p.Accounts}, {"access", p.Accounts}, {"people", p.Accounts}, {"connections", p.Maintains || p.Accounts}, {"tokens", p.Activates},
	} {
		if s.may {
			out = append(out, v.section(s.name))
		}
	}
	return out
}

func (v *visit) section(name string) section {
	path := "/governance/" + name
	return section{Path: path, Name: v.look.words.text("title." + name), Here: strings.HasPrefix(v.r.URL.Path, path)}
}

// governance are the pages about the rules and what was done under them.
func (c *Console) governance() map[string]page {
	reads := func(p page) page {
		return guard(func(p governance.Powers) bool { return p.Policies }, bilingual.Text{"read policies", "lire les règles"}, p)
	}
	asks := func(p page) page {
		return guard(func(p governance.Powers) bool { return p.Asks }, bilingual.Text{"have rights explained", "vous faire expliquer des droits"}, p)
	}
	proposes := func(p page) page {
		return guard(func(p governance.Powers) bool { return p.Proposes }, bilingual.Text{"propose a policy", "proposer des règles"}, p)
	}
	accounts := func(p page) page {
		return guard(func(p governance.Powers) bool { return p.Accounts }, bilingual.Text{"see what everybody did", "voir ce que chacun a fait"}, p)
	}
	looks := func(p page) page {
		return guard(func(p governance.Powers) bool { return p.Accounts || p.Maintains }, bilingual.Text{"see how the connections do", "voir l'état des connexions"}, p)
	}
	maintains := func(p page) page {
		return guard(func(p governance.Powers) bool { return p.Maintains }, bilingual.Text{"look after the connections", "vous occuper des connexions"}, p)
	}
	gives := func(p page) page {
		return guard(func(p governance.Powers) bool { return p.Activates }, bilingual.Text{"give programs tokens", "donner des jetons aux programmes"}, p)
	}
	return map[string]page{
		"GET /governance/tokens":                gives(c.tokens),
		"POST /governance/tokens":               gives(c.makeToken),
		"POST /governance/tokens/{id}":          gives(c.revokeToken),
		"GET /governance/policy":                reads(c.policies),
		"GET /governance/policy/{hash}":         reads(c.version),
		"POST /governance/policy/{hash}/{verb}": reads(c.settle),
		"GET /governance/matrix":                reads(c.matrix),
		"GET /governance/explain":               asks(c.explain),
		"GET /governance/see-as":                asks(c.seeAs),
		"GET /governance/propose":               proposes(c.proposePage),
		"POST /governance/propose":              proposes(c.propose),

		"GET /governance/ledger":                     accounts(c.ledger),
		"POST /governance/ledger/verify":             accounts(c.verify),
		"GET /governance/access":                     accounts(c.access),
		"GET /governance/people":                     accounts(c.people),
		"POST /governance/people/{id}/{verb}":        accounts(c.tendAccount),
		"GET /governance/connections":                looks(c.connections),
		"GET /governance/connections/{name}":         maintains(c.examined),
		"POST /governance/connections/{name}/resume": maintains(c.resume),
	}
}

// guard answers a page only to those whose powers say so.
func guard(may func(governance.Powers) bool, what bilingual.Text, p page) page {
	return func(v *visit) error {
		if !may(v.powers) {
			return &desk.Denied{What: what}
		}
		return p(v)
	}
}

// paragraph is a heading and what stands under it.
type paragraph struct {
	Head  string
	Lines []string
}

// paragraphs takes a text apart in which what stands under a heading is set in by
// two spaces: those of policies' differences, forecasts and examinations are.
func paragraphs(text string) (out []paragraph) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		under, in := strings.CutPrefix(line, "  ")
		switch {
		case strings.TrimSpace(line) == "":
		case in && len(out) > 0:
			out[len(out)-1].Lines = append(out[len(out)-1].Lines, under)
		default:
			out = append(out, paragraph{Head: line})
		}
	}
	return out
}
