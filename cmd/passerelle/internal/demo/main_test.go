package demo

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain is also a curl of its own, so that the printed commands run as they
// stand in a real shell, whether or not the machine has one.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "curl" {
		if err := curlMain(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "curl:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// curlMain knows the options that the demo prints; any other fails.
func curlMain(args []string) error {
	var method, url, body string
	header := http.Header{}
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; arg {
		case "-s":
		case "-X", "-H", "-d":
			if i++; i == len(args) {
				return fmt.Errorf("%s lacks its value", arg)
			}
			switch arg {
			case "-X":
				method = args[i]
			case "-d":
				body = args[i]
			case "-H":
				name, value, _ := strings.Cut(args[i], ": ")
				header.Add(name, value)
			}
		default:
			if url != "" || strings.HasPrefix(arg, "-") {
				return fmt.Errorf("cannot take %s", arg)
			}
			url = arg
		}
	}
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = header
	if body != "" { // as curl does
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}
