package sheet

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/fault"
	"passerelle/internal/strict"
)

// folder is a sheet CRM in a directory of its own.
type folder struct {
	t        testing.TB
	dir      string
	settings string
	fields   connector.FieldMap
	catalog  bridge.Catalog
	conn     *conn
	requests int
}

var moment = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// ourFields are what most tests map.
func ourFields() connector.FieldMap {
	return connector.FieldMap{
		"account.name":         "Société",
		"prospect.phone":       "Téléphone",
		"prospect.do_not_call": "Ne pas appeler",
		"prospect.comment":     "Commentaire",
		"prospect.score":       "Score",
		"account.revenue":      "CA",
		"prospect.x_since":     "Client depuis",
		"prospect.x_seen":      "Vu le",
	}
}

const frenchFile = "id;Société;Téléphone;Ne pas appeler;Commentaire;Score;CA;Client depuis;Vu le;Libre\r\n" +
	"1;Durand SA;01.02.03.04.05;non;;12;1 234,5;22/11/2025;03/10/2026 14:05;x\r\n" +
	"2;Été & fils;+33 6 12 34 56 78;Oui;\"rappeler; \"\"vite\"\"\";;;;;y\r\n" +
	"3;Légère SARL;0612345679;;;;;;;\r\n"

// newFolder makes a folder with a prospects file and opens it.
func newFolder(t testing.TB, name, prospects string) *folder {
	t.Helper()
	catalog, err := bridge.Standard().With(
		bridge.FieldDef{Name: "prospect.x_since", Type: bridge.Date},
		bridge.FieldDef{Name: "prospect.x_seen", Type: bridge.DateTime},
	)
	if err != nil {
		t.Fatal(err)
	}
	f := &folder{t: t, dir: t.TempDir(), settings: "prospects: " + name, fields: ourFields(), catalog: catalog}
	f.write(name, prospects)
	f.reopen()
	return f
}

// reopen is what a restart does.
func (f *folder) reopen() {
	f.t.Helper()
	conn, err := f.open()
	if err != nil {
		f.t.Fatal(err)
	}
	f.conn = conn
}

func (f *folder) open() (*conn, error) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		f.t.Fatal(err)
	}
	c, err := Descriptor().Open(context.Background(), connector.Env{
		Name: "crm.main", Fields: f.fields, Catalog: f.catalog, Zone: paris, Dir: f.dir,
		Now:   func() time.Time { return moment },
		Meter: func(n int) { f.requests += n },
		Decode: func(into any) error {
			node, err := strict.Parse("settings.yaml", []byte(f.settings))
			if err != nil {
				return err
			}
			return node.Decode(into)
		},
	})
	if err != nil {
		return nil, err
	}
	return c.(*conn), nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) read(name string) string {
	f.t.Helper()
	data, err := os.ReadFile(f.path(name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

func (f *folder) write(name, content string) {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), []byte(content), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// records reads a CSV file as another program would, by header.
func (f *folder) records(name string) []map[string]string {
	f.t.Helper()
	data, err := os.ReadFile(f.path(name))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		f.t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte(bom))))
	if bytes.Contains(bytes.SplitN(data, []byte("\n"), 2)[0], []byte(";")) {
		r.Comma = ';'
	}
	rows, err := r.ReadAll()
	if err != nil {
		f.t.Fatalf("%s: %v", name, err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		rec := map[string]string{}
		for i, h := range rows[0] {
			rec[h] = row[i]
		}
		out = append(out, rec)
	}
	return out
}

// prospect is a row of the prospects file by its id.
func (f *folder) prospect(id string) map[string]string {
	f.t.Helper()
	for _, rec := range f.records("prospects.csv") {
		if rec["id"] == id {
			return rec
		}
	}
	f.t.Fatalf("no prospect %s", id)
	return nil
}

func (f *folder) apply(writes ...bridge.Write) []connector.Receipt {
	f.t.Helper()
	receipts := f.conn.Apply(context.Background(), writes)
	if len(receipts) != len(writes) {
		f.t.Fatalf("%d writes gave %d receipts", len(writes), len(receipts))
	}
	return receipts
}

// must applies writes that have to be stored without a conflict.
func (f *folder) must(writes ...bridge.Write) {
	f.t.Helper()
	for i, r := range f.apply(writes...) {
		if r.State != connector.Stored || len(r.Conflicts) > 0 {
			f.t.Fatalf("write %d (%s): %s %v %v", i, writes[i].Kind, r.State, r.Err, r.Conflicts)
		}
	}
}

// refused applies one write that has to fail in this way.
func (f *folder) refused(w bridge.Write, kind fault.Kind, words ...string) {
	f.t.Helper()
	r := f.apply(w)[0]
	e := fault.Of(r.Err)
	if r.State != connector.Failed || e.Kind != kind || e.MayHaveApplied {
		f.t.Fatalf("got %s %+v, want %s", r.State, r.Err, kind)
	}
	for _, word := range words {
		if !strings.Contains(e.Error(), word) {
			f.t.Errorf("the error lacks %q: %v", word, e)
		}
	}
}

func (f *folder) present(w bridge.Write) bool {
	f.t.Helper()
	seen, err := f.conn.Find(context.Background(), []bridge.Write{w})
	if err != nil {
		f.t.Fatal(err)
	}
	return seen[0].Present
}

func ref(id string) bridge.Ref {
	return bridge.Ref{Connection: "crm.main", Object: bridge.ProspectObj, ID: id}
}

func call(op, id string, attempt int, disposition bridge.Disposition) bridge.Write {
	return bridge.Write{
		Operation: bridge.OperationID(op), Kind: bridge.WriteActivity, Prospect: ref(id),
		Call: &bridge.CallLog{At: moment.Add(time.Duration(attempt) * time.Hour), Attempt: attempt, TalkS: 61, Disposition: disposition, Caller: "alice"},
	}
}

func amend(op, revises, id string, attempt int, disposition bridge.Disposition) bridge.Write {
	w := call(op, id, attempt, disposition)
	w.Call.Revises = bridge.OperationID(revises)
	return w
}

func fields(op, id string, changes ...bridge.FieldChange) bridge.Write {
	return bridge.Write{Operation: bridge.OperationID(op), Kind: bridge.WriteFields, Prospect: ref(id), Fields: changes}
}

func change(name bridge.FieldName, expected, value bridge.Value) bridge.FieldChange {
	return bridge.FieldChange{Name: name, Expected: expected, Value: value}
}

func oppose(op, id string) bridge.Write {
	return bridge.Write{Operation: bridge.OperationID(op), Kind: bridge.WriteOpposition, Prospect: ref(id)}
}

func meet(op string, kind bridge.WriteKind, id, meeting, local string) bridge.Write {
	return bridge.Write{
		Operation: bridge.OperationID(op), Kind: kind, Prospect: ref(id),
		Meeting: &bridge.Meeting{
			ID: meeting, Salesperson: "bob", ValidatedBy: "claire", Subject: "Démo", Place: "12, rue de l'Été",
			Slot: bridge.Slot{Local: local, Zone: "Europe/Paris", Minutes: 45},
		},
	}
}

// dump lists receipts for comparison.
func dump(receipts []connector.Receipt) string {
	var b strings.Builder
	for i, r := range receipts {
		fmt.Fprintf(&b, "%d %s %v %v\n", i, r.State, r.Conflicts, r.Err)
	}
	return b.String()
}
