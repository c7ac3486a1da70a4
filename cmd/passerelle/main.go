package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"passerelle/internal/outbox"
	"passerelle/internal/strict"
)

// gcPercent trades memory for time: the live heap is small, and most of what a
// hub allocates dies with its request.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// commands is the grammar.
type commands struct {
	Config    string `default:"./passerelle.yaml" placeholder:"FILE" help:"The config."`
	JSON      bool   `name:"json" help:"Answer in JSON."`
	TokenFile string `placeholder:"FILE" help:"Ask the hub as the person of the token in this file, or of PASSERELLE_TOKEN; without one as the operator of this machine."`

	Serve      serveCmd       `cmd:"" help:"Run the hub, or a writer alone."`
	Demo       demoCmd        `cmd:"" help:"Run a campaign of made-up prospects, with everything embedded."`
	Replay     replayCmd      `cmd:"" help:"Run a real campaign through a bridge of its own, and check every call in the CRM."`
	Outbox     outboxCmds     `cmd:"" help:"Writes on their way to the CRMs."`
	Connection connectionCmds `cmd:"" help:"How the connections do."`
	Connector  connectorCmds  `cmd:"" help:"Try a connector out."`
	Doctor     doctorCmd      `cmd:"" help:"Look at the connections: who the key is, what it may do too much, which mappings and people are not there."`
	Parked     parkedCmds     `cmd:"" help:"Events that were not understood."`
	Lead       leadCmds       `cmd:"" help:"Leads."`
	Policy     policyCmds     `cmd:"" help:"Who may do what."`
	User       userCmds       `cmd:"" help:"Who signs in with a browser."`
	Person     personCmds     `cmd:"" help:"Who works through the bridge."`
	Token      tokenCmds      `cmd:"" help:"What programs come in with."`
	Ledger     ledgerCmds     `cmd:"" help:"The record of what was done."`
	Forget     forgetCmd      `cmd:"" help:"Erase everything that is kept of a prospect."`
	Backup     backupCmd      `cmd:"" help:"Take a backup of the store, while the hub runs or without one."`
	Restore    restoreCmd     `cmd:"" help:"Put a backup in the place of the store, while no hub runs."`
	Key        keyCmds        `cmd:"" help:"The key that seals secrets and parked events in the store."`
	Version    versionCmd     `cmd:"" help:"Which passerelle this is."`
}

// session is what every command is run with.
type session struct {
	Config    string
	JSON      bool
	TokenFile string
	Lang      string // of what people read, where the command has --lang; else English

	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// The exit codes.
const (
	exitDone = iota
	exitFindings
	exitUsage
	exitUnreachable
)

// errFindings ends a command that has already said what is wrong.
var errFindings = errors.New("findings")

// usageError is a command line, or a file it names, that makes no sense.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// unreachable is a hub that does not answer.
type unreachable struct{ error }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends what does not end by itself

	var c commands
	var helped bool
	parser, err := kong.New(&c,
		kong.Name("passerelle"),
		kong.Description("The bridge between a CRM and a phoning platform."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Vars{"writeStates": strings.Join(writeStates(func(outbox.State) bool { return true }), ",")},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return fail(stderr, err)
	}
	parsed, err := parser.Parse(args)
	if helped {
		return exitDone
	}
	if err != nil {
		return fail(stderr, usagef("%w; passerelle --help lists the commands, and --help after a command what it takes", err))
	}
	s := &session{
		Config: c.Config, JSON: c.JSON, TokenFile: c.TokenFile,
		Stdin: stdin, Stdout: stdout, Stderr: stderr,
	}
	for _, flag := range parsed.Flags() {
		if flag.Name == "lang" {
			s.Lang = flag.Target.String()
		}
	}
	err = parsed.Run(s)
	if r, ok := errors.AsType[*refusal](err); ok && c.JSON {
		err = errors.Join(errFindings, s.printJSON(r.raw))
	}
	if found, ok := errors.AsType[strict.Findings](err); ok {
		err = found.In(s.Lang)
	}
	return fail(stderr, err)
}

// fail says what went wrong and answers the exit code.
func fail(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if found, ok := errors.AsType[strict.Findings](err); ok {
		_, _ = fmt.Fprintln(stderr, found) // editors find the places
	} else if !errors.Is(err, errFindings) {
		_, _ = fmt.Fprintln(stderr, "passerelle:", err)
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[unreachable](err); ok {
		return exitUnreachable
	}
	return exitFindings
}
