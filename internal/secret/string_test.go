package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"passerelle/internal/secret"
)

const canary = "c4nary-Zq9"

func TestNothingShowsWhatIsInside(t *testing.T) {
	t.Parallel()
	type nested struct {
		Public secret.String
		hidden secret.String
		key    secret.Key
		deep   *struct{ in secret.String }
	}
	s := secret.New(canary)
	key, err := secret.ParseKey(secret.New(strings.Repeat("c4", 32)))
	if err != nil {
		t.Fatal(err)
	}
	value := nested{s, s, key, &struct{ in secret.String }{s}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10.3s", "%t"} {
		for _, arg := range []any{s, &s, key, &key, value, &value, []secret.String{s}, map[string]secret.String{"k": s}} {
			mustHide(t, verb, fmt.Sprintf(verb, arg))
		}
	}
	for _, arg := range []any{s, key} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if got := fmt.Sprintf(verb, arg); got != "[secret]" {
				t.Errorf("%s of %T: got %q", verb, arg, got)
			}
		}
	}
	if got := s.String() + s.GoString(); got != "[secret][secret]" {
		t.Errorf("String and GoString: %q", got)
	}
	out, err := json.Marshal(map[string]any{"s": s, "k": key, "n": value})
	if err != nil {
		t.Fatal(err)
	}
	mustHide(t, "json", string(out))
	if !strings.Contains(string(out), `"s":"[secret]"`) {
		t.Errorf("json: %s", out)
	}
	for name, h := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var buf bytes.Buffer
		slog.New(h(&buf)).Info("x", "s", s, "p", &s, "n", value, "k", key)
		mustHide(t, "slog "+name, buf.String())
	}
	if y, err := s.MarshalYAML(); err != nil || y != "[secret]" {
		t.Errorf("yaml: %v, %v", y, err)
	}
}

func mustHide(t *testing.T, how, out string) {
	t.Helper()
	if strings.Contains(out, canary) || strings.Contains(out, "c4c4c4") || strings.Contains(out, fmt.Sprintf("%x", canary)) {
		t.Errorf("%s shows the secret: %s", how, out)
	}
}

func TestRevealAndEqual(t *testing.T) {
	t.Parallel()
	var zero secret.String
	switch {
	case zero.Reveal() != "" || !zero.IsZero():
		t.Error("the zero String is not empty")
	case secret.New(canary).Reveal() != canary || secret.New(canary).IsZero():
		t.Error("Reveal does not give the text")
	case !secret.New("a").Equal(secret.New("a")) || secret.New("a").Equal(secret.New("b")) || !zero.Equal(secret.New("")):
		t.Error("Equal does not compare the texts")
	}
}

func TestResolve(t *testing.T) {
	t.Setenv("PASSERELLE_TEST_SECRET", canary)
	t.Setenv("PASSERELLE_TEST_EMPTY", "")
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("token", canary+"\n")
	write("crlf", canary+"\r\n")
	write("two", "a\n\n")
	write("empty", "\n")
	write("huge", strings.Repeat("x", 70<<10))
	absolute := write("absolute", canary)
	tests := []struct {
		name, ref, want, err string
	}{
		{name: "literal", ref: "hunter2", want: "hunter2"},
		{name: "empty literal", ref: "", want: ""},
		{name: "a literal with a dollar", ref: "$HOME{x}", want: "$HOME{x}"},
		{name: "environment", ref: "${env:PASSERELLE_TEST_SECRET}", want: canary},
		{name: "environment not set", ref: "${env:PASSERELLE_TEST_NONE}", err: "PASSERELLE_TEST_NONE is not set"},
		{name: "environment empty", ref: "${env:PASSERELLE_TEST_EMPTY}", err: "PASSERELLE_TEST_EMPTY is not set"},
		{name: "relative file", ref: "${file:token}", want: canary},
		{name: "file with CRLF", ref: "${file:./crlf}", want: canary},
		{name: "one newline cut only", ref: "${file:two}", want: "a\n"},
		{name: "absolute file", ref: "${file:" + absolute + "}", want: canary},
		{name: "no file", ref: "${file:none}", err: filepath.Join(dir, "none")},
		{name: "empty file", ref: "${file:empty}", err: "empty: it is empty"},
		{name: "a file too long", ref: "${file:huge}", err: "longer than 65536 bytes"},
		{name: "a folder", ref: "${file:.}", err: "is a directory"},
		{name: "a credential", ref: "${credential:token}", want: canary},
		{name: "no such credential", ref: "${credential:none}", err: filepath.Join(dir, "none")},
		{name: "a credential elsewhere", ref: "${credential:../token}", err: "not a reference"},
		{name: "misspelt", ref: "${evn:X_c4nary-Zq9}", err: "not a reference"},
		{name: "no name", ref: "${env:}", err: "not a reference"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s secret.String
			err := s.DecodeText(tt.ref, dir)
			if tt.err == "" && (err != nil || s.Reveal() != tt.want) {
				t.Fatalf("got %q, %v; want %q", s.Reveal(), err, tt.want)
			}
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v; want %q in it", err, tt.err)
				}
				mustHide(t, "the error", err.Error())
			}
		})
	}
}

func TestACredentialWithoutSystemd(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if _, err := secret.Resolve("${credential:token}", "."); err == nil || !strings.Contains(err.Error(), "LoadCredential=token:") {
		t.Errorf("error %v", err)
	}
}
