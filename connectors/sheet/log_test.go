package sheet

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

const callsHeader = "operation_id,prospect_id,attempt,at,duration_s,disposition,caller,note\n"

func TestTornEndIsCut(t *testing.T) {
	t.Parallel()
	const line = "OP1,1,1,2026-11-22T10:30:00Z,61,busy,alice,\n"
	cases := []struct{ name, content, want string }{
		{"whole", callsHeader + line, callsHeader + line},
		{"nothing", "", ""},
		{"torn header", "operation_id,prosp", ""},
		{"header only", callsHeader, callsHeader},
		{"no line end", callsHeader + line + "OP2,1,2,2026-11-22T11:30:00Z,61,busy,alice,une no", callsHeader + line},
		{"too few cells", callsHeader + line + "OP2,1,2\n", callsHeader + line},
		{"open quote", callsHeader + line + "OP2,1,2,2026-11-22T11:30:00Z,61,busy,alice,\"une no\n", callsHeader + line},
		{"byte order mark", bom + callsHeader + line + "OP2,", bom + callsHeader + line},
		{"optional cell left out", callsHeader + strings.Replace(line, ",\n", "\n", 1), callsHeader + strings.Replace(line, ",\n", "\n", 1)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t, "prospects.csv", frenchFile)
			f.write("activities.csv", c.content)
			f.reopen()
			known := f.present(call("OP1", "1", 1, "busy"))
			if got := f.read("activities.csv"); got != c.want {
				t.Errorf("left %q, want %q", got, c.want)
			}
			if want := strings.Contains(c.want, "OP1"); known != want {
				t.Errorf("OP1 is known: %v", known)
			}
			f.must(call("OP1", "1", 1, "busy"), call("OP2", "1", 2, "busy"))
			if got := f.read("activities.csv"); strings.Count(got, "OP1") != 1 || strings.Count(got, "OP2") != 1 || strings.Count(got, "\n") != 3 {
				t.Errorf("got %v", got)
			}
			if got := f.prospect("1")["attempts"]; got != "2" {
				t.Errorf("attempts %s", got)
			}
		})
	}
}

func TestPeopleMayEditOurFiles(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(call("OP1", "1", 1, "busy"))
	// A French spreadsheet saved it: semicolons, its own dates, no line end, a
	// column more and a call that was entered by hand.
	f.write("activities.csv", "prospect_id;operation_id;attempt;at;duration_s;disposition;caller;note;moi\r\n"+
		"1;OP1;1;22/11/2026 10:30;61;busy;alice;;ok\r\n1;MAIN;2;23/11/2026 10:30;61;sale;anne;;")
	f.must(call("OP1", "1", 1, "busy"), call("OP3", "1", 3, "refused"))
	want := "1;OP1;1;22/11/2026 10:30;61;busy;alice;;ok\r\n1;MAIN;2;23/11/2026 10:30;61;sale;anne;;\r\n" +
		"1;OP3;3;2026-11-22T12:30:00Z;61;refused;alice;;\r\n"
	if got := f.read("activities.csv"); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s", got)
	}
	if got := f.prospect("1"); got["attempts"] != "3" || got["last_disposition"] != "sale" {
		t.Errorf("got %v", got)
	}
}

func TestSpoiltFilesAreNamed(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, file, content, words string }{
		{"stray quote", "activities.csv", callsHeader + "\"OP1\"x,1,1,2026-11-22T10:30:00Z,61,busy,alice,\nOP2,1,1,2026-11-22T10:30:00Z,61,busy,alice,\n", "activities.csv, line 2: text follows a closing quote"},
		{"another file", "activities.csv", "a,b\n1,2\n", "no column «operation_id»"},
		{"another file without a line end", "activities.csv", "a,b", "no column «operation_id»"},
		{"bad time", "activities.csv", callsHeader + "OP1,1,1,hier,61,busy,alice,\n", "activities.csv, line 2: column «at»"},
		{"bad attempt", "activities.csv", callsHeader + "OP1,1,un,2026-11-22T10:30:00Z,61,busy,alice,\n", "line 2: column «attempt»"},
		{"bad appointments", "appointments.csv", "id,prospect_id\n1,2\n", "appointments.csv has no column «start_local»"},
		{"bad amendments", "amendments.csv", "x\n1\n", "amendments.csv has no column «operation_id»"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t, "prospects.csv", frenchFile)
			f.write(c.file, c.content)
			for range 2 {
				f.refused(call("OP9", "1", 1, "busy"), fault.Unavailable, c.words)
			}
			if got := f.read(c.file); got != c.content {
				t.Errorf("the file was changed: %q", got)
			}
			if err := f.conn.Check(context.Background()); c.name != "bad time" && c.name != "bad attempt" && (err == nil || !strings.Contains(err.Error(), c.words)) {
				t.Errorf("check: %v", err)
			}
		})
	}
}

