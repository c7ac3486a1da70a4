// Package api is the JSON API under /v1: what callers' programs, supervisors'
// tools and the commands at the socket ask the hub for. It turns requests into
// commands of desk, intake and relay, and what they answer into JSON.
//
// It promises that no answer and no error holds a field's value that the desk
// did not project for the one who asks, that every error is an RFC 9457 problem
// document, that a 2xx of a command means it is kept, and that
// /v1/openapi.json describes every route. Called by app, which mounts it.
package api
