package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// nodeRedVersion is the newest that runs on the Node.js 20 of today's Debian.
const nodeRedVersion = "4.1.15"

// red is Node-RED.
type red struct {
	plain
	program string
	after   bool // it answers what the CRM answered
	dir     string
}

// newRed installs Node-RED, if it is not there yet.
func newRed(after bool) (*red, error) {
	shop, err := workshop()
	if err != nil {
		return nil, err
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, errors.New(tool + " is not installed")
		}
	}
	home := filepath.Join(shop, "node-red-"+nodeRedVersion)
	r := &red{program: filepath.Join(home, "node_modules", "node-red", "red.js"), after: after}
	if _, err := os.Stat(r.program); err != nil {
		install := exec.Command("npm", "install", "--prefix", home, "--no-audit", "--no-fund", "--omit=dev", "node-red@"+nodeRedVersion)
		if out, err := install.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("npm install: %w: %s", err, out)
		}
	}
	port, err := freePort()
	r.plain = plain{port}
	return r, err
}

func (r *red) name() string {
	if r.after {
		return "Node-RED, answers after the CRM"
	}
	return "Node-RED, answers first"
}

// prepare lays the flow: a POST comes in, a field is dropped, the CRM is asked.
func (r *red) prepare(dir, crm string) error {
	r.dir = dir
	in, request := "in", "crm"
	drop := map[string]any{"id": "drop", "z": "flow", "type": "function", "name": "drop", "outputs": 1,
		"func": "delete msg.payload.secret; msg.headers = {'content-type': 'application/json'}; return msg;"}
	answer := map[string]any{"id": "answer", "z": "flow", "type": "http response", "statusCode": "202", "wires": []any{}}
	call := map[string]any{"id": request, "z": "flow", "type": "http request", "method": "POST", "ret": "txt", "persist": true,
		"url": "http://" + crm + "/api/activities", "wires": [][]string{{}}}
	nodes := []any{
		map[string]any{"id": "flow", "type": "tab", "label": "outcomes"},
		map[string]any{"id": in, "z": "flow", "type": "http in", "url": "/outcomes", "method": "post", "wires": [][]string{{"drop"}}},
		drop, call, answer,
	}
	drop["wires"] = [][]string{{request, "answer"}}
	if r.after {
		drop["wires"] = [][]string{{request}}
		call["wires"] = [][]string{{"status"}}
		answer["statusCode"] = ""
		nodes = append(nodes, map[string]any{"id": "status", "z": "flow", "type": "function", "name": "status", "outputs": 1,
			"func": "if (typeof msg.statusCode !== 'number') { msg.statusCode = 502; } msg.headers = {}; return msg;", "wires": [][]string{{"answer"}}})
	}
	for i, node := range nodes[1:] {
		node.(map[string]any)["x"], node.(map[string]any)["y"] = 150*(i+1), 100 // one without a place is no node of a flow
	}
	flow, err := json.Marshal(nodes)
	if err != nil {
		return err
	}
	settings := "module.exports = {httpAdminRoot: false, uiHost: '127.0.0.1', flowFile: 'flows.json', credentialSecret: false, logging: {console: {level: 'warn'}}};\n"
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "flows.json"), flow, 0o600),
		os.WriteFile(filepath.Join(dir, "settings.js"), []byte(settings), 0o600),
	)
}

func (r *red) command() *exec.Cmd {
	return exec.Command("node", r.program, "--userDir", r.dir, "--settings", filepath.Join(r.dir, "settings.js"), "--port", fmt.Sprint(r.port))
}
