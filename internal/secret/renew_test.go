package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"passerelle/internal/secret"
)

// ring makes a key file and reads it.
func ring(t *testing.T) (secret.Key, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	key, err := secret.LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	return key, path
}

// At every step what the file holds opens every record: a crash after any of
// them loses nothing.
func TestReplacingAKey(t *testing.T) {
	t.Parallel()
	key, path := ring(t)
	first := key.ID()
	record := key.Seal([]byte(canary), []byte("here"))
	opens := func(step string) {
		t.Helper()
		again, err := secret.LoadOrCreateKey(path)
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		for _, k := range []secret.Key{key, again} {
			if plain, err := k.Open(record, []byte("here")); err != nil || string(plain) != canary {
				t.Fatalf("%s: %v", step, err)
			}
		}
		if again.ID() != key.ID() || !slices.Equal(again.Old(), key.Old()) {
			t.Fatalf("%s: the file has %s %v, the process %s %v", step, again.ID(), again.Old(), key.ID(), key.Old())
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Fatalf("%s: left behind: %v", step, entries)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Fatalf("%s: %v, %v", step, info.Mode(), err)
		}
	}
	if err := key.Renew(path); err != nil {
		t.Fatal(err)
	}
	opens("renewed")
	if key.ID() == first || !slices.Equal(key.Old(), []string{first}) || secret.SealedBy(record) != first {
		t.Fatalf("key %s, old %v, record by %s", key.ID(), key.Old(), secret.SealedBy(record))
	}
	again, changed, err := key.Reseal(record, []byte("here"))
	if err != nil || !changed || secret.SealedBy(again) != key.ID() {
		t.Fatalf("resealed by %s: %v, %v", secret.SealedBy(again), changed, err)
	}
	if same, changed, err := key.Reseal(again, []byte("here")); err != nil || changed || !bytes.Equal(same, again) {
		t.Fatalf("sealed once more: %v, %v", changed, err)
	}
	if _, _, err := key.Reseal(record, []byte("elsewhere")); !errors.Is(err, secret.ErrDamaged) {
		t.Fatalf("from another place: %v", err)
	}
	before := record
	record = again
	opens("resealed")
	if err := key.DropOld(path); err != nil {
		t.Fatal(err)
	}
	opens("dropped")
	if _, err := key.Open(before, []byte("here")); !errors.Is(err, secret.ErrOtherKey) || len(key.Old()) != 0 {
		t.Fatalf("the old key still opens: %v; old %v", err, key.Old())
	}
}

// A file that somebody else has changed is not written over.
func TestAnotherKeyInTheFile(t *testing.T) {
	t.Parallel()
	key, path := ring(t)
	other := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32)) + "\n"
	if err := os.WriteFile(path, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, step := range map[string]func(string) error{"renew": key.Renew, "drop": key.DropOld} {
		if err := step(path); err == nil || !strings.Contains(err.Error(), "changed since") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now, _ := os.ReadFile(path); string(now) != other {
		t.Error("the file was written over")
	}
}

func TestSeveralKeys(t *testing.T) {
	t.Parallel()
	line := func(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }
	key, err := secret.ParseKey(secret.New(line(1) + "\n" + line(2) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	old, _ := secret.ParseKey(secret.New(line(2)))
	if plain, err := key.Open(old.Seal([]byte("x"), nil), nil); err != nil || string(plain) != "x" {
		t.Errorf("the second key does not open: %v", err)
	}
	_, err = secret.ParseKey(secret.New(line(1) + "\nnonsense-" + canary))
	if err == nil || !strings.HasPrefix(err.Error(), "line 2: ") || strings.Contains(err.Error(), canary) {
		t.Errorf("error %v", err)
	}
}
