package sheet

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/test/golden"
)

func TestCallsAreCountedOnce(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	first := call("OP1", "1", 1, "no_answer")
	f.must(first, call("OP2", "1", 2, "callback_requested"), call("OP3", "3", 1, "busy"), first)
	f.must(first)
	f.reopen()
	f.must(first, call("OP4", "2", 1, "refused"))

	want := "operation_id,prospect_id,attempt,at,duration_s,disposition,caller,note\n" +
		"OP1,1,1,2026-11-22T10:30:00Z,61,no_answer,alice,\n" +
		"OP2,1,2,2026-11-22T11:30:00Z,61,callback_requested,alice,\n" +
		"OP3,3,1,2026-11-22T10:30:00Z,61,busy,alice,\n" +
		"OP4,2,1,2026-11-22T10:30:00Z,61,refused,alice,\n"
	if diff := cmp.Diff(want, f.read("activities.csv")); diff != "" {
		t.Error(diff)
	}
	golden.File(t, "testdata/counted.csv", f.read("prospects.csv"))
	if f.requests != 3 {
		t.Errorf("metered %d requests for 3 applies", f.requests)
	}
	if !f.present(first) || f.present(call("OP9", "1", 9, "busy")) {
		t.Error("find does not know which calls were logged")
	}
}

func TestLatestCallDecidesTheOutcome(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(call("OP2", "1", 2, "sale"), call("OP1", "1", 1, "busy"))
	if got := f.prospect("1"); got["last_disposition"] != "sale" || got["attempts"] != "2" {
		t.Errorf("got %v", got)
	}
}

func TestAmendmentTakesThePlaceOfItsCall(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(call("OP1", "1", 1, "no_answer"), call("OP2", "2", 1, "busy"))
	late := amend("OP3", "OP1", "1", 1, "sale")
	late.Call.Note = "deux lignes\nde note"
	f.must(late, call("OP4", "3", 1, "busy"), amend("OP5", "OP4", "3", 1, "refused"))
	before := f.read("activities.csv")
	f.must(late, amend("OP5", "OP4", "3", 1, "refused"), call("OP1", "1", 1, "no_answer"))
	f.reopen()
	f.must(late)
	if after := f.read("activities.csv"); after != before {
		t.Errorf("a repeat changed the calls:\n%s", after)
	}
	golden.File(t, "testdata/amended.csv", before)
	if got := f.prospect("1"); got["last_disposition"] != "sale" || got["attempts"] != "1" {
		t.Errorf("got %v", got)
	}
	if !f.present(late) || !f.present(call("OP1", "1", 1, "no_answer")) {
		t.Error("both operations of an amended call are there")
	}
	if !f.present(amend("OP5", "OP4", "3", 1, "refused")) {
		t.Error("an amendment in the same batch as its call is there")
	}
}

func TestAmendmentBeforeItsCallIsTheCall(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(amend("OP2", "OP1", "1", 1, "sale"))
	f.must(call("OP1", "1", 1, "no_answer"), amend("OP3", "OP2", "1", 1, "refused"))
	got := f.records("activities.csv")
	if len(got) != 1 || got[0]["operation_id"] != "OP1" || got[0]["disposition"] != "refused" {
		t.Errorf("got %v", got)
	}
}

