package vtiger

import (
	"context"
	"fmt"
	"strings"
)

// maxRows is what the server gives at most.
const maxRows = 100

// query is a statement of the vendor's query language: one module, conditions
// joined by and/or without brackets.
type query struct {
	columns       []string
	module, where string
	order         string
	offset, limit int
}

func (q query) text() string { return q.open() + ";" }

// open is the statement without its end: query_related adds that itself, and
// puts its own condition before the first one.
func (q query) open() string {
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT %s FROM %s", strings.Join(q.columns, ", "), q.module)
	if q.where != "" {
		b.WriteString(" WHERE " + q.where)
	}
	if q.order != "" {
		b.WriteString(" ORDER BY " + q.order)
	}
	if q.limit > 0 {
		fmt.Fprintf(&b, " LIMIT %d, %d", q.offset, q.limit)
	}
	return b.String()
}

// quote makes a text a value. The server's scanner knows doubled quotes, its
// database backslashes.
func quote(text string) string {
	return "'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(text) + "'"
}

func (c *conn) query(ctx context.Context, op string, q query) ([]record, error) {
	var rows []record
	err := c.call(ctx, op, read("query", "query", q.text()), &rows)
	if code, words := coded(err); code == "ACCESS_DENIED" && hiddenField.MatchString(words) {
		c.outdated(q.module)
	}
	return rows, err
}

// count says how many records fit, those among them that the key may not see.
func (s source) count(ctx context.Context, c *conn, op, where string) (int, error) {
	rows, err := s.rows(ctx, c, op, query{columns: []string{"count(*)"}, module: s.module.name, where: where})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	n := 0
	_, err = fmt.Sscanf(rows[0]["count"], "%d", &n)
	return n, err
}
