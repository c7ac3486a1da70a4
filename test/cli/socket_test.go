package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// apiMain is the program api: it asks the hub of this folder over its socket,
// as the person of $TOKEN: api METHOD PATH [BODY].
func apiMain() {
	if len(os.Args) < 3 {
		end(errors.New("usage: api METHOD PATH [BODY]"))
	}
	body := ""
	if len(os.Args) > 3 {
		body = os.Args[3]
	}
	end(send(os.Args[1], os.Args[2], body, func(h http.Header) error {
		if token := os.Getenv("TOKEN"); token != "" {
			h.Set("Authorization", "Bearer "+token)
		}
		return nil
	}))
}

const hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// hookMain is the program hook: it posts a signed event as the dialler does:
// hook EVENT-ID BODY.
func hookMain() {
	if len(os.Args) != 3 {
		end(errors.New("usage: hook EVENT-ID BODY"))
	}
	id, body := os.Args[1], os.Args[2]
	end(send(http.MethodPost, "/hooks/phoning.dial", body, func(h http.Header) error {
		key, err := standardwebhooks.NewWebhook(hookSecret)
		if err != nil {
			return err
		}
		now := time.Now()
		signature, err := key.Sign(id, now, []byte(body))
		if err != nil {
			return err
		}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
		h.Set("webhook-signature", signature)
		return nil
	}))
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// send prints the answer; one of 400 and above is an error.
func send(method, path, body string, sign func(http.Header) error) error {
	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", "data/passerelle.sock")
		}},
	}
	req, err := http.NewRequest(method, "http://hub"+path, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	if err := sign(req.Header); err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	fmt.Printf("%s\n", raw)
	if resp.StatusCode >= http.StatusBadRequest {
		return errors.New(resp.Status)
	}
	return nil
}
