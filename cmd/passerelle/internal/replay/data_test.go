package replay

import (
	"strings"
	"testing"
	"time"
)

// columns in an order of their own.
const head = "y,month,day,campaign,duration,poutcome,job,marital,education,default,housing,loan,contact,pdays,previous,age,balance\n"

func line(y, month, day, calls, talk string) string {
	return strings.Join([]string{y, month, day, calls, talk, "failure", "management", "married", "tertiary", "no", "yes", "no", "cellular", "-1", "0", "58", "-2143"}, ",") + "\n"
}

func TestParseRows(t *testing.T) {
	t.Parallel()
	text := head + line("no", "may", "5", "1", "261") + line("yes", "dec", "31", "3", "0") + line("no", "jan", "1", "2", "9") + line("no", "jan", "2", "2", "9")
	rows, err := parseRows(strings.NewReader(text), 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 {
		t.Fatalf("%d rows, want the first 3", len(rows))
	}
	for i, want := range []struct {
		day   string
		calls int
		talkS int
		yes   bool
	}{{"2008-05-05", 1, 261, false}, {"2008-12-31", 3, 0, true}, {"2009-01-01", 2, 9, false}} {
		r := rows[i]
		if r.n != i+1 || r.day.Format(time.DateOnly) != want.day || r.calls != want.calls || r.talkS != want.talkS || r.yes != want.yes {
			t.Errorf("row %d: %+v, want %+v", i+1, r, want)
		}
	}
	if got := strings.Join(rows[0].cells, " "); got != "58 management married tertiary no -2143 yes no cellular -1 0 failure" {
		t.Errorf("the bank's columns: %s", got)
	}
}

func TestParseRowsRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "header"},
		{"another table", "id,name\n1,x\n", "no column age"},
		{"no rows", head, "no row"},
		{"no call", head + line("no", "may", "5", "0", "1"), "line 2: column campaign"},
		{"duration that is none", head + line("no", "may", "5", "1", "long"), "line 2: column duration"},
		{"month that is none", head + line("no", "mai", "5", "1", "1"), "line 2: column month"},
		{"day that is none", head + line("no", "feb", "30", "1", "1"), "line 2: column day"},
		{"neither yes nor no", head + line("", "may", "5", "1", "1"), "line 2: column y"},
		{"ragged", head + "no,may\n", "wrong number of fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseRows(strings.NewReader(c.text), 0)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}
