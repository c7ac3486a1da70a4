package replay

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows people how far the replay is; without a terminal, nothing.
type progress struct{ out io.Writer }

func newProgress(out io.Writer) *progress { return &progress{out} }

// step is one part of the replay, with a bar of its own.
type step struct {
	bar *progressbar.ProgressBar
	out io.Writer
}

func (p *progress) step(what string, total int) *step {
	if p.out == nil || total == 0 {
		return &step{}
	}
	return &step{out: p.out, bar: progressbar.NewOptions(total,
		progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(what),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30),
	)}
}

// add moves the bar. That a terminal cannot be written to stops nothing.
func (s *step) add(n int) {
	if s.bar != nil {
		_ = s.bar.Add(n)
	}
}

// end leaves the bar as it is and goes to the next line.
func (s *step) end() {
	if s.bar != nil {
		_ = s.bar.Exit()
		_, _ = io.WriteString(s.out, "\n")
	}
}
