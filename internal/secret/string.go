package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

const hidden = "[secret]"

// maxFile bounds a secret's file, in bytes: a key or a token, never a document.
const maxFile = 64 << 10

// String is text that must not be seen. Only [String.Reveal] gives it away.
//
// The text is held behind a pointer because fmt does not call the methods of
// what lies in unexported fields, but prints no deeper than their pointers.
type String struct{ text *string }

// New makes a secret of text.
func New(text string) String { return String{&text} }

// Resolve makes a secret of what a config says: ${env:NAME} is the environment
// variable, ${file:path} the file without its trailing newline (a relative path
// starts at dir), ${credential:NAME} the file that systemd's LoadCredential puts
// into $CREDENTIALS_DIRECTORY, and anything else is the secret itself. Other text
// of the form ${...} is refused: it is a misspelt reference, not a password.
func Resolve(ref, dir string) (String, error) {
	inner, isRef := strings.CutPrefix(ref, "${")
	if isRef {
		inner, isRef = strings.CutSuffix(inner, "}")
	}
	if !isRef {
		return New(ref), nil
	}
	kind, name, _ := strings.Cut(inner, ":")
	switch {
	case kind == "env" && name != "":
		return fromEnv(name)
	case kind == "file" && name != "":
		return fromFile(name, dir)
	case kind == "credential" && name != "" && name == filepath.Base(name):
		return fromCredential(name)
	}
	return String{}, errors.New("not a reference: write ${env:NAME}, ${file:path} or ${credential:NAME}")
}

func fromEnv(name string) (String, error) {
	text := os.Getenv(name)
	if text == "" {
		return String{}, fmt.Errorf("environment variable %s is not set: set it for the process", name)
	}
	return New(text), nil
}

func fromCredential(name string) (String, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return String{}, fmt.Errorf("credential %s: $CREDENTIALS_DIRECTORY is not set: systemd sets it for a unit with LoadCredential=%s:PATH; elsewhere name the folder with it", name, name)
	}
	return fromFile(name, dir)
}

func fromFile(path, dir string) (String, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return String{}, fmt.Errorf("secret file: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return String{}, fmt.Errorf("secret file: %w", err)
	}
	if len(data) > maxFile {
		return String{}, fmt.Errorf("secret file %s: longer than %d bytes", path, maxFile)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return String{}, fmt.Errorf("secret file %s: it is empty", path)
	}
	return New(text), nil
}

// DecodeText resolves the text of a config; see [Resolve].
func (s *String) DecodeText(text, dir string) error {
	got, err := Resolve(text, dir)
	if err != nil {
		return err
	}
	*s = got
	return nil
}

// Reveal is the secret itself: for the wire, never for a log or an error.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero says whether there is no secret, or an empty one.
func (s String) IsZero() bool { return s.Reveal() == "" }

// Equal compares two secrets in a time that does not tell where they differ.
func (s String) Equal(other String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String is "[secret]".
func (String) String() string { return hidden }

// GoString is "[secret]".
func (String) GoString() string { return hidden }

// Format prints "[secret]" for every verb.
func (String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue is "[secret]".
func (String) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON is "[secret]" in quotes.
func (String) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText is "[secret]".
func (String) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalYAML is "[secret]".
func (String) MarshalYAML() (any, error) { return hidden, nil }
