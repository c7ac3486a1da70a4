package fake

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// row is a record as the database's columns have it, by "t.column" and
// "ef.column".
type row map[string]any // string, int64 or nil

var criterion = regexp.MustCompile(`^\(([A-Za-z0-9_.]+):([<>!=a-z]+):([^()]+)\)`)

// errFilter is a filter that Dolibarr refuses, errColumn one that its database
// does.
type errFilter struct{ words string }

func (e errFilter) Error() string { return e.words }

type errColumn struct{ name string }

func (e errColumn) Error() string { return "Unknown column '" + e.name + "' in 'WHERE'" }

// matcher says which rows a parameter sqlfilters lets through.
type matcher func(row) (bool, error)

func everything(row) (bool, error) { return true, nil }

func parseFilter(text string) (matcher, error) {
	if text == "" {
		return everything, nil
	}
	if !strings.HasPrefix(text, "(") || !strings.HasSuffix(text, ")") {
		text = "(" + text + ")"
	}
	if depth := strings.Count(text, "(") - strings.Count(text, ")"); depth != 0 {
		return nil, errFilter{"Error when validating parameter sqlfilters -> Wrong balance of parenthesis in sqlfilters=(" + text[1:len(text)-1] + ")"}
	}
	p := &filterParser{rest: text}
	m, err := p.or()
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = errFilter{"Error when validating parameter sqlfilters -> Bad syntax of the search string"}
	}
	return m, err
}

type filterParser struct{ rest string }

func (p *filterParser) word(w string) bool {
	trimmed := strings.TrimLeft(p.rest, " ")
	if len(trimmed) >= len(w) && strings.EqualFold(trimmed[:len(w)], w) {
		p.rest = trimmed[len(w):]
		return true
	}
	return false
}

func (p *filterParser) or() (matcher, error) { return p.chain("or", p.and) }

func (p *filterParser) and() (matcher, error) { return p.chain("and", p.term) }

func (p *filterParser) chain(word string, part func() (matcher, error)) (matcher, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	all := []matcher{first}
	for p.word(word) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	return func(r row) (bool, error) {
		for _, m := range all {
			if ok, err := m(r); err != nil || ok == (word == "or") {
				return ok, err
			}
		}
		return word == "and", nil
	}, nil
}

func (p *filterParser) term() (matcher, error) {
	p.rest = strings.TrimLeft(p.rest, " ")
	if m := criterion.FindStringSubmatch(p.rest); m != nil {
		p.rest = p.rest[len(m[0]):]
		return compare(m[1], strings.ToLower(m[2]), m[3]), nil
	}
	bad := errFilter{"Error when validating parameter sqlfilters -> Bad syntax of the search string"}
	if !p.word("(") {
		return nil, bad
	}
	m, err := p.or()
	if err == nil && !p.word(")") {
		err = bad
	}
	return m, err
}

func compare(column, operator, literal string) matcher {
	var values []string
	for _, v := range strings.Split(literal, ",") {
		values = append(values, strings.Trim(strings.TrimSpace(v), "'"))
	}
	if operator != "in" && operator != "notin" {
		values = []string{strings.Trim(literal, "'")}
	}
	return func(r row) (bool, error) {
		held, known := r[column]
		if !known {
			return false, errColumn{column}
		}
		if held == nil {
			return operator == "is" && strings.EqualFold(values[0], "null"), nil
		}
		text := fmt.Sprint(held)
		order := ordered(text, values[0])
		switch operator {
		case "=":
			return order == 0, nil
		case "!=":
			return order != 0, nil
		case "<":
			return order < 0, nil
		case ">":
			return order > 0, nil
		case "<=":
			return order <= 0, nil
		case ">=":
			return order >= 0, nil
		case "in", "notin":
			in := slices.ContainsFunc(values, func(v string) bool { return ordered(text, v) == 0 })
			return in == (operator == "in"), nil
		case "isnot":
			return strings.EqualFold(values[0], "null"), nil
		}
		return strings.Contains(strings.ToLower(text), strings.ToLower(strings.Trim(values[0], "%"))), nil
	}
}

// ordered compares as numbers where both are, else as texts without case. A day
// without a time is its midnight.
func ordered(a, b string) int {
	x, errA := strconv.ParseInt(a, 10, 64)
	y, errB := strconv.ParseInt(b, 10, 64)
	if errA == nil && errB == nil {
		return cmp.Compare(x, y)
	}
	if len(b) == 8 && errB == nil && len(a) == 19 {
		b = b[:4] + "-" + b[4:6] + "-" + b[6:] + " 00:00:00"
	}
	return cmp.Compare(strings.ToLower(a), strings.ToLower(b))
}

// sorted orders rows as the parameters sortfield and sortorder say.
func sorted(rows []row, fields, orders string) error {
	names := strings.Split(fields, ",")
	ways := strings.Split(orders, ",")
	for _, name := range names {
		if len(rows) > 0 {
			if _, known := rows[0][strings.TrimSpace(name)]; !known {
				return errColumn{name}
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		for i, name := range names {
			name = strings.TrimSpace(name)
			order := ordered(fmt.Sprint(a[name]), fmt.Sprint(b[name]))
			if way := strings.ToUpper(strings.TrimSpace(ways[min(i, len(ways)-1)])); way == "DESC" {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	return nil
}
