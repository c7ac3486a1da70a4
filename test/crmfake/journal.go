package crmfake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// line is one change in the journal: the record as it then stood.
type line struct {
	Table  string `json:"table"`
	Record Record `json:"record"`
}

func (s *Server) open(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, "crm.jsonl"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := s.load(f); err != nil {
		return fmt.Errorf("crmfake: %w", err)
	}
	s.journal = f
	return nil
}

func (s *Server) load(f *os.File) error {
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	for n, text := range bytes.Split(data[:whole], []byte("\n")) {
		if len(text) == 0 {
			continue
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil || s.tables[l.Table] == nil {
			return fmt.Errorf("journal line %d is damaged", n+1)
		}
		s.restore(s.tables[l.Table], l.Record)
	}
	if err := f.Truncate(int64(whole)); err != nil {
		return err
	}
	_, err = f.Seek(int64(whole), io.SeekStart)
	return err
}

func (s *Server) restore(t *table, r Record) {
	if known := t.byID[r.ID]; known != nil {
		*known = r
	} else {
		t.byID[r.ID] = &r
		t.order = append(t.order, &r)
	}
	s.order = max(s.order, r.Order)
}

// write appends a change; s.mu is held. A disk that fails is no part of what
// this CRM simulates.
func (s *Server) write(name string, r Record) {
	if s.journal == nil {
		return
	}
	data, err := json.Marshal(line{name, r})
	if err == nil {
		_, err = s.journal.Write(append(data, '\n'))
	}
	if err != nil {
		panic("crmfake: journal: " + err.Error())
	}
}
