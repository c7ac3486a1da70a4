package connector

import (
	"net/url"

	"passerelle/internal/strict"
)

// Want adds a finding at a path of the settings if something is not so. text
// says what is wrong and what to write instead.
type Want func(ok bool, path, text string)

// Settings reads the connection's settings into a struct that holds the
// defaults. Where their shape is right, check judges what it does not show. The
// findings come all at once, each with file:line:col.
func (e Env) Settings(into any, check func(want Want)) error {
	var node strict.Node
	if err := e.Decode(&node); err != nil {
		return err
	}
	var findings strict.Findings
	findings.Add(node.Decode(into))
	if len(findings) == 0 {
		check(func(ok bool, path, text string) {
			if !ok {
				findings = append(findings, node.Findf(path, "%s", text))
			}
		})
	}
	return findings.Err()
}

// IsAddress says whether a setting is a plain address, of which paths can be
// made by appending to it: http or https, without user, query or fragment.
func IsAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}
