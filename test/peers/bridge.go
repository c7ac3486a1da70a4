package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const hookKey = "0123456789abcdef0123456789abcdef"

// bridge is Passerelle, as `make build` builds it.
type bridge struct {
	program string
	port    int
	config  string
}

func newBridge() (*bridge, error) {
	shop, err := workshop()
	if err != nil {
		return nil, err
	}
	top, err := root()
	if err != nil {
		return nil, err
	}
	b := &bridge{program: filepath.Join(shop, "passerelle")}
	build := exec.Command("go", "build", "-o", b.program, "./cmd/passerelle")
	build.Dir, build.Stderr = top, os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	b.port, err = freePort()
	return b, err
}

func (*bridge) name() string { return "Passerelle" }

const bridgeConfig = `
hub: peers
data_dir: data
listen: 127.0.0.1:%d
connections:
  crm.main:
    type: rest
    allow_private: true
    fields: {prospect.name: name, prospect.phone: phone}
    settings:
      base: http://%s/api
      auth: {value: t}
      check: {path: /me}
      prospects: {path: /prospects, record: "/prospects/{id}", list: data, next: next, params: {fields: fields, cursor: cursor, limit: limit, selection: list}}
      activity:
        create: /activities
        change: "/activities/{id}"
        find: "/activities?operation_id={key}"
        find_many: "/activities?operation_ids={keys}"
        list: data
        fields: {operation: operation_id, changes: changes, prospect: prospect_id, at: at, disposition: result, note: note}
      appointment:
        create: /appointments
        change: "/appointments/{id}"
        find: "/appointments?uid={key}"
        list: data
        cancel: {delete: true}
        fields: {id: uid, changes: changes, prospect: prospect_id, start: start}
      opposition: {field: do_not_call, value: true, motive: motive}
  phoning.dial: {type: webhook, settings: {secrets: ["whsec_%s"]}}
campaigns:
  peers: {crm: crm.main, team: floor, rules: always}
people:
  alice: {team: floor, phoning: {phoning.dial: {login: alice, profile: agent}}}
policy:
  version: 1
  roles:
    caller:
      grants:
        - {on: prospect, scope: campaign, read: [prospect.name, prospect.phone]}
        - {on: activity, scope: all, actions: [create, read]}
  profiles:
    phoning.dial: {agent: caller}
`

func (b *bridge) prepare(dir, crm string) error {
	b.config = filepath.Join(dir, "passerelle.yaml")
	text := fmt.Sprintf(bridgeConfig, b.port, crm, base64.StdEncoding.EncodeToString([]byte(hookKey)))
	return os.WriteFile(b.config, []byte(text), 0o600)
}

func (b *bridge) command() *exec.Cmd {
	return exec.Command(b.program, "serve", "--config", b.config, "--log-level", "warn")
}

// request signs an outcome as the platforms do (Standard Webhooks).
func (b *bridge) request(id string, prospect int) (*http.Request, error) {
	body, err := json.Marshal(map[string]any{
		"event_id": id, "occurred_at": time.Now().Format(time.RFC3339), "connection": "phoning.dial", "campaign": "peers",
		"prospect_id": fmt.Sprint(prospect), "agent": "alice", "technical": "answered", "disposition": "not_interested",
		"note": id + " " + filler, "fields": map[string]any{"account.revenue": 5},
	})
	if err != nil {
		return nil, err
	}
	at := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(hookKey))
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, at, body) // a hash takes everything
	req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/hooks/phoning.dial", b.port), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", at)
	req.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return req, nil
}

// acknowledged: an event that was parked is kept, but on no way to the CRM.
func (*bridge) acknowledged(status int, body string) bool {
	return status == http.StatusAccepted && strings.Contains(body, `"recorded"`)
}
