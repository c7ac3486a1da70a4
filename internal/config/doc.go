// Package config reads the one YAML file that an installation is described by.
//
// It promises to report everything that is wrong at once, with file, line and
// column, what is wrong and what to write (strict.Findings); to accept no key
// that nothing reads; to resolve secret references in secret fields only; and
// that a Config it returns is consistent in itself: every name in it that
// refers to something refers to something that is there. What belongs to others
// it hands on raw: a connection's settings to its connector, the policy's text
// to package policy. Called by app and cmd.
package config
