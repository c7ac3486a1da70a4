package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"go.etcd.io/bbolt"
)

// A backup is three things behind each other: the line [backupMagic], a line
// with the SHA-256 of the manifest and the manifest as JSON, and the store, as
// age encrypts it if there is a recipient. What the manifest says may be read
// without a key.
const backupMagic = "passerelle-backup/1\n"

// longestManifest bounds the second line: a million forgotten ids.
const longestManifest = 70 << 20

// Manifest says what a backup holds.
type Manifest struct {
	Program string    `json:"program"` // version of passerelle
	Schema  uint64    `json:"schema"`  // version of the store
	Hub     string    `json:"hub"`
	Taken   time.Time `json:"taken"`
	Ledger  Position  `json:"ledger"` // the chain's end in it
	// Forgotten are keyed hashes, in hex, of those whom a restore of an older
	// backup must forget again.
	Forgotten []string `json:"forgotten"`
	Encrypted bool     `json:"encrypted"`
	Size      int64    `json:"size"`   // bytes of the store
	SHA256    string   `json:"sha256"` // of the store
}

// Position is a line of the ledger.
type Position struct {
	N    uint64 `json:"n"`
	Hash string `json:"hash"`
}

// Recipient is whom backups are encrypted for; the zero one is nobody.
type Recipient struct{ to []age.Recipient }

// ParseRecipient reads age recipients, one a line; the empty text is the zero
// Recipient.
func ParseRecipient(text string) (Recipient, error) {
	if strings.TrimSpace(text) == "" {
		return Recipient{}, nil
	}
	to, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil {
		return Recipient{}, errors.New("not an age recipient (age-keygen prints one, age1 and so on)")
	}
	return Recipient{to}, nil
}

// Backup writes the store as it is at one moment to w, while commands go on.
// describe completes the manifest from that same moment.
//
// The snapshot is first copied to a nameless file beside the store, which needs
// as much room as that has: pages that are deleted meanwhile are kept for as
// long as a local copy takes, and not for as long as w does. Backups and
// compactions wait for each other.
func (s *Store) Backup(ctx context.Context, w io.Writer, to Recipient, describe func(*Tx, *Manifest) error) (Manifest, error) {
	m := Manifest{Schema: Version, Encrypted: len(to.to) > 0, Forgotten: []string{}}
	copied, err := s.snapshot(ctx, &m, describe)
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = copied.Close() }() // it has no name: that was all of it
	if err := writeBackup(w, to, m, cancelled{ctx, copied}); err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	return m, nil
}

// snapshot copies the store to a file that ends with the process.
func (s *Store) snapshot(ctx context.Context, m *Manifest, describe func(*Tx, *Manifest) error) (_ *os.File, err error) {
	s.compacting.Lock() // a snapshot is read from the file by its name
	defer s.compacting.Unlock()
	if err := roomFor(s.path, s.Size()); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), "store.db.backup-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := os.Remove(f.Name()); err != nil {
		return nil, err
	}
	sum := sha256.New()
	err = s.view(func(tx *bbolt.Tx) (err error) {
		if err := describe(&Tx{b: tx}, m); err != nil {
			return err
		}
		m.Size, err = tx.WriteTo(ending{ctx, io.MultiWriter(f, sum)})
		return err
	})
	if err != nil {
		return nil, err
	}
	m.SHA256 = hex.EncodeToString(sum.Sum(nil))
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

func writeBackup(w io.Writer, to Recipient, m Manifest, body io.Reader) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	out := bufio.NewWriterSize(w, 1<<20)
	if _, err := fmt.Fprintf(out, "%s%x %s\n", backupMagic, sum, raw); err != nil {
		return err
	}
	if !m.Encrypted {
		if _, err := io.Copy(out, body); err != nil {
			return err
		}
		return out.Flush()
	}
	sealed, err := age.Encrypt(out, to.to...)
	if err != nil {
		return err
	}
	if _, err := io.Copy(sealed, body); err != nil {
		return err
	}
	return errors.Join(sealed.Close(), out.Flush())
}

// ending writes until its context ends.
type ending struct {
	ctx context.Context
	w   io.Writer
}

func (e ending) Write(p []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.w.Write(p)
}

// cancelled reads until its context ends.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// ErrNoBackup says that a file is something else.
var ErrNoBackup = errors.New("not a backup of passerelle")

// ReadManifest reads the head of a backup and leaves r where the store begins.
func ReadManifest(r *bufio.Reader) (Manifest, error) {
	var m Manifest
	head := make([]byte, len(backupMagic))
	if _, err := io.ReadFull(r, head); err != nil || string(head) != backupMagic {
		return m, ErrNoBackup
	}
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) || len(line) > longestManifest {
			return m, errors.New("the backup's manifest is cut off")
		}
	}
	want, raw, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	sum := sha256.Sum256(raw)
	if !ok || string(want) != hex.EncodeToString(sum[:]) {
		return m, errors.New("the backup's manifest is damaged")
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("the backup's manifest cannot be read: %w", err)
	}
	return m, nil
}
