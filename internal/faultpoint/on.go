//go:build faultpoint

package faultpoint

import (
	"fmt"
	"os"
	"syscall"
)

const variable = "PASSERELLE_FAULTPOINT"

var armed = arm()

// arm ends the process over a specification it cannot read: a crash test whose
// point never fires would pass for the wrong reason.
func arm() *trigger {
	t, err := parse(os.Getenv(variable))
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", variable, err)
		os.Exit(2)
	}
	return t
}

// Hit is passed at a named point. If it is the one to die at, it does not
// return.
func Hit(name string) {
	if !armed.due(name) {
		return
	}
	fmt.Fprintf(os.Stderr, "faultpoint: dying at %s\n", name)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
}
