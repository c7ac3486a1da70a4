package sheet

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

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

type settings struct {
	Prospects string `yaml:"prospects"`
	Folder    string `yaml:"folder"`
	Sheet     string `yaml:"sheet"`
	Delimiter string `yaml:"delimiter"`
	Encoding  string `yaml:"encoding"`
	ID        string `yaml:"id"`
}

// open checks the settings. No file is touched yet: the hub's own first Apply
// or Find does what a crash left to do.
func open(_ context.Context, env connector.Env) (connector.Conn, error) {
	var s settings
	if err := env.Decode(&s); err != nil {
		return nil, err
	}
	opt, err := s.csvOptions()
	if err != nil {
		return nil, err
	}
	path := inDir(env.Dir, cmp.Or(s.Prospects, "prospects.csv"))
	xlsx := strings.EqualFold(filepath.Ext(path), ".xlsx")
	switch {
	case xlsx && (s.Delimiter != "" || s.Encoding != ""):
		return nil, fmt.Errorf("sheet: delimiter and encoding are for CSV files; %s is none", filepath.Base(path))
	case !xlsx && s.Sheet != "":
		return nil, fmt.Errorf("sheet: `sheet` names a tab of an XLSX file; %s is none", filepath.Base(path))
	}
	fields := maps.Clone(map[bridge.FieldName]string(env.Fields))
	if fields == nil {
		fields = map[bridge.FieldName]string{}
	}
	for _, f := range ownFields {
		fields[f.name] = cmp.Or(fields[f.name], f.header)
	}
	folder := filepath.Dir(path)
	if s.Folder != "" {
		folder = inDir(env.Dir, s.Folder)
	}
	return &conn{
		env:     env,
		source:  source{path: path, tab: s.Sheet, xlsx: xlsx, csv: opt},
		layout:  &layout{id: cmp.Or(s.ID, "id"), fields: fields, catalog: env.Catalog, zone: env.Zone},
		journal: newJournal(folder),
		agenda:  newAgenda(folder),
	}, nil
}

func inDir(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func (s settings) csvOptions() (csvOptions, error) {
	var opt csvOptions
	switch s.Delimiter {
	case "":
	case ",", ";", "|", "\t":
		opt.comma = s.Delimiter[0]
	case "tab":
		opt.comma = '\t'
	default:
		return opt, fmt.Errorf("sheet: delimiter must be one of , ; | or tab")
	}
	switch strings.ToLower(s.Encoding) {
	case "", "utf-8", "utf8":
	case "windows-1252", "cp1252", "latin1", "iso-8859-1":
		opt.latin = true
	default:
		return opt, fmt.Errorf("sheet: encoding must be utf-8 or windows-1252")
	}
	return opt, nil
}
