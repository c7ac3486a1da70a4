// Package secret keeps secrets out of sight: [String] prints, marshals and
// logs as [secret], and [Key] seals what must not lie readable on the disk.
//
// It promises that no fmt verb, JSON, YAML or slog output shows what is inside,
// also when the secret sits in an unexported field of something printed, and
// that no error of this package quotes a secret: it names the environment
// variable or the file instead. A data key is replaced in three steps, each
// whole on the disk before the next ([Key.Renew], [Key.Reseal] by whoever keeps
// records, [Key.DropOld]): at no moment is there a record that no key in the
// file opens. Called by strict (through DecodeText, while a
// config is read), by connectors for their credentials, and by app, desk, intake
// and session for the data key.
package secret
