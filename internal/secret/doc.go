// Package secret keeps secrets out of sight: [String] prints, marshals and
// logs as [secret], and [Key] seals what must not lie readable on the disk.
package secret
