package deploy

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var (
	fences   = regexp.MustCompile("(?s)```\n(.*?)```")
	aCommand = regexp.MustCompile(`^[a-z]+$`)
)

// Every command of the runbook exists and takes the flags that it is given.
func TestTheRunbooksCommandsExist(t *testing.T) {
	t.Parallel()
	n := 0
	for _, block := range fences.FindAllStringSubmatch(read(t, "deploy/README.md"), -1) {
		for line := range strings.SplitSeq(block[1], "\n") {
			line, _, _ = strings.Cut(line, " #")
			words := strings.Fields(line)
			for len(words) > 0 && (strings.Contains(words[0], "=") || words[0] == "sudo" || words[0] == "-u" || words[0] == "$") {
				words = words[1:]
				if len(words) > 1 && words[0] == "passerelle" && words[1] == "passerelle" {
					words = words[1:] // sudo -u passerelle passerelle
				}
			}
			if len(words) == 0 || words[0] != "passerelle" {
				continue
			}
			n++
			checkCommand(t, line, words[1:])
		}
	}
	if n < 15 {
		t.Errorf("found %d commands only", n)
	}
}

// checkCommand asks the program for its help of the command, and looks for the
// flags in it.
func checkCommand(t *testing.T, line string, words []string) {
	t.Helper()
	for len(words) > 1 && strings.HasPrefix(words[0], "--") { // of all commands, each with a value
		words = words[2:]
	}
	var command, flags []string
	for _, word := range words {
		switch {
		case strings.HasPrefix(word, "--"):
			name, _, _ := strings.Cut(word, "=")
			flags = append(flags, name)
		case aCommand.MatchString(word) && len(flags) == 0 && len(command) < 2:
			command = append(command, word)
		}
	}
	out, err := exec.Command(program(t), append(command, "--help")...).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
	if !strings.Contains(string(out), "Usage: passerelle "+strings.Join(command, " ")) {
		t.Errorf("%s: the program knows no such command", line)
	}
	for _, flag := range flags {
		if !strings.Contains(string(out), flag) {
			t.Errorf("%s: there is no %s", line, flag)
		}
	}
}
