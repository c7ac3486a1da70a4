package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"passerelle/internal/config"
)

// span is how far back to look: a term as the config has them, weeks, or
// anything shorter, like 90m.
type span struct {
	term  config.Term
	short time.Duration
}

var errSpan = errors.New("write how far back to look, like 72h, 30d, 4w or 12mo")

// UnmarshalText reads a span from the command line.
func (s *span) UnmarshalText(raw []byte) error {
	text := string(raw)
	*s = span{}
	if s.term.DecodeText(text, "") == nil {
		return nil
	}
	var err error
	if weeks, ok := strings.CutSuffix(text, "w"); ok {
		var n uint64
		n, err = strconv.ParseUint(weeks, 10, 10)
		s.short = time.Duration(n) * 7 * 24 * time.Hour
	} else {
		s.short, err = time.ParseDuration(text)
	}
	if err != nil || s.short <= 0 {
		return errSpan
	}
	return nil
}

// before is the moment a span before now.
func (s span) before(now time.Time) time.Time { return s.term.Before(now).Add(-s.short) }
