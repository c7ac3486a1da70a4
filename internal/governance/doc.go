// Package governance keeps the active policy and the register: which policy,
// since when, why, by whom. No policy decides anything without its line.
//
// It promises that the active text is that of the register's last line. Called
// by app (at start) and api.
package governance
