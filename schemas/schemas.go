// Package schemas holds the JSON Schemas (draft 2020-12) of what enters the
// bridge: events, requests, the config and the policy. A file is named
// subject.vN.json; a published version only ever gains optional properties,
// anything else is a new version.
//
// It promises nothing but the files; package schema compiles them.
package schemas

import "embed"

// FS holds the schemas.
//
//go:embed *.json
var FS embed.FS
