package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// stamp is what a program says of how it was built.
type stamp struct {
	version string
	at      time.Time // of the commit
	info    *debug.BuildInfo
}

func readStamp(program string) (stamp, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return stamp{}, err
	}
	s := stamp{version: info.Main.Version, info: info}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.time" {
			if s.at, err = time.Parse(time.RFC3339, setting.Value); err != nil {
				return stamp{}, fmt.Errorf("the commit's time: %w", err)
			}
		}
	}
	if s.at.IsZero() {
		return stamp{}, errors.New("the program knows no commit: build it in a git checkout, with git installed")
	}
	return s, nil
}
