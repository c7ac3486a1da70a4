package console

import (
	"time"

	"passerelle/internal/desk"
)

// A chart shows an hour in columns of five minutes.
const (
	chartParts = 12
	chartStep  = 5 * time.Minute
)

// The chart's measures, in units of its picture.
const (
	chartHeight = 120
	columnEvery = 30
)

// chart is what calls came to in the course of an hour: columns of appointments,
// other contacts, and calls that reached nobody, from below.
type chart struct {
	Columns []column
	Marks   []mark // of the hours below
	Says    string // the same in a sentence
	Most    int    // calls of the highest column
}

// chartKinds are the parts of a column, from below.
var chartKinds = []string{"appointments", "contacts", "others"}

// Kinds are what the colours stand for.
func (chart) Kinds() []string { return chartKinds }

type column struct {
	X     int
	Parts []bar
	Says  string
}

// bar is a part of a column.
type bar struct {
	Kind      string
	Y, Height int
}

type mark struct {
	X    int
	Text string
}

// chartOf draws the parts of an hour that ends at a moment.
func (v *visit) chartOf(parts []desk.Tally, until time.Time) chart {
	var out chart
	var all figures
	most := 1
	for _, t := range parts {
		most = max(most, t.Calls())
		all.Calls, all.Contacts, all.Appointments = all.Calls+t.Calls(), all.Contacts+t.Contacts(), all.Appointments+t.Appointments()
	}
	for i, t := range parts {
		at := clock(until.Add(time.Duration(i-len(parts)) * chartStep).In(v.zone))
		f, x := figuresOf(t), i*columnEvery
		c := column{X: x, Says: v.look.words.text("chart.column", at, f.Calls, f.Contacts, f.Appointments)}
		top := chartHeight
		for i, n := range []int{f.Appointments, f.Contacts - f.Appointments, f.Calls - f.Contacts} {
			if height := n * chartHeight / most; height > 0 {
				top -= height
				c.Parts = append(c.Parts, bar{chartKinds[i], top, height})
			}
		}
		out.Columns = append(out.Columns, c)
		if i%3 == 0 {
			out.Marks = append(out.Marks, mark{x, at})
		}
	}
	out.Most, out.Says = most, v.look.words.text("chart.says", all.Calls, all.Contacts, all.Appointments)
	return out
}
