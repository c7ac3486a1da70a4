package config

import (
	"os"
	"path/filepath"

	"passerelle/internal/strict"
)

// DataDir reads from the file at path where the data lies, and nothing else:
// what a command needs to find the hub, which alone may have the secrets that
// the file refers to.
func DataDir(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	root, err := strict.Parse(path, data)
	if err != nil {
		return "", err
	}
	dir, ok := root.Child("data_dir").Scalar()
	if !ok {
		dir = defaults().DataDir
	}
	cfg := Config{Dir: filepath.Dir(path)}
	return cfg.path(dir), nil
}
