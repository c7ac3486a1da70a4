package strict_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/secret"
	"passerelle/internal/strict"
	"passerelle/test/golden"
)

type limits struct {
	Rate  float64 `yaml:"rate"`
	Burst int     `yaml:"burst"`
}

// Inlined is exported so that reflection may set it.
type Inlined struct {
	Zone string `yaml:"zone"`
}

type named string

type sample struct {
	Inlined  `yaml:",inline"`
	Name     string                 `yaml:"name,required"`
	Kind     named                  `yaml:"kind"`
	On       bool                   `yaml:"on"`
	Small    int8                   `yaml:"small"`
	Count    uint16                 `yaml:"count"`
	Ratio    float64                `yaml:"ratio"`
	Wait     time.Duration          `yaml:"wait"`
	Day      time.Time              `yaml:"day"`
	Token    secret.String          `yaml:"token"`
	Limits   *limits                `yaml:"limits"`
	Teams    []string               `yaml:"teams"`
	Map      map[named]limits       `yaml:"map"`
	Settings strict.Node            `yaml:"settings"`
	Maybe    *strict.Node           `yaml:"maybe"`
	Raw      map[string]strict.Node `yaml:"raw"`
	Any      any                    `yaml:"any"`
	Unread   string
}

func parse(t testing.TB, text string) *strict.Node {
	t.Helper()
	node, err := strict.Parse("conf/x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func TestDecodeGood(t *testing.T) {
	t.Parallel()
	var got sample
	got.Kind, got.Unread = "default", "untouched"
	node := parse(t, `
# a comment
name: 0033612
zone: Europe/Paris
kind:            # empty: the default stays
on: true
small: -12
count: 65535
ratio: 1.5
wait: 1m30s
day: 2027-01-31
token: hunter2
limits: {rate: 5, burst: 10}
teams: [a, "b", 'c', 4, true]
map:
  x.y: {burst: 1}
any:
  n: 3
  f: 2.5
  b: false
  s: "3"
  l: [~, é]
settings:
  deep: {er: 1}
`)
	if err := node.Decode(&got); err != nil {
		t.Fatal(err)
	}
	settings := got.Settings
	got.Settings = strict.Node{}
	want := sample{
		Inlined: Inlined{Zone: "Europe/Paris"},
		Name:    "0033612", Kind: "default", On: true, Small: -12, Count: 65535, Ratio: 1.5,
		Wait: 90 * time.Second, Day: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), Token: secret.New("hunter2"),
		Limits: &limits{5, 10}, Teams: []string{"a", "b", "c", "4", "true"}, Map: map[named]limits{"x.y": {Burst: 1}},
		Any:    map[string]any{"n": int64(3), "f": 2.5, "b": false, "s": "3", "l": []any{nil, "é"}},
		Unread: "untouched",
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b strict.Node) bool { return a.Kind() == b.Kind() })); diff != "" {
		t.Error(diff)
	}
	var deep struct {
		Deep map[string]int `yaml:"deep"`
	}
	if err := settings.Decode(&deep); err != nil || deep.Deep["er"] != 1 {
		t.Errorf("deferred node: %v, %v", deep, err)
	}
}

func TestEmptyDocuments(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nothing": "", "a comment": "# x\n", "a start": "---\n", "null": "~"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got sample
			err := parse(t, text).Decode(&got)
			if err == nil || err.Error() != "conf/x.yaml:1:1 name: is missing: write it" {
				t.Errorf("error %v", err)
			}
			if got.Settings.Kind() != strict.Absent || got.Settings.Path() != "settings" {
				t.Errorf("settings: %v at %q", got.Settings.Kind(), got.Settings.Path())
			}
		})
	}
}

// TestFindings compares each testdata/bad/*.yaml with the .txt beside it.
func TestFindings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := findings(filepath.Base(file), data)
			if strings.Contains(got, "canary") {
				t.Errorf("a value is quoted:\n%s", got)
			}
			golden.File(t, strings.TrimSuffix(file, ".yaml")+".txt", got)
		})
	}
}

func findings(name string, data []byte) string {
	node, err := strict.Parse(name, data)
	if err == nil {
		var into sample
		err = node.Decode(&into)
	}
	if err == nil {
		return "nothing found\n"
	}
	return err.Error() + "\n"
}

