package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// trial is one peer under one mishap.
type trial struct {
	peer   peer
	mishap mishap
	lasts  time.Duration // of the load

	sink    *sink
	load    *load
	disk    *disk // nil but for the power cut
	dir     string
	log     *os.File
	running *process
}

// mishap happens in the middle of the load.
type mishap struct {
	name   string
	power  bool
	strike func(*trial) error
}

// outage is how long the CRM is away.
const outage = 2 * time.Second

var mishaps = []mishap{
	{name: "nothing", strike: func(*trial) error { return nil }},
	{name: "SIGKILL", strike: func(t *trial) error { t.running.kill(); return t.start() }},
	{name: "CRM away for 2 s", strike: func(t *trial) error {
		t.sink.setAway(true)
		time.Sleep(outage)
		t.sink.setAway(false)
		return nil
	}},
	{name: "power cut", power: true, strike: func(t *trial) error {
		if err := t.disk.cut(); err != nil {
			return err
		}
		t.running.kill()
		return errors.Join(t.disk.unmount(), t.disk.mount(), t.start())
	}},
}

// result is a line of the table.
type result struct {
	acked, lost, doubled, refused int
	ackRate, outRate              float64 // per second
}

// stall is how long nothing must come before nothing more is waited for.
const stall = 40 * time.Second

func (t *trial) run() (res result, err error) {
	if err := t.begin(); err != nil {
		return res, errors.Join(err, t.end())
	}
	defer func() { err = errors.Join(err, t.end()) }()
	ctx, cancel := context.WithTimeout(context.Background(), t.lasts)
	defer cancel()
	began := time.Now()
	struck := make(chan error, 1)
	time.AfterFunc(t.lasts/2, func() { struck <- t.mishap.strike(t) })
	t.load.run(ctx)
	took := time.Since(began)
	if err := <-struck; err != nil {
		return res, err
	}
	t.drain()
	n, last := t.sink.has()
	res.acked = len(t.load.acked)
	res.lost, res.doubled = t.sink.judge(t.load.acked)
	res.refused = t.sink.refused
	res.ackRate = float64(res.acked) / took.Seconds()
	res.outRate = float64(n) / max(took, last.Sub(began)).Seconds()
	return res, nil
}

// begin starts the peer and waits until it takes outcomes.
func (t *trial) begin() (err error) {
	if t.dir, err = os.MkdirTemp("", "passerelle-peers-"); err != nil {
		return err
	}
	home := t.dir
	if t.mishap.power {
		if t.disk, err = newDisk(t.dir); err != nil {
			return err
		}
		home = t.disk.dir
	}
	if t.log, err = os.Create(filepath.Join(t.dir, "log")); err != nil {
		return err
	}
	if t.sink, err = newSink(); err != nil {
		return err
	}
	if err := t.peer.prepare(home, t.sink.addr); err != nil {
		return err
	}
	if err := t.start(); err != nil {
		return err
	}
	t.load = newLoad(t.peer)
	const patience = 60 * time.Second
	for began := time.Now(); !t.load.one(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > patience {
			log, _ := os.ReadFile(t.log.Name())
			return fmt.Errorf("it takes nothing within %v: %s", patience, log)
		}
	}
	return command("sync", "-f", home) // what was installed was so long ago
}

func (t *trial) start() (err error) {
	t.running, err = start(t.peer, t.log)
	return err
}

// drain waits until everything acknowledged is there, or nothing more comes.
func (t *trial) drain() {
	for since := time.Now(); t.sink.missing(t.load.acked); time.Sleep(50 * time.Millisecond) {
		_, last := t.sink.has()
		if time.Since(since) > stall && time.Since(last) > stall {
			return
		}
	}
	time.Sleep(time.Second) // what comes twice may come a little later
}

func (t *trial) end() error {
	if t.running != nil {
		t.running.kill()
	}
	if t.disk != nil {
		if err := t.disk.unmount(); err != nil {
			return err
		}
	}
	return os.RemoveAll(t.dir)
}
