package sheet

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// openElsewhere says, as an error, that a spreadsheet program has the file
// open: what we wrote then would be lost when the person saves.
func openElsewhere(path string) error {
	dir, name := filepath.Split(path)
	if lock := ".~lock." + name + "#"; exists(dir + lock) {
		return heldError(name, "LibreOffice", libreOfficeUser(dir+lock), lock)
	}
	if lock := "~$" + name; exists(dir + lock) {
		return heldError(name, "Excel", excelUser(dir+lock), lock)
	}
	return nil
}

func heldError(name, program, user, lock string) error {
	if user != "" {
		user = " (by " + user + ")"
	}
	return fmt.Errorf("%s is open in %s%s: close it and writing goes on; if nobody has it open, delete %s", name, program, user, lock)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// libreOfficeUser reads who holds the file: the lock file's first comma-separated
// parts are full name and login.
func libreOfficeUser(lock string) string {
	data, err := os.ReadFile(lock)
	if err != nil {
		return ""
	}
	parts := strings.SplitN(string(data), ",", 4)
	for _, p := range parts[:min(2, len(parts))] {
		if p = printable(p); p != "" {
			return p
		}
	}
	return ""
}

// excelUser reads who holds the file: a length byte, then the name.
func excelUser(lock string) string {
	data, err := os.ReadFile(lock)
	if err != nil || len(data) < 2 {
		return ""
	}
	name := data[1:min(len(data), 1+int(data[0]))]
	return printable(string(bytes.TrimRight(name, " \x00")))
}

func printable(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "")))
	if runes := []rune(s); len(runes) > 60 {
		s = string(runes[:60])
	}
	return s
}
