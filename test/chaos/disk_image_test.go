package chaos

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"passerelle/test/shared"
)

// image is a disk of its own: an ext4 file system in a file, mounted at dir.
type image struct {
	t    *testing.T
	file string
	dir  string
}

// newImage makes a disk of so many MB and mounts it under dir.
func newImage(t *testing.T, dir string, megabytes int64) *image {
	t.Helper()
	shared.Mounts(t)
	d := &image{t: t, file: filepath.Join(dir, "disk.img"), dir: filepath.Join(dir, "disk")}
	f, err := os.Create(d.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(megabytes<<20), f.Close(), os.Mkdir(d.dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	d.run("mkfs.ext4", "-q", "-F", "-m", "0", d.file)
	t.Cleanup(func() {
		// A loop device that mount made goes with the mount.
		if err := syscall.Unmount(d.dir, 0); err != nil && !errors.Is(err, syscall.EINVAL) {
			t.Errorf("unmount %s: %v", d.dir, errors.Join(err, syscall.Unmount(d.dir, syscall.MNT_DETACH)))
		}
	})
	d.mount()
	return d
}

func (d *image) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (d *image) mount() {
	d.t.Helper()
	d.run("mount", "-o", "loop,errors=remount-ro", d.file, d.dir)
}

// The request that ends a file system at once, and how: without writing its
// journal out, as a cut of the power does.
const (
	shutdownRequest = 0x8004587d // EXT4_IOC_SHUTDOWN
	noLogFlush      = 2          // EXT4_GOING_FLAGS_NOLOGFLUSH
)

// cut takes the power from the disk: what was not flushed is gone, and nothing
// can be written or flushed any more.
func (d *image) cut() {
	d.t.Helper()
	f, err := os.Open(d.dir)
	if err != nil {
		d.t.Fatal(err)
	}
	flags := uint32(noLogFlush)
	_, _, no := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdownRequest, uintptr(unsafe.Pointer(&flags)))
	if no != 0 {
		err = fmt.Errorf("cut the power: %w", no)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		d.t.Fatal(err)
	}
}

// restore gives the power back, as a machine does that starts: the journal is
// replayed and the file system looked over. Nobody may have a file of it open.
func (d *image) restore() {
	d.t.Helper()
	d.run("umount", d.dir)
	const repaired = 1
	out, err := exec.Command("e2fsck", "-f", "-y", d.file).CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || failed.ExitCode() != repaired) {
		d.t.Fatalf("e2fsck: %v\n%s", err, out)
	}
	d.mount()
}

// path is a file on the disk.
func (d *image) path(name string) string { return filepath.Join(d.dir, name) }

// ballast is the file that takes the room.
const ballast = "ballast"

// fill takes all the room there is, down to a file system's block, and free
// gives it back.
func (d *image) fill() {
	d.t.Helper()
	f, err := os.OpenFile(d.path(ballast), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // nothing is in it
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		d.t.Fatal(err)
	}
	for step := int64(64 << 20); step >= 512; {
		switch err := syscall.Fallocate(int(f.Fd()), 0, end, step); {
		case err == nil:
			end += step
		case errors.Is(err, syscall.ENOSPC):
			step /= 2
		case !errors.Is(err, syscall.EINTR):
			d.t.Fatal(err)
		}
	}
}

func (d *image) free() {
	d.t.Helper()
	if err := os.Remove(d.path(ballast)); err != nil {
		d.t.Fatal(err)
	}
}
