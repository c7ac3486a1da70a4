package doctor

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// Patient is a connection and what is wanted of it.
type Patient struct {
	Name    bridge.ConnectionName
	Kind    connector.Kind
	Type    string
	Takes   []bridge.WriteKind
	Settle  time.Duration // how late a write may still appear
	Conn    connector.Conn
	Fields  connector.FieldMap
	Catalog bridge.Catalog
	Read    []bridge.FieldName // what some role may read
	Write   []bridge.FieldName // what some role may write or propose
	People  []bridge.Person    // of the config
	Zone    *time.Location     // of the connection
	Now     func() time.Time
	Lang    string // of the report: "fr", else English
}

// Level says how much a finding matters.
type Level string

// The levels.
const (
	Wrong Level = "wrong" // something will not work
	Wider Level = "wider" // the key may do what nobody needs
	Note  Level = "note"  // worth knowing
)

func (l Level) rank() int { return slices.Index([]Level{Wrong, Wider, Note}, l) }

// Finding is one thing that an examination found.
type Finding struct {
	Level Level  `json:"level"`
	Code  string `json:"code"`
	About string `json:"about,omitempty"` // the mapping, setting, person or object
	Text  string `json:"text"`
}

// Report is what an examination found.
type Report struct {
	Connection bridge.ConnectionName `json:"connection"`
	Kind       connector.Kind        `json:"kind"`
	Type       string                `json:"type"`
	Reachable  bool                  `json:"reachable"`
	System     string                `json:"system,omitempty"`
	Key        string                `json:"key,omitempty"`      // whom the credentials belong to
	Zone       string                `json:"zone,omitempty"`     // of the account, as the CRM tells
	ClockS     float64               `json:"clock_s,omitempty"`  // how far the CRM's clock is ahead of ours, seconds
	Untold     []string              `json:"untold,omitempty"`   // what the CRM does not tell
	Findings   []Finding             `json:"findings,omitempty"` // the worst first
}

// OK says whether nothing is wrong.
func (r Report) OK() bool {
	for _, f := range r.Findings {
		if f.Level == Wrong {
			return false
		}
	}
	return true
}

// ward is an examination under way.
type ward struct {
	Patient
	out Report
}

// Examine asks a connection what it can tell, and compares it with what the
// config and the policy want of it. Its only error is that of an ended context:
// whatever else goes wrong is a finding.
func Examine(ctx context.Context, p Patient) (Report, error) {
	w := &ward{Patient: p, out: Report{Connection: p.Name, Kind: p.Kind, Type: p.Type}}
	if err := p.Conn.Check(ctx); err != nil {
		w.find(Wrong, "check", "", err)
	} else {
		w.out.Reachable = true
	}
	if p.Kind == connector.CRM {
		w.insight(ctx)
	}
	slices.SortStableFunc(w.out.Findings, func(a, b Finding) int { return cmp.Compare(a.Level.rank(), b.Level.rank()) })
	return w.out, ctx.Err()
}

func (w *ward) find(level Level, code, about string, args ...any) {
	w.out.Findings = append(w.out.Findings, Finding{Level: level, Code: code, About: about, Text: say(w.Lang, code, args...)})
}

// asked takes the answer to a question about the CRM: false where there is
// none. One that the connection cannot answer is left untold.
func (w *ward) asked(what string, err error) bool {
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		w.untold(what)
	case err != nil:
		w.find(Wrong, "question", "", say(w.Lang, what), err)
	}
	return err == nil
}

func (w *ward) untold(what string) { w.out.Untold = append(w.out.Untold, say(w.Lang, what)) }

// insight asks what the CRM tells of itself.
func (w *ward) insight(ctx context.Context) {
	catalogue, known := w.catalogue(ctx)
	if known {
		w.tells(catalogue)
		w.mappings(catalogue)
	}
	people, listed := w.people(ctx)
	if listed {
		w.staff(people)
	}
	if n, ok := w.Conn.(connector.Namer); ok {
		w.named(n.Names(), catalogue, known, people, listed)
	}
	if known {
		w.rights(ctx, catalogue)
	}
	w.can()
}

func (w *ward) catalogue(ctx context.Context) (connector.Catalogue, bool) {
	c, ok := w.Conn.(connector.Cataloguer)
	if !ok {
		w.untold("what.catalogue")
		return connector.Catalogue{}, false
	}
	got, err := c.Catalogue(ctx)
	return got, w.asked("what.catalogue", err)
}

func (w *ward) people(ctx context.Context) (connector.People, bool) {
	c, ok := w.Conn.(connector.PeopleLister)
	if !ok {
		w.untold("what.people")
		return connector.People{}, false
	}
	got, err := c.People(ctx)
	return got, w.asked("what.people", err)
}

// can says what the bridge has to do without.
func (w *ward) can() {
	if _, ok := w.Conn.(connector.Diary); !ok {
		w.untold("what.busy")
	}
	if _, ok := w.Conn.(connector.Calendar); !ok {
		w.untold("what.calendar")
	}
}

// clockLimit is how far clocks may differ before it is worth a finding: a lease
// or a watermark is not felt within.
const clockLimit = 30 * time.Second

// tells takes over what the CRM says of itself.
func (w *ward) tells(c connector.Catalogue) {
	w.out.System, w.out.Zone, w.out.Untold = c.System, c.Zone, append(w.out.Untold, c.Silent...)
	w.out.Key = keyName(c.Key)
	if !c.Clock.IsZero() {
		ahead := c.Clock.Sub(w.Now())
		w.out.ClockS = ahead.Round(time.Second).Seconds()
		if ahead.Abs() > clockLimit {
			w.find(Wrong, "clock", "", ahead.Round(time.Second))
		}
	}
	if w.out.Key == "" {
		w.untold("what.key")
	}
	switch zone, err := time.LoadLocation(c.Zone); {
	case c.Zone == "":
		w.untold("what.zone")
	case err != nil:
		w.find(Note, "zone.unknown", "", c.Zone)
	case !sameHours(zone, w.Zone, w.Now()):
		w.find(Note, "zone.differs", "", c.Zone, w.Zone)
	}
}

func keyName(u connector.User) string {
	name := u.Login
	if name == "" {
		name = u.Name
	}
	switch {
	case name == "":
		return u.ID
	case u.ID != "" && u.ID != name:
		return name + " (" + u.ID + ")"
	}
	return name
}

// sameHours says whether two zones show the same hour all year.
func sameHours(a, b *time.Location, now time.Time) bool {
	for month := range 12 {
		at := now.AddDate(0, month, 0)
		_, x := at.In(a).Zone()
		if _, y := at.In(b).Zone(); x != y {
			return false
		}
	}
	return true
}