func TestBounds(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"too large", "a: " + strings.Repeat("x", 4<<20), "larger than 4 MiB"},
		{"too many words", strings.Repeat("a: 1\n", 40_000), "more than 100000 words and signs"},
		{"flow too deep", strings.Repeat("[", 100_001), "more than 100000"},
		{"flow a little too deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), "nested deeper than 64"},
		{"lists too deep", strings.Repeat("- ", 70) + "a", "nested deeper than 64"},
		{"lists much too deep", strings.Repeat("- ", 50_000) + "a", "nested deeper than 64"},
		{"blocks too deep", deepBlocks(70), "nested deeper than 64"},
		{"not UTF-8", "a: 1\nb: caf\xe9\n", "x.yaml:2:7: not UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := strict.Parse("x.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 200 {
				t.Errorf("error %.300v; want %q", err, tt.want)
			}
		})
	}
	for name, text := range map[string]string{
		"64 levels of blocks": deepBlocks(62) + strings.Repeat(" ", 62) + "z: 1\n",
		"64 levels of flow":   strings.Repeat("[", 63) + strings.Repeat("]", 63),
	} {
		if _, err := strict.Parse("x.yaml", []byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func deepBlocks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestNode(t *testing.T) {
	t.Parallel()
	root := parse(t, `connections:
  crm.main:
    limits: {rate: 5}
  crm:
    main: 1
list: [a, {b: c}]
`)
	pos := func(line, col int) strict.Position { return strict.Position{File: "conf/x.yaml", Line: line, Col: col} }
	tests := []struct {
		path, wantPath string
		kind           strict.Kind
		pos            strict.Position
	}{
		{"", "", strict.Mapping, pos(1, 1)},
		{"connections.crm.main.limits.rate", "connections.crm.main.limits.rate", strict.Scalar, pos(3, 20)},
		{"connections.crm.main.limits.burst", "connections.crm.main.limits.burst", strict.Absent, pos(3, 13)},
		{"connections.crm", "connections.crm", strict.Mapping, pos(5, 5)},
		{"list[1].b", "list[1].b", strict.Scalar, pos(6, 15)},
		{"list[2]", "list[2]", strict.Absent, pos(6, 7)},
		{"list[x].b", "list[x].b", strict.Absent, pos(6, 7)},
		{"nothing.at.all", "nothing.at.all", strict.Absent, pos(1, 1)},
	}
	for _, tt := range tests {
		if n := root.At(tt.path); n.Kind() != tt.kind || n.Path() != tt.wantPath || n.Pos() != tt.pos {
			t.Errorf("%q: kind %v, path %q, at %v", tt.path, n.Kind(), n.Path(), n.Pos())
		}
	}
	if diff := cmp.Diff([]string{"crm.main", "crm"}, root.At("connections").Keys()); diff != "" {
		t.Error(diff)
	}
	if text, ok := root.Child("list").Items()[0].Scalar(); !ok || text != "a" {
		t.Errorf("scalar %q, %v", text, ok)
	}
	if got := root.At("connections").Child("crm.main").Findf("limits.rate", "must be %d", 1).String(); got != "conf/x.yaml:3:20 connections.crm.main.limits.rate: must be 1" {
		t.Error(got)
	}
	var zero strict.Node
	if got := zero.Findf("a", "is missing"); got.Path != "a" || zero.Pos() != (strict.Position{}) || zero.Source() != nil || zero.Keys() != nil {
		t.Errorf("the zero node: %v", got)
	}
	if err := zero.Decode(&limits{}); err != nil {
		t.Error(err)
	}
	if err := zero.Decode(limits{}); err == nil {
		t.Error("decoded into something that is no pointer")
	}
}

func TestSecretsAreResolvedFromTheFilesFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tok"), []byte("inside\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const text = "name: x\ntoken: ${file:tok}\n"
	for name, parse := range map[string]func() (*strict.Node, error){
		"the file's folder": func() (*strict.Node, error) { return strict.Parse(filepath.Join(dir, "c.yaml"), []byte(text)) },
		"a given folder": func() (*strict.Node, error) {
			return strict.Options{Dir: dir}.Parse("elsewhere/c.yaml", []byte(text))
		},
	} {
		var got sample
		node, err := parse()
		if err == nil {
			err = node.Decode(&got)
		}
		if err != nil || got.Token.Reveal() != "inside" {
			t.Errorf("%s: %q, %v", name, got.Token.Reveal(), err)
		}
	}
}

func TestFindingsError(t *testing.T) {
	t.Parallel()
	var all strict.Findings
	all.Add(nil)
	if all.Err() != nil {
		t.Error("no findings are an error")
	}
	all.Add(errors.New("plain"))
	all.Add(strict.Findings{{File: "b", Line: 1, Col: 1, Text: "x"}, {File: "a", Line: 2, Col: 1, Text: "y"}})
	all.Add(strict.Findings{{File: "a", Line: 1, Col: 7, Path: "p", Text: "z"}})
	if got, want := all.Err().Error(), ":0:0: plain\na:1:7 p: z\na:2:1: y\nb:1:1: x"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTypesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, into := range map[string]any{
		"channel": &struct {
			A chan int `yaml:"a"`
		}{},
		"number keys": &struct {
			A map[int]string `yaml:"a"`
		}{},
		"unexported": &struct {
			a int `yaml:"a"`
		}{},
		"odd tag": &struct {
			A int `yaml:"a,omitempty"`
		}{},
	} {
		if err := parse(t, "a: x").Decode(into); err == nil || !strings.Contains(err.Error(), "is read into") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sourceDoc))
	for _, pattern := range []string{"testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		node, err := strict.Parse("f.yaml", data)
		if err != nil {
			mustBeFindings(t, err)
			return
		}
		var typed sample
		mustBeFindings(t, node.Decode(&typed))
		var untyped any
		mustBeFindings(t, node.Decode(&untyped))
		for _, key := range node.Keys() {
			node.Child(key).Source()
			node.At(key)
		}
		node.Source()
	})
}

func mustBeFindings(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	all, ok := errors.AsType[strict.Findings](err)
	if !ok || len(all) == 0 {
		t.Fatalf("not findings: %v", err)
	}
	for _, f := range all {
		if f.Line < 1 || f.Col < 1 || f.Line > math.MaxInt32 || f.Text == "" {
			t.Fatalf("a finding without a place: %#v", f)
		}
	}
}
