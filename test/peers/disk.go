package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

// disk is an ext4 file system in a file: its power can be cut.
type disk struct{ image, dir string }

// lacking says what a power cut needs and the machine does not have.
func lacking() string {
	if os.Geteuid() != 0 {
		return "root"
	}
	for _, tool := range []string{"mkfs.ext4", "mount", "umount"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool
		}
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		return "loop devices"
	}
	return ""
}

func newDisk(under string) (*disk, error) {
	d := &disk{filepath.Join(under, "disk.img"), filepath.Join(under, "disk")}
	f, err := os.Create(d.image)
	if err != nil {
		return nil, err
	}
	const size = 2 << 30
	if err := errors.Join(f.Truncate(size), f.Close(), os.Mkdir(d.dir, 0o700)); err != nil {
		return nil, err
	}
	return d, errors.Join(command("mkfs.ext4", "-q", "-F", d.image), d.mount())
}

func (d *disk) mount() error { return command("mount", "-o", "loop", d.image, d.dir) }

func (d *disk) unmount() error { return command("umount", d.dir) }

// cut ends the file system without its journal: what was not flushed is gone.
func (d *disk) cut() error {
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read only
	const shutdownRequest, noLogFlush = 0x8004587d, 2
	flags := uint32(noLogFlush)
	if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdownRequest, uintptr(unsafe.Pointer(&flags))); no != 0 {
		return fmt.Errorf("cut the power: %w", no)
	}
	return nil
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
