package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"passerelle/internal/appendjson"
)

// usualLine is room for most lines, in bytes.
const usualLine = 512

// AppendJSON writes the line as package encoding/json would.
func (l Line) AppendJSON(out []byte) ([]byte, error) {
	o := appendjson.Begin(out)
	o.Uint("n", l.N)
	o.Time("at", l.At)
	o.String("kind", l.Kind)
	o.String("who", l.Who)
	o.Text("role", string(l.Role))
	o.Text("connection", string(l.Connection))
	appendjson.Texts(&o, "records", l.Records)
	o.Text("fields", l.Fields)
	o.Text("policy", l.Policy)
	o.Text("reason", l.Reason)
	o.String("prev", l.Prev)
	o.String("hash", l.Hash)
	return o.End()
}

// How a line ends: before it has its hash, and after.
var unsealed = []byte(`"hash":""}`)

// seal writes the line with its hash, which covers the line without it.
func (l Line) seal(out []byte) ([]byte, error) {
	hash, raw, err := l.hashed(out)
	if err != nil {
		return nil, err
	}
	raw = append(raw[:len(raw)-len(`"}`)], hash[:]...)
	return append(raw, `"}`...), nil
}

// hashed writes the line without its hash, and the hash of that.
func (l Line) hashed(out []byte) (hash [2 * sha256.Size]byte, raw []byte, err error) {
	l.Hash = ""
	raw, err = l.AppendJSON(out)
	sum := sha256.Sum256(raw)
	hex.Encode(hash[:], sum[:])
	return hash, raw, err
}

func (l Line) digest() (string, error) {
	hash, _, err := l.hashed(nil)
	return string(hash[:]), err
}

// ending is the hash that a line as seal writes it ends with.
func ending(raw []byte) (hash string, ok bool) {
	const length = 2 * sha256.Size
	if len(raw) < len(unsealed)+length {
		return "", false
	}
	tail := raw[len(raw)-len(unsealed)-length:]
	found, isHash := bytes.CutPrefix(tail, unsealed[:len(unsealed)-len(`"}`)])
	return string(found[:min(length, len(found))]), isHash && bytes.HasSuffix(found, []byte(`"}`))
}
