// Package session keeps the sessions of connections whose credentials buy
// tokens that run out: the hub's [Keeper] logs in, and a [Remote] asks it from
// another process over NATS.
//
// It promises that a connection logs in once however many ask, that what a
// login bought is sealed in the store before it is handed out (a rotated
// refresh token that is lost locks the connection out), that a refresh token
// never leaves the hub, and that a token travels sealed with the writers' key.
// Called by app, which hands it to connections as their way to tokens.
package session
