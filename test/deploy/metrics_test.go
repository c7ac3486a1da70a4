package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// exposed is what a hub shows: the labels of each metric, and their values.
type exposed map[string]map[string][]string

// scraped are the labels that Prometheus adds to whatever it scrapes.
var scraped = map[string][]string{"job": {"passerelle"}, "instance": nil}

func scrape(t *testing.T) exposed {
	t.Helper()
	base := startHub(t)
	eventually(t, "a call is recorded and in the CRM", func() bool {
		return strings.Contains(call(t, base, "1"), "duplicate") &&
			strings.Contains(get(t, base+"/metrics"), `passerelle_outcomes_total{connection="crm.prospects"} 1`)
	})
	text := expfmt.NewTextParser(model.UTF8Validation)
	families, err := text.TextToMetricFamilies(strings.NewReader(get(t, base+"/metrics")))
	if err != nil {
		t.Fatal(err)
	}
	out := exposed{"up": maps.Clone(scraped)}
	for name, family := range families {
		for _, series := range seriesOf(name, family) {
			out[series] = maps.Clone(scraped)
			if strings.HasSuffix(series, "_bucket") {
				out[series]["le"] = nil
			}
			for _, m := range family.Metric {
				for _, l := range m.Label {
					out[series][l.GetName()] = append(out[series][l.GetName()], l.GetValue())
				}
			}
		}
	}
	return out
}

// seriesOf are the names under which a family is asked for.
func seriesOf(name string, family *dto.MetricFamily) []string {
	switch family.GetType() {
	case dto.MetricType_HISTOGRAM:
		return []string{name + "_bucket", name + "_sum", name + "_count"}
	case dto.MetricType_SUMMARY:
		return []string{name, name + "_sum", name + "_count"}
	}
	return []string{name}
}

// closed are the labels whose values are all shown from the start: what is
// compared with them must be one of them.
var closed = []string{"state", "connection", "job", "finding"}

// check reports what an expression asks for that no hub shows.
func (x exposed) check(expr string) []string {
	root, err := parser.ParseExpr(expr)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	parser.Inspect(root, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			wrong = append(wrong, x.selector(n)...)
		case *parser.AggregateExpr:
			wrong = append(wrong, x.grouping(n)...)
		}
		return nil
	})
	return wrong
}

func (x exposed) selector(n *parser.VectorSelector) (wrong []string) {
	known, ok := x[n.Name]
	if !ok {
		return []string{fmt.Sprintf("there is no metric %q", n.Name)}
	}
	for _, m := range n.LabelMatchers {
		if m.Name == labels.MetricName {
			continue
		}
		values, ok := known[m.Name]
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s has no label %s", n.Name, m.Name))
			continue
		}
		for _, want := range strings.Split(m.Value, "|") {
			variable := strings.HasPrefix(want, "$")
			if !variable && slices.Contains(closed, m.Name) && !slices.Contains(values, want) {
				wrong = append(wrong, fmt.Sprintf("%s has no %s %q, only %q", n.Name, m.Name, want, slices.Compact(slices.Sorted(slices.Values(values)))))
			}
		}
	}
	return wrong
}

// grouping checks that every metric below an aggregation has its labels.
func (x exposed) grouping(n *parser.AggregateExpr) (wrong []string) {
	parser.Inspect(n.Expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			for _, label := range n.Grouping {
				if _, ok := x[s.Name][label]; !ok {
					wrong = append(wrong, fmt.Sprintf("%s has no label %s to group by", s.Name, label))
				}
			}
		}
		return nil
	})
	return wrong
}

// remaining are the labels that an expression's result has; without an
// aggregation those of its metrics.
func (x exposed) remaining(expr string) []string {
	root, err := parser.ParseExpr(expr)
	if err != nil {
		return nil
	}
	var out, grouped []string
	aggregated := false
	parser.Inspect(root, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			out = slices.AppendSeq(out, maps.Keys(x[n.Name]))
		case *parser.AggregateExpr:
			aggregated, grouped = true, append(grouped, n.Grouping...)
		}
		return nil
	})
	if aggregated {
		return grouped
	}
	return out
}