func TestFieldsAreComparedAsPeopleMeanThem(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		id     string
		change bridge.FieldChange
		column string
		want   string         // in the file afterwards
		found  []bridge.Value // conflicts
	}{
		{"text", "1", change("account.name", "Durand SA", "Durand SAS"), "Société", "Durand SAS", nil},
		{"empty cell", "3", change("prospect.comment", "", "à revoir"), "Commentaire", "à revoir", nil},
		{"already so", "1", change("account.name", "autre", "Durand SA"), "Société", "Durand SA", nil},
		{"conflict", "1", change("account.name", "Dupond", "Durand SAS"), "Société", "Durand SA", []bridge.Value{"Durand SA"}},
		{"phone", "1", change("prospect.phone", "01.02.03.04.05", "0102030406"), "Téléphone", "0102030406", nil},
		{"integer", "1", change("prospect.score", "12", "13"), "Score", "13", nil},
		{"decimal with comma", "1", change("account.revenue", "1234.5", "20000.75"), "CA", "20 000,75", nil},
		{"decimal in an empty cell", "2", change("account.revenue", "", "99.9"), "CA", "99,9", nil},
		{"date", "1", change("prospect.x_since", "2025-11-22", "2024-02-01"), "Client depuis", "01/02/2024", nil},
		{"date in an empty cell", "3", change("prospect.x_since", "", "2024-02-01"), "Client depuis", "01/02/2024", nil},
		{"time in the connection's zone", "1", change("prospect.x_seen", "2026-10-03T12:05:00Z", "2026-12-24T08:00:00Z"), "Vu le", "24/12/2026 09:00", nil},
		{"time with seconds", "1", change("prospect.x_seen", "2026-10-03T12:05:00Z", "2026-12-24T08:00:01Z"), "Vu le", "2026-12-24T08:00:01Z", nil},
		{"yes in the file's words", "1", change("prospect.do_not_call", "false", "true"), "Ne pas appeler", "oui", nil},
		{"no in the cell's case", "2", change("prospect.do_not_call", "true", "false"), "Ne pas appeler", "Non", nil},
		{"quoted cell", "2", change("prospect.comment", `rappeler; "vite"`, "fait"), "Commentaire", "fait", nil},
		{"no formula", "3", change("prospect.comment", "", "=1+2"), "Commentaire", "'=1+2", nil},
		{"cleared", "1", change("account.name", "Durand SA", ""), "Société", "", nil},
		{"status gets a column", "1", change("prospect.status", "", "attempted"), "prospect_status", "attempted", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t, "prospects.csv", frenchFile)
			w := fields("OP1", c.id, c.change)
			r := f.apply(w)[0]
			var found []bridge.Value
			for _, conflict := range r.Conflicts {
				found = append(found, conflict.Found)
			}
			if r.State != connector.Stored || !cmp.Equal(found, c.found) {
				t.Fatalf("got %s %v %v", r.State, found, r.Err)
			}
			if got := f.prospect(c.id)[c.column]; got != c.want {
				t.Errorf("the cell is %q, want %q", got, c.want)
			}
			if got := f.present(w); got != (c.found == nil) {
				t.Errorf("present: %v", got)
			}
			if again := f.apply(w)[0]; c.found == nil && len(again.Conflicts) > 0 {
				t.Errorf("the same again: %+v", again)
			}
		})
	}
}

func TestConflictLeavesTheOtherFields(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	got := f.apply(
		fields("OP1", "1", change("account.name", "Dupond", "X"), change("prospect.score", "12", "20")),
		fields("OP2", "1", change("prospect.score", "20", "21")),
		fields("OP3", "1", change("prospect.score", "12", "22")),
	)
	want := "0 stored [{account.name Durand SA}] <nil>\n1 stored [] <nil>\n2 stored [{prospect.score 21}] <nil>\n"
	if diff := cmp.Diff(want, dump(got)); diff != "" {
		t.Error(diff)
	}
	if rec := f.prospect("1"); rec["Score"] != "21" || rec["Société"] != "Durand SA" {
		t.Errorf("got %v", rec)
	}
}

func TestOnlyChangedCellsChange(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(fields("OP1", "2", change("account.name", "Été & fils", "Été et fils")))
	want := strings.NewReplacer("Été & fils", "Été et fils", "\r\n", ";;;\r\n").Replace(frenchFile)
	want = strings.Replace(want, "Libre;;;", "Libre;last_disposition;attempts;prospect_status", 1)
	if diff := cmp.Diff(want, f.read("prospects.csv")); diff != "" {
		t.Error(diff)
	}
}

