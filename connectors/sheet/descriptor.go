package sheet

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// Descriptor says what the sheet CRM is and can do.
func Descriptor() connector.Descriptor {
	return connector.Descriptor{
		Name: "sheet",
		Kind: connector.CRM,
		Doc:  "prospects in a CSV or XLSX file; calls, appointments and calendars in files beside it",
		Settings: []connector.Setting{
			{Key: "prospects", Doc: "path of the CSV or XLSX file; prospects.csv if left out"},
			{Key: "folder", Doc: "where activities.csv, appointments.csv and the .ics files go; the folder of the prospects file if left out"},
			{Key: "sheet", Doc: "the tab of an XLSX file; the first if left out"},
			{Key: "delimiter", Doc: "of a CSV file: one of , ; | or tab; found out if left out"},
			{Key: "encoding", Doc: "of a CSV file: utf-8 (with or without byte order mark) or windows-1252; utf-8 if left out"},
			{Key: "id", Doc: "header of the column that names each prospect; id if left out"},
		},
		Kinds:        bridge.WriteKinds(),
		Idempotency:  connector.ByLookup,
		Confirmation: connector.ByAnswer,
		Batch:        5000,
		Local:        true,
		Open:         open,
	}
}

// settings are the connection's own keys.
type settings struct {
	Prospects string    `yaml:"prospects"`
	Folder    string    `yaml:"folder"`
	Sheet     string    `yaml:"sheet"`
	Delimiter delimiter `yaml:"delimiter"`
	Encoding  encoding  `yaml:"encoding"`
	ID        string    `yaml:"id"`
}

// delimiter stands between the cells of a CSV file; 0 is found out.
type delimiter byte

// DecodeText reads the setting.
func (d *delimiter) DecodeText(text, _ string) error {
	switch text {
	case ",", ";", "|", "\t":
		*d = delimiter(text[0])
	case "tab":
		*d = '\t'
	default:
		return errors.New(`write one of "," ";" "|" or tab`)
	}
	return nil
}

// encoding is how a CSV file's signs are stored.
type encoding string

// The encodings.
const (
	utf8Text    encoding = "utf-8"
	windows1252 encoding = "windows-1252"
)

// DecodeText reads the setting.
func (e *encoding) DecodeText(text, _ string) error {
	*e = encoding(strings.ToLower(text))
	if *e != utf8Text && *e != windows1252 {
		return errors.New("write utf-8 or windows-1252")
	}
	return nil
}

// open checks the settings. No file is touched yet: the hub's own first Apply
// or Find does what a crash left to do.
func open(_ context.Context, env connector.Env) (connector.Conn, error) {
	s := settings{Prospects: "prospects.csv", ID: "id"}
	if err := env.Decode(&s); err != nil {
		return nil, err
	}
	path := inDir(env.Dir, s.Prospects)
	xlsx := strings.EqualFold(filepath.Ext(path), ".xlsx")
	switch {
	case xlsx && (s.Delimiter != 0 || s.Encoding != ""):
		return nil, errors.New("delimiter and encoding are for CSV files: take them out, or name another file as prospects")
	case !xlsx && s.Sheet != "":
		return nil, errors.New("sheet names a tab of an XLSX file: take it out, or name such a file as prospects")
	}
	folder := filepath.Dir(path)
	if s.Folder != "" {
		folder = inDir(env.Dir, s.Folder)
	}
	return &conn{
		env: env,
		source: source{
			path: path, tab: s.Sheet, xlsx: xlsx,
			csv: csvOptions{comma: byte(s.Delimiter), latin: s.Encoding == windows1252},
		},
		layout:  newLayout(s.ID, env),
		journal: newJournal(folder),
		agenda:  newAgenda(folder),
	}, nil
}

// newLayout gives the bridge's own columns their headers where the config
// does not.
func newLayout(id string, env connector.Env) *layout {
	fields := map[bridge.FieldName]string{}
	for _, f := range ownFields {
		fields[f.name] = f.header
	}
	maps.Copy(fields, env.Fields)
	return &layout{id: id, fields: fields, catalog: env.Catalog, zone: cmp.Or(env.Zone, time.UTC)}
}

func inDir(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}
