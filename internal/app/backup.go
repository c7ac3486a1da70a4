package app

import (
	"context"
	"io"

	"passerelle/internal/desk"
	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// backup writes a backup of the store, encrypted if the config says for whom.
// The data key is not in it.
func (a *App) backup(ctx context.Context, w io.Writer) error {
	m, err := a.store.Backup(ctx, w, a.cfg.Backup.Recipient, func(tx *store.Tx, m *store.Manifest) error {
		head, err := ledger.Head(tx, a.opts.Now())
		m.Program, m.Hub, m.Taken = a.opts.Version, a.cfg.Hub, head.At
		m.Ledger = store.Position{N: head.N, Hash: head.Hash}
		m.Forgotten = desk.ForgottenIDs(tx)
		return err
	})
	if err == nil {
		a.log.Info("the store was backed up", "bytes", m.Size, "line", m.Ledger.N)
	}
	return err
}
