// Package cli runs the binary's commands as people do: scripts in testdata,
// each in a folder of its own, against hubs that really run.
package cli
