package fake

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxRows is what a query answers at most.
const maxRows = 100

// statement is a query, read. Conditions are flat: the vendor knows no brackets
// but those of a list.
type statement struct {
	columns    []string
	module     string
	conditions []condition
	joins      []string // and, or: one fewer than conditions
	order      []string
	descending bool
	offset     int
	limit      int
}

type condition struct {
	column, operator string
	values           []string
}

// scanner is the vendor's own pattern, less the signs of numbers.
var scanner = regexp.MustCompile(`^(\w+|'(?:[^']|'')+'|\(|\)|\d+|,|\*|<=|>=|!=|=|<|>|;)|^([ \t\r\n]+)`)

func scan(text string) ([]string, *fault) {
	var out []string
	for text != "" {
		m := scanner.FindString(text)
		if m == "" {
			return nil, &fault{"QUERY_SYNTAX_ERROR", "There is an syntax error in query"}
		}
		if strings.TrimSpace(m) != "" {
			out = append(out, m)
		}
		text = text[len(m):]
	}
	return out, nil
}

type parser struct {
	words []string
	at    int
}

func (p *parser) peek() string {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return ""
}

func (p *parser) next() string {
	w := p.peek()
	p.at++
	return w
}

func (p *parser) is(word string) bool { return strings.EqualFold(p.peek(), word) }

func (p *parser) take(word string) bool {
	if !p.is(word) {
		return false
	}
	p.at++
	return true
}

// unexpected is the vendor's complaint about the next word.
func (p *parser) unexpected(wanted string) *fault {
	found, kind := p.peek(), "Unknown("+p.peek()+")"
	if p.at >= len(p.words) {
		found, kind = p.words[len(p.words)-1], "End of Input(0)"
	}
	return &fault{"QUERY_SYNTAX_ERROR", "Syntax Error on line 1: token '" + found + "' Unexpected " + kind + ", expected one of: " + wanted}
}

func parse(text string) (statement, *fault) {
	var s statement
	words, f := scan(text)
	if f != nil || len(words) == 0 {
		return s, cmp.Or(f, &fault{"QUERY_SYNTAX_ERROR", "There is an syntax error in query"})
	}
	p := &parser{words: words}
	if !p.take("select") {
		return s, p.unexpected("SELECT")
	}
	for !p.is("from") && p.peek() != "" {
		if w := p.next(); w != "," {
			s.columns = append(s.columns, w)
		}
	}
	if strings.Join(s.columns, "") == "count(*)" {
		s.columns = []string{"count(*)"}
	}
	if !p.take("from") {
		return s, p.unexpected("FRM")
	}
	s.module = p.next()
	for _, part := range []func(*parser) *fault{s.parseWhere, s.parseOrder, s.parseLimit} {
		if f := part(p); f != nil {
			return s, f
		}
	}
	if !p.take(";") || p.at != len(p.words) {
		return s, p.unexpected("SEMICOLON")
	}
	return s, nil
}

func (s *statement) parseWhere(p *parser) *fault {
	if !p.take("where") {
		return nil
	}
	for {
		c := condition{column: p.next(), operator: strings.ToLower(p.next())}
		if !slices.Contains([]string{"=", "!=", "<", ">", "<=", ">=", "like", "in"}, c.operator) {
			p.at--
			return p.unexpected("EQ,LT,GT,LTE,GTE,NE,IN,LIKE")
		}
		bracket := p.take("(")
		for {
			c.values = append(c.values, literal(p.next()))
			if !p.take(",") {
				break
			}
		}
		if bracket && !p.take(")") {
			return p.unexpected("PARENCLOSE")
		}
		s.conditions = append(s.conditions, c)
		if !p.is("and") && !p.is("or") {
			return nil
		}
		s.joins = append(s.joins, strings.ToLower(p.next()))
	}
}

