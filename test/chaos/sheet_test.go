package chaos

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// sheetCRM is a folder of CSV files that people work in too.
type sheetCRM struct {
	dir   string
	memos [prospects]string // what people wrote in a column of their own

	seen    chan time.Time // when activities.csv first grew after mark
	unwatch func()
}

func newSheetCRM(t *testing.T, dir string) *sheetCRM {
	t.Helper()
	c := &sheetCRM{dir: filepath.Join(dir, "crm"), unwatch: func() {}}
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("id,name,phone,comment,memo\n")
	for i := range prospects {
		fmt.Fprintf(&b, "%d,Société %d,01 99 00 %02d %02d,,\n", i, i, i/100, i%100)
	}
	if err := os.WriteFile(c.path("prospects.csv"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *sheetCRM) path(name string) string { return filepath.Join(c.dir, name) }

func (c *sheetCRM) config() string {
	return `
type: sheet
fields:
  prospect.name: name
  prospect.phone: phone
  prospect.comment: comment
  prospect.status: prospect_status
settings: {prospects: crm/prospects.csv}
`
}

const lockFile = ".~lock.prospects.csv#"

// upset opens the prospects in a spreadsheet program now and then.
func (c *sheetCRM) upset(dice *rand.Rand) string {
	c.calm()
	if dice.IntN(4) > 0 {
		return calm
	}
	if err := os.WriteFile(c.path(lockFile), []byte(",anne,desk,22.11.2026 10:00,file:///;"), 0o600); err != nil {
		return calm
	}
	return "open elsewhere"
}

func (c *sheetCRM) calm() { _ = os.Remove(c.path(lockFile)) }

// between lets a person edit the prospects, and tears the last line of a file
// that the hub appends to, as a power cut may.
func (c *sheetCRM) between(dice *rand.Rand) error {
	if dice.IntN(3) == 0 {
		if err := c.edit(dice); err != nil {
			return err
		}
	}
	if dice.IntN(3) == 0 {
		return c.tear("activities.csv", dice)
	}
	return nil
}

func (c *sheetCRM) edit(dice *rand.Rand) error {
	rows, err := c.read("prospects.csv")
	if err != nil {
		return err
	}
	memo := slices.Index(rows[0], "memo")
	i := dice.IntN(prospects)
	c.memos[i] = fmt.Sprintf("Anne, %d", dice.IntN(1000))
	for _, row := range rows[1:] {
		if row[0] == fmt.Sprint(i) {
			row[memo] = c.memos[i]
		}
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		return err
	}
	return os.WriteFile(c.path("prospects.csv"), b.Bytes(), 0o600)
}

func (c *sheetCRM) tear(name string, dice *rand.Rand) error {
	f, err := os.OpenFile(c.path(name), os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	const line = `TORNTORNTORNTORNTORNTORNTO,7,1,2026-03-02T08:00:00Z,0,"no_ans`
	_, err = f.WriteString(line[:1+dice.IntN(len(line)-1)])
	return errors.Join(err, f.Close())
}

func (c *sheetCRM) passes(point string) bool { return !strings.HasPrefix(point, "relay.confirm.") }

func (c *sheetCRM) arrived() int {
	raw, err := os.ReadFile(c.path("activities.csv"))
	if err != nil {
		return 0
	}
	return max(0, bytes.Count(raw, []byte("\n"))-1)
}

// mark begins to look at activities.csv every few milliseconds until it grows.
func (c *sheetCRM) mark() {
	c.unwatch()
	size := c.size()
	seen, stop := make(chan time.Time, 1), make(chan struct{})
	c.seen, c.unwatch = seen, sync.OnceFunc(func() { close(stop) })
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for c.size() <= size {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
		seen <- time.Now()
	}()
}

// size is how long activities.csv is, -1 if it is not there.
func (c *sheetCRM) size() int64 {
	info, err := os.Stat(c.path("activities.csv"))
	if err != nil {
		return -1
	}
	return info.Size()
}

func (c *sheetCRM) firstWrite() time.Time {
	c.unwatch()
	select {
	case at := <-c.seen:
		return at
	default:
		return time.Time{}
	}
}

func (c *sheetCRM) read(name string) ([][]string, error) {
	raw, err := os.ReadFile(c.path(name))
	if err != nil {
		return nil, err
	}
	return csv.NewReader(bytes.NewReader(raw)).ReadAll()
}

// rows reads a file as maps by header.
func (c *sheetCRM) rows(name string) ([]map[string]string, error) {
	table, err := c.read(name)
	if err != nil {
		return nil, err
	}
	var out []map[string]string
	for _, row := range table[1:] {
		m := map[string]string{}
		for i, head := range table[0] {
			m[head] = row[i]
		}
		out = append(out, m)
	}
	return out, nil
}

func (c *sheetCRM) content() (content, error) {
	out := content{prospects: map[string]map[string]string{}}
	calls, err := c.rows("activities.csv")
	if err != nil {
		return out, err
	}
	for _, m := range calls {
		out.activities = append(out.activities, activity{m["operation_id"], m["prospect_id"], m["attempt"], m["disposition"], m["note"]})
	}
	meetings, err := c.rows("appointments.csv")
	if err != nil {
		return out, err
	}
	for _, m := range meetings {
		out.appointments = append(out.appointments, appointment{m["id"], m["prospect_id"], m["validated_by"]})
	}
	people, err := c.rows("prospects.csv")
	if err != nil {
		return out, err
	}
	for i, m := range people {
		out.prospects[m["id"]] = map[string]string{
			"comment": m["comment"], "status": m["prospect_status"], "attempts": m["attempts"], "last": m["last_disposition"],
		}
		if i < prospects && m["memo"] != c.memos[i] {
			return out, fmt.Errorf("prospect %s: a person wrote %q in their own column, it holds %q", m["id"], c.memos[i], m["memo"])
		}
	}
	return out, nil
}