// ruleFile is the form of a Prometheus rule file; a key that is not here is none
// of Prometheus's.
type ruleFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	} `yaml:"groups"`
}

type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file ruleFile
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "deploy/prometheus/alerts.yaml")), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	var out []rule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	return out
}

// dashboard is what of Grafana's form is looked at.
type dashboard struct {
	Panels []struct {
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr, LegendFormat string }
	}
	Templating struct {
		List []struct{ Name, Type, Query string }
	}
}

var (
	used        = regexp.MustCompile(`\$labels\.(\w+)`)
	legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)
	labelValues = regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)
	anchors     = regexp.MustCompile(`(?m)^## (.+)$`)
)

func TestAlertsAndDashboardSpeakOfWhatAHubShows(t *testing.T) {
	t.Parallel()
	shown := scrape(t)
	for _, r := range rules(t) {
		for _, wrong := range shown.check(r.Expr) {
			t.Errorf("alert %s: %s", r.Alert, wrong)
		}
		if _, err := model.ParseDuration(r.For); r.For != "" && err != nil {
			t.Errorf("alert %s: for: %v", r.Alert, err)
		}
		for _, name := range used.FindAllStringSubmatch(fmt.Sprint(r.Annotations), -1) {
			if !slices.Contains(shown.remaining(r.Expr), name[1]) {
				t.Errorf("alert %s speaks of a label %s, which it does not have", r.Alert, name[1])
			}
		}
	}
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "deploy/grafana/passerelle.json")), &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		if len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %s: nothing in it, or too wide", p.Title)
		}
		for _, target := range p.Targets {
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
			for _, wrong := range shown.check(expr) {
				t.Errorf("panel %s: %s", p.Title, wrong)
			}
			for _, name := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !slices.Contains(shown.remaining(expr), name[1]) {
					t.Errorf("panel %s: its legend speaks of a label %s, which it does not have", p.Title, name[1])
				}
			}
		}
	}
	for _, v := range d.Templating.List {
		if m := labelValues.FindStringSubmatch(v.Query); v.Type == "query" && (m == nil || shown[m[1]][m[2]] == nil && m[2] != "instance") {
			t.Errorf("variable %s: %s", v.Name, v.Query)
		}
	}
}

// What the check is worth: it finds each kind of mistake.
func TestTheCheckOfExpressionsFindsMistakes(t *testing.T) {
	t.Parallel()
	x := exposed{"m": {"state": {"open", "closed"}, "instance": nil}, "h_bucket": {"le": nil}}
	for expr, want := range map[string]string{
		`m{state="open"}`: "",
		`sum by (state) (m{state=~"open|closed",instance=~"$i"})`:   "",
		`histogram_quantile(0.9, sum by (le) (rate(h_bucket[5m])))`: "",
		`m{state="opened"}`: `no state "opened"`,
		`m{stat="open"}`:    "no label stat",
		`rate(n[5m])`:       `no metric "n"`,
		`sum by (le) (m)`:   "no label le to group by",
		`sum(rate(m))`:      "expected type range vector",
		`m{state="open"`:    "unexpected end",
	} {
		got := strings.Join(x.check(expr), "; ")
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", expr, got, want)
		}
	}
}

// An alert sends whoever it wakes to a chapter of the runbook.
func TestEveryAlertHasItsChapter(t *testing.T) {
	t.Parallel()
	chapters := map[string]bool{}
	for _, m := range anchors.FindAllStringSubmatch(read(t, "deploy/README.md"), -1) {
		words := strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.ToLower(m[1]))
		chapters["deploy/README.md#"+strings.ReplaceAll(words, " ", "-")] = true
	}
	for _, r := range rules(t) {
		if !chapters[r.Annotations["runbook"]] {
			t.Errorf("alert %s: there is no chapter %q", r.Alert, r.Annotations["runbook"])
		}
		if r.Annotations["summary"] == "" || r.Labels["severity"] == "" {
			t.Errorf("alert %s: what it says is missing", r.Alert)
		}
	}
}
