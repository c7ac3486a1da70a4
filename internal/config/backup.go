package config

import "passerelle/internal/store"

// Backup says how backups are made.
type Backup struct {
	Recipient store.Recipient // whom they are encrypted for; zero: they are not
}

type backupFile struct {
	Recipient string `yaml:"recipient"`
}

func (l *loader) backup() (out Backup) {
	var err error
	if out.Recipient, err = store.ParseRecipient(l.file.Backup.Recipient); err != nil {
		l.fault(l.root, "backup.recipient", "%s", err.Error())
	}
	return out
}
