// Package obs is how the bridge is watched: its log, its metrics, its health.
//
// It promises that a log line holds no field's value and no secret, whatever it
// was handed: only the keys of its list are written, and under them only plain
// values ([New]); that metric labels come from closed sets given at the start
// ([Labels]), never from what a client sent; and that /readyz says in plain
// words what is missing ([Health]).
//
// There are no globals. app makes one of each, hands them on, and serves the
// handlers.
package obs