// TestFullDisk runs in a process of its own: the limit on the size of files
// that stands for the full disk is the whole process's.
func TestFullDisk(t *testing.T) {
	const child = "PASSERELLE_TEST_FULL_DISK"
	if os.Getenv(child) == "" {
		t.Parallel()
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	f := newFolder(t, "prospects.csv", frenchFile)
	f.must(call("OP1", "1", 1, "busy"), meet("OPA", bridge.WriteMeeting, "1", "m1", "2026-12-01T10:00:00"))
	before := map[string]string{}
	for _, name := range []string{"prospects.csv", "activities.csv", "appointments.csv", "bob.ics"} {
		before[name] = f.read(name)
	}
	writes := []bridge.Write{call("OP2", "1", 2, "busy"), meet("OPB", bridge.WriteMove, "1", "m1", "2026-12-02T10:00:00"), oppose("OP3", "1")}
	var got []connector.Receipt
	withFileLimit(t, 130, func() { got = f.apply(writes...) })
	for i, r := range got {
		if e := fault.Of(r.Err); r.State != connector.Failed || e.Kind != fault.Unavailable || e.MayHaveApplied {
			t.Errorf("%d: %+v", i, r)
		}
	}
	for name, want := range before {
		if got := f.read(name); got != want {
			t.Errorf("%s was changed:\n%s", name, got)
		}
	}
	if left, err := filepath.Glob(f.path(".*.new")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	f.must(writes...)
	if got := f.prospect("1"); got["attempts"] != "2" || got["Ne pas appeler"] != "oui" {
		t.Errorf("got %v", got)
	}
}

// withFileLimit runs do while no file may grow beyond size, in bytes.
func withFileLimit(t *testing.T, size uint64, do func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	do()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	if err := os.MkdirAll(f.path(".prospects.csv.new/in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := f.apply(call("OP1", "1", 1, "busy"), oppose("OP2", "1"))
	if got[0].State != connector.Stored || fault.Of(got[1].Err).Kind != fault.Unavailable {
		t.Errorf("got %s", dump(got))
	}
	if err := os.RemoveAll(f.path(".prospects.csv.new")); err != nil {
		t.Fatal(err)
	}
	if f.present(oppose("OP2", "1")) || !f.present(call("OP1", "1", 1, "busy")) {
		t.Error("find is wrong")
	}
	if got := f.prospect("1")["attempts"]; got != "1" {
		t.Errorf("find did not bring the count up to date: %s", got)
	}
}

func TestFolderThatIsAFile(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.settings += "\nfolder: out/here"
	f.write("out", "")
	f.reopen()
	f.refused(call("OP1", "1", 1, "busy"), fault.Unavailable)
}

func TestOtherFolder(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	f.settings += "\nfolder: out/here"
	f.reopen()
	f.must(call("OP1", "1", 1, "busy"), meet("OP2", bridge.WriteMeeting, "1", "m1", "2026-12-01T10:00:00"))
	for _, name := range []string{"activities.csv", "appointments.csv", "bob.ics"} {
		f.read(filepath.Join("out", "here", name))
	}
}

func TestProspectsFileGone(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	if err := os.Rename(f.path("prospects.csv"), f.path("away.csv")); err != nil {
		t.Fatal(err)
	}
	f.refused(call("OP1", "1", 1, "busy"), fault.Unavailable, "prospects.csv is not there")
	if _, err := f.conn.Find(context.Background(), nil); fault.Of(err).Kind != fault.Unavailable {
		t.Errorf("find: %v", err)
	}
	if err := os.Rename(f.path("away.csv"), f.path("prospects.csv")); err != nil {
		t.Fatal(err)
	}
	f.must(call("OP1", "1", 1, "busy"))
}

func TestLinkStaysALink(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	if err := os.Rename(f.path("prospects.csv"), f.path("real.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.csv", f.path("prospects.csv")); err != nil {
		t.Fatal(err)
	}
	f.must(oppose("OP1", "1"))
	if info, err := os.Lstat(f.path("prospects.csv")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
	if !strings.Contains(f.read("real.csv"), "oui") {
		t.Error("the file behind the link was not written")
	}
}

func TestPermissionsStay(t *testing.T) {
	t.Parallel()
	f := newFolder(t, "prospects.csv", frenchFile)
	if err := os.Chmod(f.path("prospects.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.must(oppose("OP1", "1"))
	if info, err := os.Stat(f.path("prospects.csv")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v %v", info.Mode(), err)
	}
}

func TestReplaceNeedsTheFileThatWasRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, was, err := readStamped(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := replaceFile(path, []byte("ours"), was); !errors.Is(err, errChanged) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "two" {
		t.Errorf("got %q %v", got, err)
	}
	if exists(filepath.Join(filepath.Dir(path), ".a.csv.new")) {
		t.Error("the temporary file was left")
	}
}

// What somebody saved since the file was read is not written over with what was
// read before.
func TestARewriteOfAnotherFileIsRefused(t *testing.T) {
	t.Parallel()
	l := &logFile{path: filepath.Join(t.TempDir(), "calls.csv"), columns: []string{"id", "note"}, require: 1}
	write := func(text string) {
		if err := os.WriteFile(l.path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("id,note\n1,un\n2,deux\n")
	if _, err := l.load(); err != nil {
		t.Fatal(err)
	}
	change := map[string][]string{"2": {"2", "changé"}}
	write("id,note\n1,un\n2,de la main\n")
	if err := l.rewrite(change, nil); fault.Of(err) == nil || fault.Of(err).Kind != fault.Unavailable {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	if _, err := l.load(); err != nil {
		t.Fatal(err)
	}
	if err := l.rewrite(change, nil); fault.Of(err) == nil || fault.Of(err).Kind != fault.Unavailable {
		t.Errorf("of a file that is gone: %v", err)
	}
	write("id,note\n1,un\n2,de la main\n")
	if _, err := l.load(); err != nil {
		t.Fatal(err)
	}
	if err := l.rewrite(change, [][]string{{"3", "trois"}}); err != nil {
		t.Error(err)
	}
	if got, _ := os.ReadFile(l.path); string(got) != "id,note\n1,un\n2,changé\n3,trois\n" {
		t.Errorf("%q", got)
	}
}
