package sheet

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/fault"
)

// logFile is a CSV file of the bridge's own that grows at the end. A person may
// edit it too: its columns are found by their headers.
type logFile struct {
	path    string
	columns []string // ours; the first required must be there
	require int

	opened bool // a torn end was looked for
	known  bool // info is of what was last read or written
	info   fs.FileInfo
	format dialect
	place  []int // where our columns stand in the file, -1 for nowhere
	width  int
}

func (l *logFile) name() string { return filepath.Base(l.path) }

// fresh says whether the file is still what was last read or written.
func (l *logFile) fresh() (bool, error) {
	if !l.known {
		return false, nil
	}
	info, err := statOrNil(l.path)
	return err == nil && sameInfo(l.info, info), err
}

// load reads the file, nil if there is none. The first time, a last record that
// a crash tore is cut off: it was never answered as stored.
func (l *logFile) load() (*csvFile, error) {
	data, st, err := readStamped(l.path)
	if err != nil {
		return nil, err
	}
	if !l.opened {
		whole := data[:l.wholeLength(data)]
		if len(whole) < len(data) {
			if st.info, err = truncate(l.path, int64(len(whole))); err != nil {
				return nil, err
			}
			data = whole
		}
	}
	f, err := l.parse(data)
	if err != nil {
		return nil, err
	}
	l.opened, l.known, l.info = true, true, st.info
	return f, nil
}

// parse reads the content and finds our columns in it.
func (l *logFile) parse(data []byte) (*csvFile, error) {
	l.format, l.width = dialect{comma: ',', eol: "\n"}, len(l.columns)
	l.place = make([]int, len(l.columns))
	for i := range l.place {
		l.place[i] = i
	}
	if len(data) == 0 {
		return nil, nil
	}
	f, err := parseCSV(l.name(), data, csvOptions{})
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, h := range f.header() {
		at[fold(h)] = i
	}
	for i, c := range l.columns {
		col, ok := at[c]
		if !ok && i < l.require {
			return nil, fmt.Errorf("%s has no column «%s»: put it back, or move the file away if it is not the bridge's", l.name(), c)
		}
		if !ok {
			col = -1
		}
		l.place[i] = col
	}
	l.format, l.width = f.dialect, f.width
	return f, nil
}

// wholeLength is how much of the content was written whole. What follows the
// last line end was torn; so was a last line with a quote left open, with fewer
// cells than must be there or more than the header. Records of ours are one
// line each: anything else wrong is a person's doing, and so is a file under
// another header; reading reports them.
func (l *logFile) wholeLength(data []byte) int {
	whole := bytes.LastIndexByte(data, '\n') + 1
	if whole == 0 && strings.HasPrefix(strings.Join(l.columns, ","), string(data)) {
		return 0
	}
	text, _ := bytes.CutPrefix(data[:whole], []byte(bom))
	s := scanner{name: l.name(), data: string(text), line: 1}
	s.comma = guessComma(s.data)
	head, err := s.record(nil)
	if err != nil || !l.heads(head.cells) {
		return len(data)
	}
	for s.more() {
		start := s.pos
		rec, err := s.record(nil)
		lastLine := strings.IndexByte(s.data[start:], '\n') == len(s.data)-start-1
		cells := len(rec.cells)
		if lastLine && (err != nil || cells > len(head.cells) || cells > 0 && cells < l.require) {
			return whole - (len(s.data) - start)
		}
		if err != nil {
			break
		}
	}
	return whole
}

// heads says whether a header has the columns that must be there.
func (l *logFile) heads(cells []string) bool {
	has := map[string]bool{}
	for _, c := range cells {
		has[fold(unquote(c))] = true
	}
	for _, c := range l.columns[:l.require] {
		if !has[c] {
			return false
		}
	}
	return true
}

func truncate(path string, size int64) (fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	err = f.Truncate(size)
	if err == nil {
		err = f.Sync()
	}
	info, statErr := f.Stat()
	return info, errors.Join(err, statErr, f.Close())
}

// record puts the texts of our columns where the file has them.
func (l *logFile) record(texts []string) []string {
	out := make([]string, l.width)
	for i, col := range l.place {
		if col >= 0 {
			out[col] = texts[i]
		}
	}
	return out
}

// texts reads our columns of a row.
func (l *logFile) texts(f *csvFile, row int) []string {
	out := make([]string, len(l.columns))
	for i, col := range l.place {
		if col >= 0 {
			out[i] = trim(f.text(row, col, ""))
		}
	}
	return out
}

