package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// build is which program this is.
type build struct {
	Version  string    `json:"version"`
	Revision string    `json:"revision,omitempty"`
	At       time.Time `json:"at,omitzero"` // of the revision
	Modified bool      `json:"modified,omitempty"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
}

func thisBuild() build {
	b := build{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = cmp.Or(info.Main.Version, "(devel)")
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.At, _ = time.Parse(time.RFC3339, s.Value) // zero if it is not one
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (b build) String() string {
	out := "passerelle " + b.Version
	if b.Revision != "" {
		out += fmt.Sprintf(", revision %.12s of %s", b.Revision, b.At.Format(time.RFC3339))
	}
	if b.Modified {
		out += ", modified"
	}
	return out + ", " + b.Go + " " + b.Platform
}

type versionCmd struct{}

func (versionCmd) Run(s *session) error {
	b := thisBuild()
	if s.JSON {
		return s.printJSON(b)
	}
	return s.println(b.String())
}
