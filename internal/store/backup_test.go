package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

var colours = NewRaw("test.colours")

// filled is a store with n records.
func filled(t *testing.T, n int) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "store.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	put(t, s, 0, n)
	return s
}

func put(t *testing.T, s *Store, from, to int) {
	t.Helper()
	err := s.Commit(context.Background(), func(tx *Tx) error {
		for i := from; i < to; i++ {
			if err := colours.Put(tx, fmt.Sprintf("%06d", i), []byte("CANARY-RED")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func coloursIn(t *testing.T, s *Store) (n int) {
	t.Helper()
	err := s.View(func(tx *Tx) error {
		n = 0
		for range colours.Scan(tx, "", "") {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func backUp(t *testing.T, s *Store, to Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	m, err := s.Backup(context.Background(), &out, to, func(_ *Tx, m *Manifest) error {
		m.Hub, m.Taken, m.Forgotten = "paris", time.Unix(1_800_000_000, 0), []string{"ab12"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if m.Size == 0 || m.SHA256 == "" {
		t.Errorf("the manifest does not say what it holds: %+v", m)
	}
	return out.Bytes()
}

func extract(t *testing.T, backup []byte, with Identity) (*Store, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	r := bufio.NewReader(bytes.NewReader(backup))
	m, err := ReadManifest(r)
	if err != nil {
		return nil, err
	}
	if err := m.Extract(r, with, path); err != nil {
		return nil, err
	}
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, s.Check()
}

// pair is a fresh age key as its two users have it.
func pair(t *testing.T) (Recipient, Identity) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	to, err := ParseRecipient(key.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	of, err := ReadIdentity(strings.NewReader("# made for this test\n" + key.String() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return to, of
}

func TestABackupIsOneMomentWhileCommandsGoOn(t *testing.T) {
	t.Parallel()
	s := filled(t, 20_000)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 20_000; ctx.Err() == nil; i += 10 {
			put(t, s, i, i+10)
		}
	}()
	got, err := extract(t, backUp(t, s, Recipient{}), Identity{})
	stop()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	if n := coloursIn(t, got); n < 20_000 || n%10 != 0 {
		t.Errorf("%d records: not what was there at one moment", n)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(s.Path()), "store.db?*")); err != nil || len(left) > 0 {
		t.Errorf("the backup left %v (%v)", left, err)
	}
}

func TestABackupOpensWithItsIdentityOnly(t *testing.T) {
	t.Parallel()
	s := filled(t, 100)
	to, of := pair(t)
	_, other := pair(t)
	backup := backUp(t, s, to)
	if bytes.Contains(backup, []byte("CANARY")) {
		t.Error("an encrypted backup can be read")
	}
	got, err := extract(t, backup, of)
	if err != nil || coloursIn(t, got) != 100 {
		t.Fatalf("with its identity: %v", err)
	}
	if _, err := extract(t, backup, Identity{}); !errors.Is(err, ErrNeedsIdentity) {
		t.Errorf("without an identity: %v", err)
	}
	if _, err := extract(t, backup, other); !errors.Is(err, ErrOtherIdentity) {
		t.Errorf("with another's: %v", err)
	}
	m, err := ReadManifest(bufio.NewReader(bytes.NewReader(backup)))
	if err != nil || m.Hub != "paris" || len(m.Forgotten) != 1 || !m.Encrypted {
		t.Errorf("the manifest without a key: %+v, %v", m, err)
	}
}

func TestADamagedBackupIsFound(t *testing.T) {
	t.Parallel()
	s := filled(t, 100)
	to, of := pair(t)
	for name, backup := range map[string][]byte{"plain": backUp(t, s, Recipient{}), "encrypted": backUp(t, s, to)} {
		for what, harm := range map[string]func([]byte) []byte{
			"cut off":         func(b []byte) []byte { return b[:len(b)-4096] },
			"cut in the head": func(b []byte) []byte { return b[:100] },
			"a flipped bit":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
			"the manifest":    func(b []byte) []byte { b[len(backupMagic)+80] ^= 1; return b },
			"another file":    func([]byte) []byte { return []byte("%PDF-1.7 and so on, some more text") },
			"nothing":         func([]byte) []byte { return nil },
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				if _, err := extract(t, harm(bytes.Clone(backup)), of); err == nil {
					t.Error("it was taken")
				}
			})
		}
	}
}

func TestReplaceLeavesTheOldStoreAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"new": "new", "store.db": "old"} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Replace(at("new"), at("store.db"), at("aside")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"store.db": "new", "aside": "old"} {
		if got, err := os.ReadFile(at(name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want %q", name, got, err, want)
		}
	}
}

func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(backupMagic + "00 {}\n"))
	f.Add([]byte(backupMagic + "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a {}\n"))
	f.Add([]byte(backupMagic + "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a {}\nrest"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bufio.NewReader(bytes.NewReader(raw))
		m, err := ReadManifest(r)
		if err == nil && m.Extract(r, Identity{}, filepath.Join(t.TempDir(), "store.db")) == nil && m.Size == 0 {
			t.Error("a backup of nothing was taken")
		}
	})
}
