package vtiger

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A campaign's selection is one of
//
//	                                        every prospect
//	leadstatus = 'Hot' AND city != 'Lyon'   a condition of the query language
//	Leads: leadstatus = 'Hot'               of one module only
//	campaign: 1x23                          the members of a campaign of the CRM
//
// A condition knows = != < > <= >= like in, AND and OR, and no brackets: the
// server has none.

// selection is a campaign's selection, read.
type selection struct {
	module   string     // "" for all
	campaign string     // the vendor's id, "" for a condition
	any      [][]string // conditions joined by AND, those joined by OR; nil for none
	fields   []string   // that the conditions name
}

var (
	prefixed    = regexp.MustCompile(`^\s*([A-Za-z]+)\s*:\s*(.*)$`)
	tokens      = regexp.MustCompile(`^\s*('(?:[^'\\]|'')+'|[A-Za-z][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|<=|>=|!=|=|<|>|\(|\)|,)`)
	comparisons = []string{"=", "!=", "<", ">", "<=", ">=", "like", "in"}
)

func parseSelection(text string) (selection, error) {
	var s selection
	if m := prefixed.FindStringSubmatch(text); m != nil {
		if m[1] == "campaign" {
			if s.campaign = strings.TrimSpace(m[2]); !vendorID.MatchString(s.campaign) {
				return s, errors.New("write campaign: and the campaign's id in the CRM, like 1x23")
			}
			return s, nil
		}
		s.module, text = m[1], m[2]
	}
	words, err := split(text)
	if err != nil || len(words) == 0 {
		return s, err
	}
	return s, s.conditions(words)
}

func split(text string) ([]string, error) {
	var words []string
	for strings.TrimSpace(text) != "" {
		m := tokens.FindStringSubmatch(text)
		if m == nil {
			return nil, errors.New("the selection is no condition of the query language: write for example leadstatus = 'Hot' AND city = 'Lyon'")
		}
		words, text = append(words, m[1]), text[len(m[0]):]
	}
	return words, nil
}

func (s *selection) conditions(words []string) error {
	s.any = [][]string{nil}
	for {
		condition, rest, err := one(words)
		if err != nil {
			return err
		}
		last := len(s.any) - 1
		s.any[last] = append(s.any[last], condition)
		if !slices.Contains(s.fields, words[0]) {
			s.fields = append(s.fields, words[0])
		}
		if len(rest) == 0 {
			return nil
		}
		switch strings.ToLower(rest[0]) {
		case "and":
		case "or":
			s.any = append(s.any, nil)
		default:
			return fmt.Errorf("after a condition the selection must go on with AND or OR")
		}
		words = rest[1:]
	}
}

// one takes a condition off: a field, a comparison, a value or a list of them.
func one(words []string) (condition string, rest []string, err error) {
	if len(words) < 3 || !namePattern.MatchString(words[0]) || !slices.Contains(comparisons, strings.ToLower(words[1])) {
		return "", nil, errors.New("a condition of the selection is not field, comparison, value")
	}
	if !strings.EqualFold(words[1], "in") {
		if !isValue(words[2]) {
			return "", nil, fmt.Errorf("the value that %s is compared with must stand in single quotes", words[0])
		}
		return strings.Join(words[:3], " "), words[3:], nil
	}
	end := slices.Index(words, ")")
	if words[2] != "(" || end < 0 {
		return "", nil, fmt.Errorf("%s in must be followed by values in brackets", words[0])
	}
	for i, w := range words[3:end] {
		if (i%2 == 1) != (w == ",") || i%2 == 0 && !isValue(w) {
			return "", nil, fmt.Errorf("%s in must be followed by values in brackets", words[0])
		}
	}
	if end%2 == 1 {
		return "", nil, fmt.Errorf("%s in must be followed by values in brackets", words[0])
	}
	return words[0] + " in (" + strings.Join(words[3:end], "") + ")", words[end+1:], nil
}

func isValue(word string) bool { return word[0] == '\'' || word[0] >= '0' && word[0] <= '9' }

// with is the conditions, each way to fit them narrowed by one more.
func (s selection) with(more string) string {
	if len(s.any) == 0 {
		return more
	}
	ways := make([]string, len(s.any))
	for i, all := range s.any {
		if more != "" {
			all = append(slices.Clone(all), more)
		}
		ways[i] = strings.Join(all, " AND ")
	}
	return strings.Join(ways, " OR ")
}

// fits says whether the module has all that the conditions name, as the key is
// shown it.
func (s selection) fits(m *module) error {
	for _, name := range s.fields {
		if _, shown := m.fields[name]; !shown && name != "id" {
			return fmt.Errorf("the selection names %s, which the key is not shown in %s", name, m.name)
		}
	}
	return nil
}
