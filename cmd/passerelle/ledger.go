package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"passerelle/internal/ledger"
)

type ledgerCmds struct {
	Verify     ledgerVerifyCmd     `cmd:"" help:"Check the whole chain, line by line."`
	Checkpoint ledgerCheckpointCmd `cmd:"" help:"Write down the chain's end: kept elsewhere, it shows that nothing was cut off since."`
}

type ledgerVerifyCmd struct {
	Checkpoint string `placeholder:"FILE" help:"Check against this one too, - for the standard input."`
}

func (c ledgerVerifyCmd) Run(ctx context.Context, s *session) error {
	since, err := s.readCheckpoint(c.Checkpoint)
	if err != nil {
		return err
	}
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	var raw json.RawMessage
	if err := h.post(ctx, "/v1/ledger/verify", since, &raw); err != nil {
		return err
	}
	var found verification
	if err := json.Unmarshal(raw, &found); err != nil {
		return err
	}
	if err := answer(s, raw, s.verified); err != nil {
		return err
	}
	if !found.OK {
		return errFindings
	}
	return nil
}

type verification struct {
	OK    bool   `json:"ok"`
	Lines uint64 `json:"lines"`
	Line  uint64 `json:"line"`
	Why   string `json:"why"`

	Restored uint64 `json:"restored"`
}

func (s *session) verified(v verification) error {
	if !v.OK {
		return s.printf("The ledger does not hold: line %d %s.\n", v.Line, v.Why)
	}
	if v.Restored > 0 {
		return s.printf("The ledger holds: %d lines. The checkpoint is older than the restore at line %d, which lost what it knew.\n", v.Lines, v.Restored)
	}
	return s.printf("The ledger holds: %d lines.\n", v.Lines)
}

// readCheckpoint reads the file; nil if none is named.
func (s *session) readCheckpoint(path string) (any, error) {
	if path == "" {
		return nil, nil
	}
	in := s.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, usagef("--checkpoint: %w", err)
		}
		defer func() { _ = f.Close() }() // read only
		in = f
	}
	const longest = 64 << 10
	raw, err := io.ReadAll(io.LimitReader(in, longest))
	if err != nil {
		return nil, usagef("--checkpoint: %w", err)
	}
	var since ledger.Checkpoint
	if err := json.Unmarshal(raw, &since); err != nil || since.Hash == "" {
		return nil, usagef("--checkpoint: %s is no checkpoint: passerelle ledger checkpoint writes one", path)
	}
	return since, nil
}

type ledgerCheckpointCmd struct {
	Out string `placeholder:"FILE" help:"Write it to this new file; to the standard output if left out."`
}

func (c ledgerCheckpointCmd) Run(ctx context.Context, s *session) error {
	h, err := s.open(ctx, needStore)
	if err != nil {
		return err
	}
	defer h.close()
	var head ledger.Checkpoint
	if err := h.get(ctx, "/v1/ledger/checkpoint", &head); err != nil {
		return err
	}
	if c.Out == "" {
		return s.printJSON(head)
	}
	if err := writeNew(c.Out, head); err != nil {
		return err
	}
	if s.JSON {
		return s.printJSON(head)
	}
	return s.printf("The checkpoint of line %d is in %s: keep it on another machine.\n", head.N, c.Out)
}

// writeNew writes a file that is not there yet: an old checkpoint is evidence.
func writeNew(path string, v any) (err error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usagef("--out: %s is there already, and an old checkpoint is evidence: name a new file", path)
	}
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}
