package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"passerelle/internal/secret"
)

func newKey(t testing.TB) secret.Key {
	t.Helper()
	key, err := secret.LoadOrCreateKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	var wg sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wg.Go(func() {
			key, err := secret.LoadOrCreateKey(path)
			if err != nil {
				t.Error(err)
			}
			ids[i] = key.ID()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || len(id) != 8 {
			t.Fatalf("racing starts got keys %v", ids)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file's mode: %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestKeyFileRefused(t *testing.T) {
	t.Parallel()
	good := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	tests := []struct {
		name, text string
		mode       os.FileMode
		err        string
	}{
		{"empty", "", 0o600, "not a key:"},
		{"31 bytes", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 31)), 0o600, "not a key:"},
		{"33 bytes", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 33)), 0o600, "not a key:"},
		{"not hex", strings.Repeat("x", 64), 0o600, "not a key:"},
		{"readable by the group", good, 0o640, "mode 0640"},
		{"readable by others", good, 0o604, "mode 0604"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(tt.text), tt.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tt.mode); err != nil { // whatever the umask is
				t.Fatal(err)
			}
			_, err := secret.LoadOrCreateKey(path)
			if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v; want %q and the path in it", err, tt.err)
			}
			if after, _ := os.ReadFile(path); string(after) != tt.text {
				t.Error("a refused file was changed")
			}
		})
	}
	t.Run("no folder", func(t *testing.T) {
		t.Parallel()
		if _, err := secret.LoadOrCreateKey(filepath.Join(t.TempDir(), "none", "key")); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a folder in its place", func(t *testing.T) {
		t.Parallel()
		if _, err := secret.LoadOrCreateKey(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("error %v", err)
		}
	})
}

func TestParseKeyForms(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{0xab}, 32)
	a, errA := secret.ParseKey(secret.New(base64.StdEncoding.EncodeToString(raw) + "\n"))
	b, errB := secret.ParseKey(secret.New(strings.Repeat("AB", 32)))
	if errA != nil || errB != nil || a.ID() != b.ID() || a.IsZero() {
		t.Errorf("base64 %v (%v), hex %v (%v)", a.ID(), errA, b.ID(), errB)
	}
}

func TestSealOpen(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "plain")
		aad := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "aad")
		sealed := key.Seal(plain, aad)
		if got, err := key.Open(sealed, aad); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %x, %v; want %x", got, err, plain)
		}
		if _, err := key.Open(sealed, append(aad, 0)); !errors.Is(err, secret.ErrDamaged) {
			t.Fatalf("with other aad: %v", err)
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		sealed[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := key.Open(sealed, aad); err == nil {
			t.Fatalf("opened with byte %d changed", at)
		}
		if _, err := key.Open(sealed[:at], aad); err == nil {
			t.Fatalf("opened when cut at %d", at)
		}
	})
}

func TestOpenWithAnotherKey(t *testing.T) {
	t.Parallel()
	ours, theirs := newKey(t), newKey(t)
	_, err := theirs.Open(ours.Seal([]byte(canary), nil), nil)
	if !errors.Is(err, secret.ErrOtherKey) || !strings.Contains(err.Error(), ours.ID()) {
		t.Errorf("error %v; want it to name key %s", err, ours.ID())
	}
	if _, err := (secret.Key{}).Open(ours.Seal(nil, nil), nil); !errors.Is(err, secret.ErrOtherKey) {
		t.Errorf("with no key: %v", err)
	}
}

func TestSealNeverRepeats(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	if bytes.Equal(key.Seal([]byte("x"), nil), key.Seal([]byte("x"), nil)) {
		t.Error("the same plaintext sealed twice gave the same bytes")
	}
}