func TestOpposition(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(oppose("OP1", "1"), oppose("OP2", "2"), oppose("OP3", "3"))
	for id, want := range map[string]string{"1": "oui", "2": "Oui", "3": "oui"} {
		if got := f.prospect(id)["Ne pas appeler"]; got != want {
			t.Errorf("prospect %s: %q, want %q", id, got, want)
		}
	}
	if !f.present(oppose("OP1", "1")) {
		t.Error("the opposition is not found")
	}
	delete(f.fields, "prospect.do_not_call")
	f.reopen()
	f.refused(oppose("OP4", "3"), fault.Rejected, "fields: {prospect.do_not_call: ")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	twice := frenchFile + "3;Encore\r\n"
	cases := []struct {
		name  string
		write bridge.Write
		words string
	}{
		{"unknown prospect", call("OP1", "99", 1, "busy"), `no prospect "99"`},
		{"prospect on two lines", call("OP1", "3", 1, "busy"), "lines 4, 5"},
		{"fields of an unknown one", fields("OP1", "99", change("account.name", "", "x")), `no prospect "99"`},
		{"opposition on two lines", oppose("OP1", "3"), "lines 4, 5"},
		{"field without a mapping", fields("OP1", "1", change("prospect.city", "", "Lyon")), "prospect.city is not mapped"},
		{"field without a column", fields("OP1", "1", change("prospect.email", "", "a@b.fr")), "no column «Courriel»"},
		{"counted field", fields("OP1", "1", change("prospect.attempts", "", "7")), "counted from activities.csv"},
		{"no call", bridge.Write{Kind: bridge.WriteActivity, Prospect: ref("1")}, "holds no call"},
		{"no appointment", bridge.Write{Kind: bridge.WriteMeeting, Prospect: ref("1")}, "holds no appointment"},
		{"no operation", call("", "1", 1, "busy"), "no operation id"},
		{"unknown kind", bridge.Write{Kind: "merge", Prospect: ref("1")}, `kind "merge"`},
		{"move of nothing", meet("OP1", bridge.WriteMove, "1", "m9", "2026-12-01T10:00:00"), "no appointment"},
		{"cancel of nothing", meet("OP1", bridge.WriteCancel, "1", "m9", "2026-12-01T10:00:00"), "to cancel"},
		{"start that is none", meet("OP1", bridge.WriteMeeting, "1", "m1", "demain"), "local start"},
		{"meeting of an unknown one", meet("OP1", bridge.WriteMeeting, "99", "m1", "2026-12-01T10:00:00"), `no prospect "99"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t, "prospects.csv", twice)
			f.fields["prospect.email"] = "Courriel"
			f.reopen()
			got := f.apply(c.write, call("OP2", "1", 1, "busy"))
			if e := fault.Of(got[0].Err); e == nil || e.Kind != fault.Rejected || !strings.Contains(e.Error(), c.words) {
				t.Errorf("got %v, want %q", got[0].Err, c.words)
			}
			if got[1].State != connector.Stored {
				t.Errorf("the next write: %v", got[1].Err)
			}
			if got := f.read("prospects.csv"); strings.Contains(got, "Lyon") {
				t.Error("something of it was written")
			}
		})
	}
}

func TestZoneMustBeKnown(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	w := meet("OP1", bridge.WriteMeeting, "1", "m1", "2026-12-01T10:00:00")
	w.Meeting.Slot.Zone = "Mars/Olympus"
	f.refused(w, fault.Rejected, "IANA")
}

func TestNothingIsBegunAfterTheDeadline(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, r := range f.conn.Apply(ctx, []bridge.Write{call("OP1", "1", 1, "busy"), oppose("OP2", "1")}) {
		if e := fault.Of(r.Err); r.State != connector.Failed || e.Kind != fault.Unavailable || e.MayHaveApplied {
			t.Errorf("got %+v", r)
		}
	}
	if got := f.read("prospects.csv"); got != frenchFile {
		t.Error("the file was written")
	}
	if _, err := f.conn.Find(ctx, nil); fault.Of(err).Kind != fault.Unavailable {
		t.Errorf("find: %v", err)
	}
	if _, err := f.conn.Pull(ctx, connector.PullRequest{}); fault.Of(err).Kind != fault.Unavailable {
		t.Errorf("pull: %v", err)
	}
}

func TestEditsOfPeopleAreMergedIn(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(call("OP1", "1", 1, "busy"))
	edited := strings.Replace(f.read("prospects.csv"), "Légère SARL", "Lourde SARL", 1)
	f.write("prospects.csv", edited+"4;Nouveau;;;;;;;;;;;\r\n")
	f.must(call("OP2", "4", 1, "sale"), fields("OP3", "3", change("account.name", "Lourde SARL", "Lourde SA")))
	if got := f.prospect("3")["Société"]; got != "Lourde SA" {
		t.Errorf("got %q", got)
	}
	if got := f.prospect("4"); got["attempts"] != "1" || got["Société"] != "Nouveau" {
		t.Errorf("got %v", got)
	}
}

func TestEditOfTheSameLengthInTheSameInstantIsSeen(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(call("OP1", "1", 1, "busy"))
	info, err := os.Stat(f.path("prospects.csv"))
	if err != nil {
		t.Fatal(err)
	}
	f.write("prospects.csv", strings.Replace(f.read("prospects.csv"), "Durand SA", "Durond SA", 1))
	if err := os.Chtimes(f.path("prospects.csv"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	r := f.apply(fields("OP2", "1", change("account.name", "Durand SA", "X")))[0]
	if len(r.Conflicts) != 1 || r.Conflicts[0].Found != "Durond SA" {
		t.Errorf("got %+v", r)
	}
}

// editedMeanwhile is a grid whose file a person saves while it is encoded.
type editedMeanwhile struct {
	grid
	edit func()
}

func (g editedMeanwhile) encode() ([]byte, error) {
	g.edit()
	return g.grid.encode()
}

func TestEditBetweenReadAndRenameIsNotLost(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	table, err := f.conn.prospects()
	if err != nil {
		t.Fatal(err)
	}
	table.grid = editedMeanwhile{table.grid, func() {
		f.write("prospects.csv", strings.Replace(frenchFile, "Légère SARL", "Lourde SARL", 1))
	}}
	got := f.apply(call("OP1", "1", 1, "busy"), fields("OP2", "3", change("account.name", "Légère SARL", "Vide")))
	if got[0].State != connector.Stored || len(got[1].Conflicts) != 1 || got[1].Conflicts[0].Found != "Lourde SARL" {
		t.Errorf("got %s", dump(got))
	}
	if f.prospect("3")["Société"] != "Lourde SARL" || f.prospect("1")["attempts"] != "1" {
		t.Errorf("got %s", f.read("prospects.csv"))
	}
}

func TestOpenInASpreadsheet(t *testing.T) {
	t.Parallel()
	locks := map[string]struct{ name, content, words string }{
		"LibreOffice": {".~lock.prospects.csv#", "Anne Roy,anne,poste12,22.11.2026 10:00,file:///home/anne;", "is open in LibreOffice (by Anne Roy): close it"},
		"nameless":    {".~lock.prospects.csv#", ",anne,poste12,22.11.2026 10:00,;", "(by anne)"},
		"Excel":       {"~$prospects.csv", "\x08Anne Roy \x00\x00", "is open in Excel (by Anne Roy)"},
		"empty":       {"~$prospects.csv", "", "is open in Excel: close it"},
	}
	for name, lock := range locks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t, "prospects.csv", frenchFile)
			f.write(lock.name, lock.content)
			got := f.apply(
				call("OP1", "1", 1, "busy"),
				fields("OP2", "1", change("account.name", "Durand SA", "X")),
				fields("OP3", "2", change("account.name", "", "Été & fils")),
				oppose("OP4", "3"),
				fields("OP5", "2", change("account.name", "autre", "Z")),
				meet("OP6", bridge.WriteMeeting, "1", "m1", "2026-12-01T10:00:00"),
			)
			for i, want := range []connector.ReceiptState{"stored", "failed", "stored", "failed", "stored", "stored"} {
				if got[i].State != want {
					t.Errorf("%d: %+v, want %s", i, got[i], want)
				}
			}
			e := fault.Of(got[1].Err)
			if e.Kind != fault.Unavailable || e.MayHaveApplied || !strings.Contains(e.Error(), lock.words) {
				t.Errorf("got %v", e)
			}
			if f.read("prospects.csv") != frenchFile {
				t.Error("the open file was written")
			}
			if err := os.Remove(f.path(lock.name)); err != nil {
				t.Fatal(err)
			}
			f.must(fields("OP2", "1", change("account.name", "Durand SA", "X")))
			if got := f.prospect("1"); got["attempts"] != "1" || got["Société"] != "X" {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestActivitiesOpenInASpreadsheet(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(call("OP1", "1", 1, "busy"))
	f.write(".~lock.activities.csv#", "Anne,anne,poste,hier,;")
	got := f.apply(call("OP2", "1", 2, "busy"), oppose("OP3", "1"), call("OP1", "1", 1, "busy"))
	if fault.Of(got[0].Err).Kind != fault.Unavailable || got[1].State != connector.Stored || got[2].State != connector.Stored {
		t.Errorf("got %s", dump(got))
	}
	if n := len(f.records("activities.csv")); n != 1 {
		t.Errorf("%d calls", n)
	}
}
