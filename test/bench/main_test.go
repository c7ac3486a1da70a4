package bench

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	lasting = flag.Duration("bench.for", 3*time.Second, "how long one measurement lasts")
	rounds  = flag.Int("bench.rounds", 3, "rounds; a ratio is the median of theirs")
	profile = flag.String("bench.profile", "", "folder for CPU profiles of the servers")
)

// TestMain is a server where the test has started one, else the test.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleKey); role != "" {
		os.Exit(serveRole(role))
	}
	flag.Parse()
	code := m.Run()
	printTable()
	os.Exit(code)
}

// line is one ratio of the table.
type line struct {
	what        string
	ours, limit []float64 // of each round
	unit        string
	goal        string
	remark      string
	micros      []float64 // of the server's processor for each of ours, where measured
}

var table []line

// share is the median of the rounds' ratios.
func (l line) share() float64 {
	ratios := make([]float64, len(l.ours))
	for i := range ratios {
		ratios[i] = l.ours[i] / l.limit[i]
	}
	return median(ratios)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

func printTable() {
	if len(table) == 0 {
		return
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s\n", strings.Join([]string{"what", "ours", "against", "ratio", "goal", "remark"}, "\t"))
	for _, l := range table {
		if len(l.micros) > 0 {
			l.remark = strings.TrimSuffix(fmt.Sprintf("%.0f µs of the server's CPU each; %s", median(l.micros), l.remark), "; ")
		}
		fmt.Fprintf(w, "%s\t%.0f%s\t%.0f%s\t%.2f\t%s\t%s\n", l.what, median(l.ours), l.unit, median(l.limit), l.unit, l.share(), l.goal, l.remark)
	}
	w.Flush()
}
