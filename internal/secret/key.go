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
	"strings"
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

// Key is a data key: 256 bits for AES-GCM. The zero Key seals nothing; make one
// with [LoadOrCreateKey] or [ParseKey]. It is safe for concurrent use.
type Key struct{ k *keyState }

type keyState struct {
	id   [idSize]byte
	aead cipher.AEAD // prepends a random nonce
}

// ParseKey reads a key given as base64 of 32 bytes, or as 64 hex digits.
func ParseKey(text String) (Key, error) {
	raw, err := decodeKey(strings.TrimSpace(text.Reveal()))
	if err != nil {
		return Key{}, err
	}
	return newKey(raw)
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
	return nil, errors.New("not a data key: it is 32 random bytes in base64 (openssl rand -base64 32) or 64 hex digits")
}

func newKey(raw []byte) (Key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return Key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Key{}, err
	}
	state := &keyState{aead: aead}
	sum := sha256.Sum256(append([]byte("passerelle data key id\x00"), raw...))
	copy(state.id[:], sum[:])
	return Key{state}, nil
}

func randomKey() string {
	var raw [keySize]byte
	_, _ = rand.Read(raw[:]) // never fails: the runtime ends the process instead
	return base64.StdEncoding.EncodeToString(raw[:])
}

// ID tells keys apart without telling anything of them: 8 hex digits.
func (k Key) ID() string {
	if k.k == nil {
		return ""
	}
	return hex.EncodeToString(k.k.id[:])
}

// IsZero says whether there is no key.
func (k Key) IsZero() bool { return k.k == nil }

// Seal encrypts plain and binds it to aad, which must be given again to open it
// (name the place where the record stands, so that it cannot be moved). The
// record is: format 1 (1 byte), key id (4), nonce (12), ciphertext and tag.
// A zero key panics: there is nothing safe that it could return.
func (k Key) Seal(plain, aad []byte) []byte {
	if k.k == nil {
		panic("secret: Seal without a key")
	}
	out := make([]byte, headSize, sealExtra+len(plain))
	out[0] = formatV1
	copy(out[1:], k.k.id[:])
	return k.k.aead.Seal(out, nil, plain, bind(out[:headSize], aad))
}

// Open decrypts what [Key.Seal] made for the same aad. Its errors are
// [ErrOtherKey] and [ErrDamaged].
func (k Key) Open(sealed, aad []byte) ([]byte, error) {
	switch {
	case len(sealed) < sealExtra:
		return nil, fmt.Errorf("%w: too short", ErrDamaged)
	case sealed[0] != formatV1:
		return nil, fmt.Errorf("%w: unknown format %d", ErrDamaged, sealed[0])
	case k.k == nil || [idSize]byte(sealed[1:headSize]) != k.k.id:
		return nil, fmt.Errorf("%w: it needs key %s, this is key %q", ErrOtherKey, hex.EncodeToString(sealed[1:headSize]), k.ID())
	}
	plain, err := k.k.aead.Open(nil, nil, sealed[headSize:], bind(sealed[:headSize], aad))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// bind puts the record's head before aad, so that neither can be changed.
func bind(head, aad []byte) []byte {
	out := make([]byte, 0, len(head)+len(aad))
	return append(append(out, head...), aad...)
}

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