// blankFile is a file with nothing but the header.
func (l *logFile) blankFile() *csvFile {
	f := &csvFile{dialect: dialect{comma: ',', eol: "\n"}, width: len(l.columns)}
	f.head = csvRecord{cells: l.columns, eol: "\n", changed: true}
	return f
}

// append adds records at the end, durably, all or none. After an error the file
// is as before, unless the error may have been applied.
func (l *logFile) append(records [][]string) error {
	if len(records) == 0 {
		return nil
	}
	op := "sheet: append to " + l.name()
	if err := openElsewhere(l.path); err != nil {
		return fault.New(fault.Unavailable, op, err)
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o755); err != nil {
		return fault.New(fault.Unavailable, op, err)
	}
	if same, err := l.fresh(); err != nil || !same {
		return fault.New(fault.Unavailable, op, cmp.Or(err, errChanged))
	}
	isNew := l.info == nil
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fault.New(fault.Unavailable, op, err)
	}
	err = l.appendTo(f, records)
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = fault.Lost(op, closeErr)
	}
	if err == nil && isNew {
		if syncErr := syncDir(filepath.Dir(l.path)); syncErr != nil {
			err = fault.Lost(op, syncErr)
		}
	}
	l.known = err == nil // else what stands there now must be read
	return err
}

func (l *logFile) appendTo(f *os.File, records [][]string) error {
	op := "sheet: append to " + l.name()
	before, err := f.Stat()
	if err != nil {
		return fault.New(fault.Unavailable, op, err)
	}
	data, err := l.encode(f, before.Size(), records)
	if err != nil {
		return fault.New(fault.Unavailable, op, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		if back := errors.Join(f.Truncate(before.Size()), f.Sync()); back != nil {
			l.opened = false // a rest of it may stand there, to be cut
			return fault.Lost(op, errors.Join(err, back))
		}
		return fault.New(fault.Unavailable, op, err)
	}
	return l.verify(f, op)
}

// encode makes the bytes to append: the header if the file is empty, a line end
// if a person's editor left the last one out, the records.
func (l *logFile) encode(f *os.File, size int64, records [][]string) ([]byte, error) {
	var b bytes.Buffer
	if size == 0 {
		if _, err := l.parse(nil); err != nil {
			return nil, err
		}
		head, err := l.blankFile().encode()
		if err != nil {
			return nil, err
		}
		b.Write(head)
	} else {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return nil, err
		}
		if last[0] != '\n' {
			b.WriteString(l.format.eol)
		}
	}
	out := csvFile{dialect: l.format, width: l.width}
	for _, r := range records {
		rec := out.newRecord(l.record(r))
		out.writeRecord(&b, &rec)
	}
	return b.Bytes(), nil
}

// verify makes sure that the file appended to is the one that people see, and
// remembers it as known.
func (l *logFile) verify(f *os.File, op string) error {
	info, err := f.Stat()
	if err != nil {
		return fault.Lost(op, err)
	}
	now, err := statOrNil(l.path)
	if err != nil {
		return fault.Lost(op, err)
	}
	if now == nil || !os.SameFile(info, now) {
		return fault.Newf(fault.Unavailable, op, "%s %w", l.name(), errChanged)
	}
	l.info = now
	return nil
}

// rewrite puts changed lines, known by their first column, in their places and
// new ones at the end, all or none.
func (l *logFile) rewrite(change map[string][]string, add [][]string) error {
	op := "sheet: change " + l.name()
	if same, err := l.fresh(); err != nil || !same {
		return fault.New(fault.Unavailable, op, cmp.Or(err, errChanged))
	}
	f, err := l.load()
	if err != nil || f == nil {
		return fault.New(fault.Unavailable, op, cmp.Or(err, errChanged))
	}
	for row := range rowsOf(f) {
		line, ok := change[l.texts(f, row)[0]]
		if !ok {
			continue
		}
		for i, col := range l.place {
			if col >= 0 {
				f.set(row, col, line[i], bridge.Text)
			}
		}
	}
	for _, line := range add {
		f.add(l.record(line))
	}
	return l.replace(f)
}

// replace writes the whole file anew if it is still what was read.
func (l *logFile) replace(f *csvFile) error {
	op := "sheet: write " + l.name()
	if err := openElsewhere(l.path); err != nil {
		return fault.New(fault.Unavailable, op, err)
	}
	data, err := f.encode()
	if err != nil {
		return fault.New(fault.Unavailable, op, err)
	}
	st, err := replaceFile(l.path, data, stamp{info: l.info, settled: true})
	if err != nil {
		return err
	}
	l.info = st.info
	return nil
}
