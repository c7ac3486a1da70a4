package demo

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/policy/presets"
)

//go:embed files/passerelle.yaml
var configText string

// presetName is the policy that the demo decides by.
const presetName = "plateau-6"

// defaultListen stands in passerelle.yaml as it is made.
const defaultListen = "127.0.0.1:8080"

// folder is where a demo lives. Its path is absolute.
type folder string

// What lies in the folder.
const (
	configName = "passerelle.yaml"
	policyName = "policy.yaml"
	crmName    = "crm"
	tokensName = "tokens"
	passName   = "passwords"
	dataName   = "data"
	logName    = "passerelle.log"
)

func (f folder) path(names ...string) string {
	return filepath.Join(append([]string{string(f)}, names...)...)
}

func (f folder) config() string    { return f.path(configName) }
func (f folder) prospects() string { return f.path(crmName, "prospects.xlsx") }

// prepare makes what is missing of a demo in dir. The config comes last: where
// it stands, people may have changed anything, and only tokens that are missing
// are made.
func prepare(dir, listen string, count int, today time.Time) (f folder, isNew bool, err error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", false, err
	}
	f = folder(abs)
	isNew = !exists(f.config())
	if isNew {
		if err := f.free(); err != nil {
			return f, isNew, err
		}
	}
	if err := f.makeTokens(); err != nil {
		return f, isNew, err
	}
	if err := f.makePasswords(); err != nil {
		return f, isNew, err
	}
	if !isNew {
		return f, isNew, nil
	}
	return f, isNew, f.fill(listen, count, today)
}

// free makes sure that the folder is the demo's to fill: new, empty, or begun
// by a start that did not get to its end.
func (f folder) free() error {
	entries, err := os.ReadDir(string(f))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == crmName, name == tokensName, name == passName, name == policyName, strings.HasPrefix(name, tempPrefix):
		default:
			return Misuse{fmt.Errorf("%s holds %s and no demo: name a new or empty folder with --dir", f, name)}
		}
	}
	return nil
}

func (f folder) fill(listen string, count int, today time.Time) error {
	if err := os.MkdirAll(f.path(crmName), 0o700); err != nil {
		return err
	}
	if !exists(f.prospects()) {
		book, err := encodeWorkbook(prospects(count, today))
		if err != nil {
			return fmt.Errorf("make the prospects: %w", err)
		}
		if err := f.write(f.prospects(), book, 0o644); err != nil {
			return err
		}
	}
	rules, ok := presets.Text(presetName)
	if !ok {
		return fmt.Errorf("there is no preset %s", presetName)
	}
	if err := f.write(f.path(policyName), rules, 0o644); err != nil {
		return err
	}
	text := configText
	if listen != "" {
		text = strings.Replace(text, "listen: "+defaultListen, "listen: "+strconv.Quote(listen), 1)
	}
	return f.write(f.config(), []byte(text), 0o644)
}

// makeTokens makes a token for each of the cast that has none.
func (f folder) makeTokens() error {
	if err := os.MkdirAll(f.path(tokensName), 0o700); err != nil {
		return err
	}
	for _, p := range cast {
		path := f.path(tokensName, p.id)
		if exists(path) {
			continue
		}
		if err := f.write(path, []byte(p.id+"-"+rand.Text()+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// token reads a person's token.
func (f folder) token(person string) (string, error) {
	text, err := os.ReadFile(f.path(tokensName, person))
	return strings.TrimSpace(string(text)), err
}

// makePasswords makes a password for each of those a visitor plays who has none.
func (f folder) makePasswords() error {
	if err := os.MkdirAll(f.path(passName), 0o700); err != nil {
		return err
	}
	for _, p := range cast {
		path := f.path(passName, p.id)
		if p.title == "" || exists(path) {
			continue
		}
		text := strings.ToLower(rand.Text())
		password := strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:20]}, "-")
		if err := f.write(path, []byte(password+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// password reads a person's password.
func (f folder) password(person string) (string, error) {
	text, err := os.ReadFile(f.path(passName, person))
	return strings.TrimSpace(string(text)), err
}

// tempPrefix is how a file is called until it is whole.
const tempPrefix = ".passerelle-"

// write makes a file whole or not at all.
func (f folder) write(path string, data []byte, mode fs.FileMode) (err error) {
	temp, err := os.CreateTemp(string(f), tempPrefix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(data)
	if err := errors.Join(err, temp.Chmod(mode), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
