package config

import (
	"strings"
	"testing"
)

func TestBackupRecipient(t *testing.T) {
	t.Parallel()
	const head = "hub: paris\nconnections: {phoning.console: {type: console}}\n"
	for name, c := range map[string]struct{ text, finding string }{
		"none":          {"", ""},
		"one":           {"backup: {recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p}\n", ""},
		"no recipient":  {"backup: {recipient: alice@example.com}\n", "c.yaml:3:21 backup.recipient: not an age recipient"},
		"a private key": {"backup: {recipient: AGE-SECRET-KEY-1QQQQQQQQQQQQ}\n", "not an age recipient"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("c.yaml", []byte(head+c.text))
			if c.finding == "" && err != nil || c.finding != "" && (err == nil || !strings.Contains(err.Error(), c.finding)) {
				t.Fatalf("got %v, want %q", err, c.finding)
			}
			if err != nil && strings.Contains(err.Error(), "SECRET-KEY") {
				t.Errorf("the finding shows what was written: %v", err)
			}
		})
	}
}