// literal is a value: the scanner knows doubled quotes, the database
// backslashes.
func literal(word string) string {
	if len(word) < 2 || word[0] != '\'' {
		return word
	}
	return strings.NewReplacer(`''`, `'`, `\\`, `\`).Replace(word[1 : len(word)-1])
}

func (s *statement) parseOrder(p *parser) *fault {
	if !p.take("order") {
		return nil
	}
	if !p.take("by") {
		return p.unexpected("ORDERBY")
	}
	for {
		s.order = append(s.order, p.next())
		if !p.take(",") {
			break
		}
	}
	if s.descending = p.take("desc"); !s.descending {
		p.take("asc")
	}
	return nil
}

func (s *statement) parseLimit(p *parser) *fault {
	s.limit = maxRows
	if !p.take("limit") {
		return nil
	}
	n, err := strconv.Atoi(p.next())
	if err != nil {
		return p.unexpected("VALUE")
	}
	s.limit = min(n, maxRows)
	if p.take(",") {
		s.offset = n
		if n, err = strconv.Atoi(p.next()); err != nil {
			return p.unexpected("VALUE")
		}
		s.limit = min(n, maxRows)
	}
	return nil
}

func (c *CRM) query(u *User, text string) (any, *fault) {
	s, f := parse(text)
	if f != nil {
		return nil, f
	}
	return c.run(u, s, nil)
}

// run answers a statement; among, where given, are the numbers of the only
// records that count.
func (c *CRM) run(u *User, s statement, among map[int]bool) (any, *fault) {
	m := c.modules[s.module]
	if m == nil {
		return nil, denied(notPermitted + " for name : " + s.module)
	}
	if f := c.mayUse(u, s.module); f != nil {
		return nil, f
	}
	if f := c.visible(u, m, s); f != nil {
		return nil, f
	}
	rows := c.matching(u, s, among)
	if len(s.columns) == 1 && s.columns[0] == "count(*)" {
		return []any{map[string]any{"count": strconv.Itoa(len(rows))}}, nil
	}
	rows = rows[min(s.offset, len(rows)):]
	rows = rows[:min(s.limit, len(rows))]
	out := []any{}
	for _, r := range rows {
		if c.hidden[u.Login][r.Number] {
			continue // after the limit, as the vendor does
		}
		out = append(out, c.row(u, m, s, r))
	}
	return out, nil
}

// visible refuses a statement that names what the profile hides. Two wordings,
// for columns and for conditions.
func (c *CRM) visible(u *User, m *moduleDef, s statement) *fault {
	shown := c.shown(u, m)
	for _, name := range s.columns {
		if name == "*" || name == "count(*)" {
			continue
		}
		if !shows(shown, name) {
			return denied("Permission to access '." + name + ".' attribute denied.")
		}
		if name != "id" {
			c.asked[name] = true
		}
	}
	for _, cond := range s.conditions {
		if !shows(shown, cond.column) {
			return denied("Permission to access " + cond.column + " attribute denied.")
		}
		f, _ := m.field(cond.column)
		if f.kind == "reference" && slices.ContainsFunc(cond.values, func(v string) bool { return !strings.Contains(v, "x") }) {
			return &fault{"INVALID_ID_ATTRIBUTE", "Id specified is incorrect"}
		}
	}
	return nil
}

func (c *CRM) matching(u *User, s statement, among map[int]bool) []*Record {
	var rows []*Record
	for _, r := range c.of(s.module) {
		if !r.Deleted && c.owns(u, r) && (among == nil || among[r.Number]) && c.fits(r, s) {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b *Record) int {
		for _, column := range s.order {
			if d := c.compare(a, column, b.Fields[column], strconv.Itoa(b.Number)); d != 0 {
				if s.descending {
					return -d
				}
				return d
			}
		}
		return 0
	})
	return rows
}

// fits works the conditions out: and binds closer than or.
func (c *CRM) fits(r *Record, s statement) bool {
	if len(s.conditions) == 0 {
		return true
	}
	any, all := false, true
	for i, cond := range s.conditions {
		if i > 0 && s.joins[i-1] == "or" {
			any, all = any || all, true
		}
		all = all && c.holds(r, cond)
	}
	return any || all
}

func (c *CRM) holds(r *Record, cond condition) bool {
	against := func(v string) int {
		_, number, _ := strings.Cut(v, "x")
		return c.compare(r, cond.column, v, number)
	}
	v := cond.values[0]
	switch cond.operator {
	case "=":
		return against(v) == 0
	case "!=":
		return against(v) != 0
	case "<":
		return against(v) < 0
	case ">":
		return against(v) > 0
	case "<=":
		return against(v) <= 0
	case ">=":
		return against(v) >= 0
	case "in":
		return slices.ContainsFunc(cond.values, func(v string) bool { return against(v) == 0 })
	}
	pattern := strings.NewReplacer(`%`, `.*`, `_`, `.`).Replace(regexp.QuoteMeta(v))
	ok, err := regexp.MatchString(`(?is)^`+pattern+`$`, r.Fields[cond.column])
	return err == nil && ok
}

// compare compares a record's column with a value; ids by their number.
func (c *CRM) compare(r *Record, column, value, number string) int {
	if column == "id" {
		n, _ := strconv.Atoi(number)
		return cmp.Compare(r.Number, n)
	}
	a, errA := strconv.ParseFloat(r.Fields[column], 64)
	b, errB := strconv.ParseFloat(value, 64)
	if errA == nil && errB == nil {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(strings.ToLower(r.Fields[column]), strings.ToLower(value))
}

func (c *CRM) row(u *User, m *moduleDef, s statement, r *Record) map[string]any {
	if slices.Contains(s.columns, "*") {
		return c.show(u, r)
	}
	out := map[string]any{"id": c.id(r)}
	for _, name := range s.columns {
		if name != "id" {
			out[name] = c.column(r, name)
		}
	}
	return out
}
