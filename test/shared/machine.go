package shared

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Mounts says that the test mounts file systems of its own.
func Mounts(t testing.TB) {
	t.Helper()
	missing := append(admin(), programs("mkfs.ext4", "e2fsck", "mount", "umount")...)
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		missing = append(missing, "loop devices (/dev/loop-control)")
	}
	need(t, missing)
}

// Networks says that the test makes networks of its own.
func Networks(t testing.TB) {
	t.Helper()
	missing := append(admin(), programs("ip")...)
	if !has(netAdmin) {
		missing = append(missing, "CAP_NET_ADMIN")
	}
	need(t, missing)
}

// Admin says that the test acts as another user, or under another root.
func Admin(t testing.TB) {
	t.Helper()
	need(t, admin())
}

// Programs says which programs of the machine the test runs.
func Programs(t testing.TB, names ...string) {
	t.Helper()
	need(t, programs(names...))
}

// Absent says that something which the test needs cannot be had.
func Absent(t testing.TB, what string) {
	t.Helper()
	need(t, []string{what})
}

// need skips a test for which the machine lacks something, in one line; under
// CI=1 it fails: there nothing may go untested.
func need(t testing.TB, missing []string) {
	t.Helper()
	switch {
	case len(missing) == 0:
	case os.Getenv("CI") == "1":
		t.Fatalf("this test needs %s", strings.Join(missing, ", "))
	default:
		t.Skipf("this test needs %s", strings.Join(missing, ", "))
	}
}

// admin lists what the process lacks to change the machine.
func admin() (missing []string) {
	if os.Geteuid() != 0 {
		missing = append(missing, "root")
	}
	if !has(sysAdmin) {
		missing = append(missing, "CAP_SYS_ADMIN")
	}
	return missing
}

// The capabilities that tests need, by their numbers.
const (
	netAdmin = 12
	sysAdmin = 21
)

func has(capability int) bool {
	status, err := os.ReadFile("/proc/self/status")
	return err == nil && hasIn(string(status), capability)
}

var effective = regexp.MustCompile(`(?m)^CapEff:\s*([0-9a-f]+)$`)

func hasIn(status string, capability int) bool {
	m := effective.FindStringSubmatch(status)
	if m == nil {
		return false
	}
	caps, err := strconv.ParseUint(m[1], 16, 64)
	return err == nil && caps&(1<<capability) != 0
}

// programs lists those that are not there.
func programs(names ...string) (missing []string) {
	for _, name := range names {
		if _, err := exec.LookPath(name); errors.Is(err, exec.ErrNotFound) {
			missing = append(missing, "the program "+name)
		}
	}
	return missing
}
