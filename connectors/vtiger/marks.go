package vtiger

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"passerelle/internal/fault"
)

// What the bridge makes carries marks: the ids by which it is found again, the
// first that of the record, then those of the operations that made and changed
// it. They stand in a text field of their own, or where a site has none on a
// line of the description, in brackets. A later operation must not hide
// that an earlier one arrived; of a field of 255 characters the first mark and
// the newest eight are kept.

const maxMarks = 9

var marksLine = regexp.MustCompile(`\r?\n?\[passerelle ([^\[\]]*)\]`)

// lastLine is where the marks stand in a description: people write under them,
// and a note above may look like some.
func lastLine(text string) (before, marks, after string) {
	all := marksLine.FindAllStringSubmatchIndex(text, -1)
	if len(all) == 0 {
		return text, "", ""
	}
	at := all[len(all)-1]
	return text[:at[0]], text[at[2]:at[3]], text[at[1]:]
}

// marks reads them out of a record.
func (c *conn) marks(rec record) []string {
	text := rec[c.Operation]
	if c.Operation == description {
		_, text, _ = lastLine(text)
	}
	return strings.Fields(text)
}

// mark puts marks into what is sent: text is the description without them.
func (c *conn) mark(element record, text string, marks []string) {
	element[description] = text
	c.remark(element, text, marks)
}

// remark puts marks into what is sent and leaves the description as it is.
func (c *conn) remark(element record, text string, marks []string) {
	if len(marks) > maxMarks {
		marks = append([]string{marks[0]}, marks[len(marks)-maxMarks+1:]...)
	}
	if c.Operation == description {
		element[description] = strings.TrimSpace(text + "\n[passerelle " + strings.Join(marks, " ") + "]")
		return
	}
	element[c.Operation] = strings.Join(marks, " ")
}

// unmarked is a description without the marks.
func unmarked(text string) string {
	before, _, after := lastLine(text)
	return strings.TrimSpace(before + after)
}

// found is records of ours by their first mark: a CRM that carried a request
// out twice has two of one.
type found map[string][]record

func (f found) first(key string) record {
	if len(f[key]) == 0 {
		return nil
	}
	return f[key][0]
}

// searched is how many marks one look-up asks for.
const searched = 20

// ours finds the records of a module that carry one of the keys as their first
// mark, in a field of it.
func (c *conn) ours(ctx context.Context, op, module string, columns, keys []string) (found, error) {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	keys = slices.Compact(keys)
	out := make(found, len(keys))
	columns = append([]string{"id", c.Operation}, columns...)
	slices.Sort(columns)
	columns = slices.Compact(columns)
	for chunk := range slices.Chunk(keys, searched) {
		conditions := make([]string, len(chunk))
		for i, key := range chunk {
			if !markPattern.MatchString(key) {
				return nil, fault.Newf(fault.Rejected, op, "an id of ours cannot be looked for here")
			}
			conditions[i] = c.Operation + " like " + quote("%"+key+"%")
		}
		rows, err := c.query(ctx, op, query{columns: columns, module: module, where: strings.Join(conditions, " OR "), limit: maxRows})
		if err != nil {
			return nil, err
		}
		for _, rec := range rows {
			if marks := c.marks(rec); len(marks) > 0 && slices.Contains(chunk, marks[0]) {
				out[marks[0]] = append(out[marks[0]], rec)
			}
		}
	}
	return out, nil
}

var markPattern = regexp.MustCompile(`^[A-Za-z0-9@.:-]{6,100}$`)

func (c *conn) one(ctx context.Context, op string, columns []string, key string) (record, error) {
	all, err := c.ours(ctx, op, c.calendar(), columns, []string{key})
	return all.first(key), err
}
