package demo

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// MaxProspects is how many prospects there are distinct numbers for, whatever
// region they fall in.
const MaxProspects = 10_000

// seed makes every demo the same one.
const seed = 2026

// prospect is a line of the workbook: a person to call at a company.
type prospect struct {
	id                                   string
	company, siret, sector, website      string
	headcount                            int
	accountStatus, priority, confidence  string
	revenue, margin                      float64 // euros a year, percent
	contractEnd                          time.Time
	discount                             float64 // percent
	stage                                string
	amount                               float64 // euros
	first, last, job, phone, email       string
	street, postalCode, city             string
	origin, segment                      string
	score                                int
	optIn, doNotCall                     bool
	territory, owner, leadStatus, status string
}

// generator makes prospects up, the same ones each time.
type generator struct {
	f     *gofakeit.Faker
	today time.Time
	given map[string]int // numbers given so far, by block
}

// prospects makes n of them up. Contract ends lie around today.
func prospects(n int, today time.Time) []prospect {
	g := generator{f: gofakeit.New(seed), today: today, given: map[string]int{}}
	out := make([]prospect, 0, n)
	for i := range n {
		p := g.company()
		if i%25 == 24 { // a colleague, behind the same switchboard
			p = out[i-1]
		}
		p.id = fmt.Sprintf("P-%04d", i+1)
		g.person(&p)
		out = append(out, p)
	}
	return out
}

func (g *generator) company() prospect {
	r := regions[g.f.IntRange(0, len(regions)-1)]
	c := r.cities[g.f.IntRange(0, len(r.cities)-1)]
	s := sectors[g.f.IntRange(0, len(sectors)-1)]
	p := prospect{
		company: g.of(s.names) + " " + g.of(lastNames) + g.of(companyEnds),
		siret:   "000" + g.f.DigitN(6) + "000" + g.f.DigitN(2), // no company's number begins with 000
		sector:  s.name, phone: g.phone(r.numbers),
		street: fmt.Sprintf("%d %s", g.f.IntRange(1, 180), g.of(streets)), postalCode: c.postalCode, city: c.name,
		territory: r.territory, owner: r.owner,
		accountStatus: g.of(accountStatuses), priority: g.of(priorities),
	}
	p.website = "https://www." + slug(p.company) + ".example"
	g.size(&p)
	g.business(&p)
	return p
}

// size makes up what a company is worth.
func (g *generator) size(p *prospect) {
	p.headcount = int(math.Round(math.Exp(g.f.Float64Range(math.Log(3), math.Log(900)))))
	p.revenue = float64(p.headcount*g.f.IntRange(90_000, 210_000) + g.f.IntRange(0, 999))
	p.margin = tenth(g.f.Float64Range(4, 38))
	switch {
	case p.headcount < 10:
		p.segment = segments[0]
	case p.headcount < 250:
		p.segment = segments[1]
	case p.headcount < 700:
		p.segment = segments[2]
	default:
		p.segment = segments[3]
	}
}

// business makes up what is between the company and us.
func (g *generator) business(p *prospect) {
	p.confidence = fmt.Sprintf("Dossier %s : %s", g.f.DigitN(8), g.of(confidences))
	if g.chance(40) {
		p.contractEnd = g.today.AddDate(0, 0, g.f.IntRange(-120, 500))
		p.discount = tenth(g.f.Float64Range(1, 18))
	}
	if g.chance(30) {
		p.stage = g.of(stages)
		p.amount = float64(g.f.IntRange(2_000, 90_000))
	}
	if p.accountStatus == "Client" {
		p.status = "customer"
	}
}

func (g *generator) person(p *prospect) {
	p.first, p.last, p.job = g.of(firstNames), g.of(lastNames), g.of(jobTitles)
	p.email = slug(p.first) + "." + slug(p.last) + "@" + strings.TrimPrefix(p.website, "https://www.")
	p.origin, p.leadStatus = g.of(origins), g.of(leadStatuses)
	p.score, p.optIn, p.doNotCall = g.f.IntRange(0, 100), g.chance(35), g.chance(2)
}

// phone is the next number of a block, in one of the ways people type them.
func (g *generator) phone(block string) string {
	n := (g.given[block]*7919 + 1234) % 10_000 // each once: 7919 is prime
	g.given[block]++
	number := fmt.Sprintf("%s %02d %02d", block, n/100, n%100)
	switch {
	case g.chance(10):
		return strings.ReplaceAll(number, " ", ".")
	case g.chance(10):
		return "+33 " + number[1:]
	}
	return number
}

func (g *generator) of(words []string) string { return g.f.RandomString(words) }

func (g *generator) chance(percent int) bool { return g.f.IntRange(1, 100) <= percent }

// tenth rounds to one decimal, which is never 0: so that no percentage reads
// like a count.
func tenth(v float64) float64 {
	n := math.Round(v * 10)
	if math.Mod(n, 10) == 0 {
		n++
	}
	return n / 10
}

var plainLetters = strings.NewReplacer(
	"à", "a", "â", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "î", "i", "ï", "i", "ô", "o", "ù", "u", "û", "u",
)

// slug is text as a part of an internet name.
func slug(text string) string {
	words := strings.FieldsFunc(plainLetters.Replace(strings.ToLower(text)), func(r rune) bool { return r < 'a' || r > 'z' })
	return strings.Join(words, "-")
}
