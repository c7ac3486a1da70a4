package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDataDir(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"beside the config":       {"hub: paris\ndata_dir: store\n", "store"},
		"elsewhere":               {"data_dir: /var/lib/passerelle\n", "/var/lib/passerelle"},
		"not said":                {"hub: paris\n", "data"},
		"whatever else is wrong":  {"hub: 5\nkeys: ${env:NO_SUCH_VARIABLE}\ndata_dir: d\n", "d"},
		"a mapping is no text":    {"data_dir: {a: b}\n", "data"},
		"nothing but the default": {"{}\n", "data"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "passerelle.yaml")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := DataDir(path)
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(dir, c.want); got != want && got != c.want {
				t.Errorf("DataDir = %s, want %s", got, want)
			}
		})
	}
}

func TestDataDirOfWhatIsNoConfig(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "passerelle.yaml")
	if _, err := DataDir(path); !os.IsNotExist(err) {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(path, []byte("hub: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := DataDir(path); err == nil || !strings.Contains(err.Error(), "passerelle.yaml:") {
		t.Errorf("of broken text: %v", err)
	}
}
