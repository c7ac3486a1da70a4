//go:build !faultpoint

package faultpoint

// Hit is passed at a named point. In this build it does nothing.
func Hit(string) {}
