package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	if settings := os.Getenv(millRole); settings != "" {
		fmt.Fprintln(os.Stderr, runMill(settings))
		os.Exit(1)
	}
	lasts := flag.Duration("lasts", 8*time.Second, "how long each load lasts")
	only := flag.String("only", "", "only peers whose name begins so")
	flag.Parse()
	if flag.NArg() > 0 || *lasts < time.Second {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*lasts, *only); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// contestant is a peer that may be not to be had here.
type contestant struct {
	name string
	make func() (peer, error)
}

// as makes a peer of what a maker of one kind answers.
func as[P peer](p P, err error) (peer, error) { return p, err }

var contestants = []contestant{
	{"Passerelle", func() (peer, error) { return as(newBridge()) }},
	{"Watermill forwarder", func() (peer, error) { return as(newMill(false)) }},
	{"Watermill forwarder, sync always", func() (peer, error) { return as(newMill(true)) }},
	{"Node-RED, answers first", func() (peer, error) { return as(newRed(false)) }},
	{"Node-RED, answers after the CRM", func() (peer, error) { return as(newRed(true)) }},
}

func run(lasts time.Duration, only string) error {
	var rows []string
	for _, m := range mishaps {
		for _, c := range contestants {
			if !strings.HasPrefix(c.name, only) {
				continue
			}
			row := m.name + "\t" + c.name + "\t"
			p, err := c.make()
			switch {
			case err != nil:
				row += "not to be had here: " + strings.Join(strings.Fields(err.Error()), " ")
			case m.power && lacking() != "":
				row += "not run: a power cut needs " + lacking()
			default:
				t := &trial{peer: p, mishap: m, lasts: lasts}
				res, err := t.run()
				if err != nil {
					return fmt.Errorf("%s, %s: %w", c.name, m.name, err)
				}
				row += fmt.Sprintf("%d\t%d\t%d\t%.0f\t%.0f\t%d", res.acked, res.lost, res.doubled, res.ackRate, res.outRate, res.refused)
			}
			fmt.Fprintln(os.Stderr, strings.ReplaceAll(row, "\t", " | "))
			rows = append(rows, row)
		}
	}
	return table(slices.Insert(rows, 0, "MISHAP\tPROGRAM\tACKED\tLOST\tDOUBLED\tACKED/S\tIN THE CRM/S\tREFUSED WHILE AWAY"))
}

func table(rows []string) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, row); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Printf("\n%d callers, outcomes of 1 kB, %s; Watermill %s on the NATS server %s; Node-RED %s.\n", callers, "one process each on these cores", moduleVersion("github.com/ThreeDotsLabs/watermill"), moduleVersion("github.com/nats-io/nats-server/v2"), nodeRedVersion)
	return err
}
