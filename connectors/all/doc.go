// Package all is the list of the connectors that the binary holds. Its one
// function is generated from the folders beside it: a new connector is a new
// folder and a `go generate ./connectors/...`, no other file changes.
//
// It promises that a connector is registered under its folder's name. Imported
// by app only.
package all

//go:generate go run ./gen
