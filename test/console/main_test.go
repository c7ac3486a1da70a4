package console

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run lets more tests run at a time than there are cores, unless told how many:
// they wait for browsers and bridges more than they reckon.
func run(m *testing.M) int {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		if err := flag.Set("test.parallel", "6"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	defer func() {
		if window.end != nil {
			window.end()
		}
	}()
	return m.Run()
}
