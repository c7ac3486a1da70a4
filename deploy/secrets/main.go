// Command secrets makes the keys and passwords that deploy/compose.yaml mounts,
// each in a file of its own:
//
//	go run ./deploy/secrets -out .build/secrets
//
// It makes a NATS operator, an account for the bridge with a .creds file for hub
// and writers, a password for the routes between the servers, the writer key,
// the dialler's signing secret and the supervisor's token. The operator's and the
// account's own keys are not kept: run it again to replace everything.
//
// The folder is its owner's alone. The files in it can be read by all, because
// the programs in the containers run as other users.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	out := flag.String("out", filepath.Join(".build", "secrets"), "the folder, made if there is none")
	nodes := flag.String("nodes", "nats-1,nats-2,nats-3", "the NATS servers' names on their network")
	flag.Parse()
	if err := run(*out, strings.Split(*nodes, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "secrets:", err)
		os.Exit(1)
	}
}

func run(out string, nodes []string) error {
	files, err := natsFiles(nodes)
	if err != nil {
		return err
	}
	files["writer_key"] = random()
	files["dialler_secret"] = "whsec_" + random()
	files["supervisor_token"] = random()
	files["crm_token"] = "put your CRM's token here"
	if err := os.MkdirAll(out, 0o700); err != nil {
		return err
	}
	for name, text := range files {
		if err := write(filepath.Join(out, name), text); err != nil {
			return err
		}
	}
	fmt.Printf("%d files are in %s\n", len(files), out)
	return nil
}

// write makes a file that is not there yet: what runs holds the old secrets.
func write(path, text string) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: name another folder, or remove this one", path)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.WriteString(text + "\n")
	return err
}
