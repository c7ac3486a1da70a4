package chaos

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var hookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))

const supervisorToken = "sam-token-0123456789"

const configText = `
hub: chaos
data_dir: data
listen: 127.0.0.1:0
http: {rate_per_token: 2000, burst: 2000}
connections:
  crm.main:
%s
  phoning.dial:
    type: webhook
    settings:
      secrets: ["%s"]
  phoning.console: {type: console}
campaigns:
  spring: {name: Spring, crm: crm.main, team: floor, principal: acme, rules: always, script: Bonjour}
people:
  alice: {name: Alice, team: floor, crm: {crm.main: alice}, phoning: {phoning.dial: {login: alice, profile: agent}}}
  sam: {name: Sam, team: floor, phoning: {phoning.console: {login: sam, profile: supervisor}}}
  vera: {name: Vera, team: sales, crm: {crm.main: vera}}
tokens:
  - {person: sam, connection: phoning.console, token: %s}
policy: policy.yaml
`

const policyText = `
version: 1
roles:
  caller:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal, prospect.status, prospect.comment], write: [prospect.status, prospect.comment]}
      - {on: activity, scope: all, actions: [create, read]}
      - {on: appointment, scope: own, actions: [propose, read]}
  supervisor:
    grants:
      - {on: prospect, scope: campaign, read: [class public, class personal], write: [prospect.status]}
      - {on: activity, scope: campaign, actions: [create, read, write]}
      - {on: appointment, scope: campaign, actions: [read, write]}
      - {on: campaign, scope: campaign, actions: [read, write]}
profiles:
  phoning.dial: {agent: caller}
  phoning.console: {supervisor: supervisor}
`

// configure writes the config of a hub with the given CRM.
func configure(t *testing.T, dir, crm string) {
	t.Helper()
	files := map[string]string{
		"passerelle.yaml": fmt.Sprintf(configText, indent(crm, 4), hookSecret, supervisorToken),
		"policy.yaml":     policyText,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func indent(text string, by int) string {
	margin := strings.Repeat(" ", by)
	return margin + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+margin)
}
