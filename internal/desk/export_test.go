package desk

import (
	"context"
	"errors"
	"slices"
	"testing"

	"passerelle/internal/bridge"
	"passerelle/internal/ledger"
	"passerelle/internal/store"
)

// exports has supervisors take fields away, three leads an hour.
func (f *floor) exports(grant string) {
	f.t.Helper()
	const read = "read: [class public, class personal, class commercial]"
	f.under(read, read+grant, "profiles:\n", "limits: [{role: supervisor, command: export, per_hour: 3}]\nprofiles:\n")
}

// A file holds the fields that the policy names for export and that the role may
// read, no more leads than an hour's limit, and leaves a line in the ledger: who
// took whose away, and why.
func TestExportsAreCountedAndKeptInTheLedger(t *testing.T) {
	t.Parallel()
	f := newFloor(t)
	f.pull(map[string]string{"1": "01 99 00 00 01", "2": "01 99 00 00 02"})
	var no *Denied
	if _, err := f.desk.ForeseeExport(as("sam"), Choice{Campaign: "spring"}); !errors.As(err, &no) {
		t.Errorf("without the right: %v", err)
	}
	f.exports(", export: [prospect.name, prospect.owner]")
	ctx := context.Background()
	var bad *Invalid
	if _, err := f.desk.Export(ctx, as("sam"), Choice{Campaign: "spring"}, " "); !errors.As(err, &bad) || bad.Part != "motive" {
		t.Errorf("without a motive: %v", err)
	}
	out, err := f.desk.Export(ctx, as("sam"), Choice{Campaign: "spring"}, "the fair")
	if err != nil || len(out.Rows) != 2 || !slices.Equal(out.Fields, []bridge.FieldName{"prospect.name"}) {
		t.Fatalf("%+v, %v", out, err)
	}
	for _, row := range out.Rows {
		if len(row.Fields) != 1 || row.Fields["prospect.name"] == "" {
			t.Errorf("a row holds %v", row.Fields)
		}
	}
	if _, err := f.desk.Export(ctx, as("alice"), Choice{Campaign: "spring"}, "mine"); !errors.As(err, &no) {
		t.Errorf("a caller: %v", err)
	}
	var spent *Spent
	if _, err := f.desk.Export(ctx, as("sam"), Choice{Campaign: "spring"}, "again"); !errors.As(err, &spent) || spent.Left != 1 {
		t.Errorf("beyond the hour's limit: %v", err)
	}
	var lines []ledger.Line
	err = f.store.View(func(tx *store.Tx) (err error) {
		lines, err = ledger.Lines(tx, 1, 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	lines = slices.DeleteFunc(lines, func(l ledger.Line) bool { return l.Kind != "export" })
	if len(lines) != 1 || lines[0].Who != "sam" || lines[0].Reason != "the fair" || len(lines[0].Records) != 2 || lines[0].Fields == "" {
		t.Errorf("the ledger: %+v", lines)
	}
}
