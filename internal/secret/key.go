package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
)

const (
	keySize   = 32
	idSize    = 4
	formatV1  = 1
	headSize  = 1 + idSize         // format, key id
	sealExtra = headSize + 12 + 16 // nonce, tag
)

// What [Key.Open] answers, wrapped with the details.
var (
	// ErrOtherKey means that another key sealed the record.
	ErrOtherKey = errors.New("sealed with another data key")
	// ErrDamaged means that the record, or what it was bound to, was changed.
	ErrDamaged = errors.New("sealed record is damaged or stands in the wrong place")
)

// Key is a data key, 256 bits for AES-GCM, with the older ones that it has
// replaced and that still open what they sealed. The zero Key seals nothing;
// make one with [LoadOrCreateKey] or [ParseKey]. Copies share one state. It is
// safe for concurrent use.
type Key struct{ k *atomic.Pointer[[]cipherKey] }

// cipherKey is one key of the ring; the first one seals.
type cipherKey struct {
	id   [idSize]byte
	aead cipher.AEAD // prepends a random nonce
}

// ParseKey reads keys, one a line, the current one first: each is base64 of 32
// bytes, or 64 hex digits.
func ParseKey(text String) (Key, error) {
	lines := strings.Split(strings.TrimSpace(text.Reveal()), "\n")
	ring := make([]cipherKey, len(lines))
	for i, line := range lines {
		raw, err := decodeKey(strings.TrimSpace(line))
		if err == nil {
			ring[i], err = newCipherKey(raw)
		}
		if err != nil && len(lines) > 1 {
			err = fmt.Errorf("line %d: %w", i+1, err)
		}
		if err != nil {
			return Key{}, err
		}
	}
	return newKey(ring), nil
}

func newKey(ring []cipherKey) Key {
	k := Key{new(atomic.Pointer[[]cipherKey])}
	k.k.Store(&ring)
	return k
}

func (k Key) ring() []cipherKey {
	if k.k == nil {
		return nil
	}
	return *k.k.Load()
}

func decodeKey(text string) ([]byte, error) {
	if len(text) == hex.EncodedLen(keySize) {
		if raw, err := hex.DecodeString(text); err == nil {
			return raw, nil
		}
	}
	if raw, err := base64.StdEncoding.Strict().DecodeString(text); err == nil && len(raw) == keySize {
		return raw, nil
	}
	return nil, errors.New("not a key: it is 32 random bytes in base64 (openssl rand -base64 32) or 64 hex digits")
}

func newCipherKey(raw []byte) (cipherKey, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return cipherKey{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return cipherKey{}, err
	}
	c := cipherKey{aead: aead}
	sum := sha256.Sum256(append([]byte("passerelle data key id\x00"), raw...))
	copy(c.id[:], sum[:])
	return c, nil
}

func randomKey() string {
	var raw [keySize]byte
	_, _ = rand.Read(raw[:]) // never fails: the runtime ends the process instead
	return base64.StdEncoding.EncodeToString(raw[:])
}

// ID tells keys apart without telling anything of them: 8 hex digits. It is
// that of the current key, "" if there is none.
func (k Key) ID() string {
	if k.IsZero() {
		return ""
	}
	return k.ring()[0].String()
}

// Old are the ids of the keys that were replaced and still open records.
func (k Key) Old() []string {
	var out []string
	for _, c := range k.ring()[min(1, len(k.ring())):] {
		out = append(out, c.String())
	}
	return out
}

// IsZero says whether there is no key.
func (k Key) IsZero() bool { return len(k.ring()) == 0 }

// SealedBy is the id of the key that a record was sealed with, "" if it is no
// sealed record.
func SealedBy(sealed []byte) string {
	if len(sealed) < sealExtra || sealed[0] != formatV1 {
		return ""
	}
	return hex.EncodeToString(sealed[1:headSize])
}

// Seal encrypts plain and binds it to aad, which must be given again to open it
// (name the place where the record stands, so that it cannot be moved). The
// record is: format 1 (1 byte), key id (4), nonce (12), ciphertext and tag.
// A zero key panics: there is nothing safe that it could return.
func (k Key) Seal(plain, aad []byte) []byte {
	if k.IsZero() {
		panic("secret: Seal without a key")
	}
	current := k.ring()[0]
	out := make([]byte, headSize, sealExtra+len(plain))
	out[0] = formatV1
	copy(out[1:], current.id[:])
	return current.aead.Seal(out, nil, plain, bind(out[:headSize], aad))
}

// Open decrypts what [Key.Seal] made for the same aad, under this key or one
// that it replaced. Its errors are [ErrOtherKey] and [ErrDamaged].
func (k Key) Open(sealed, aad []byte) ([]byte, error) {
	switch {
	case len(sealed) < sealExtra:
		return nil, fmt.Errorf("%w: too short", ErrDamaged)
	case sealed[0] != formatV1:
		return nil, fmt.Errorf("%w: unknown format %d", ErrDamaged, sealed[0])
	}
	ring, id := k.ring(), [idSize]byte(sealed[1:headSize])
	at := slices.IndexFunc(ring, func(c cipherKey) bool { return c.id == id })
	if at < 0 {
		return nil, fmt.Errorf("%w: it needs key %s, this is key %s", ErrOtherKey, hex.EncodeToString(id[:]), k.ID())
	}
	plain, err := ring[at].aead.Open(nil, nil, sealed[headSize:], bind(sealed[:headSize], aad))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// Reseal seals a record again under the current key. It answers the record as
// it is, and false, if that sealed it.
func (k Key) Reseal(sealed, aad []byte) ([]byte, bool, error) {
	if SealedBy(sealed) == k.ID() {
		return sealed, false, nil
	}
	plain, err := k.Open(sealed, aad)
	if err != nil {
		return nil, false, err
	}
	return k.Seal(plain, aad), true, nil
}

// bind puts the record's head before aad, so that neither can be changed.
func bind(head, aad []byte) []byte {
	out := make([]byte, 0, len(head)+len(aad))
	return append(append(out, head...), aad...)
}

func (c cipherKey) String() string { return hex.EncodeToString(c.id[:]) }

// String is "[secret]".
func (Key) String() string { return hidden }

// GoString is "[secret]".
func (Key) GoString() string { return hidden }

// Format prints "[secret]" for every verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue is "[secret]".
func (Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText is "[secret]"; it serves JSON too.
func (Key) MarshalText() ([]byte, error) { return []byte(hidden), nil }
