package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"passerelle/cmd/passerelle/internal/replay"
)

type replayCmd struct {
	File   string `arg:"" help:"The replay's config, such as deploy/examples/bank/replay.yaml."`
	Data   string `required:"" placeholder:"CSV" help:"The bank marketing data, its columns in any order."`
	Out    string `required:"" placeholder:"DIR" help:"Work in this folder: a new or an empty one."`
	Rows   int    `placeholder:"N" help:"Replay the first N prospects; all if left out."`
	Report string `enum:"text,json" default:"text" help:"text or json: how the report is printed. DIR/report.json holds it in any case."`
}

func (c replayCmd) Run(ctx context.Context, s *session) error {
	report, findings, err := replay.Run(ctx, replay.Options{
		Config: c.File, Data: c.Data, Out: c.Out, Rows: c.Rows,
		Version: thisBuild().Version, Progress: terminal(s.Stderr),
	})
	switch wrong, misused := errors.AsType[replay.Misuse](err); {
	case misused:
		return usageError{wrong}
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return fmt.Errorf("interrupted: %s holds a part of the campaign only", c.Out)
	case err != nil:
		return err
	}
	if c.Report == "json" || s.JSON {
		err = s.printJSON(report)
	} else {
		err = report.Text(s.Stdout)
	}
	if err != nil || len(findings) == 0 {
		return err
	}
	for _, f := range findings {
		if _, err := fmt.Fprintln(s.Stderr, "passerelle:", f); err != nil {
			return err
		}
	}
	return errFindings
}

// terminal is w if it is one, else nil: a bar in a file helps nobody.
func terminal(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return w
	}
	return nil
}
