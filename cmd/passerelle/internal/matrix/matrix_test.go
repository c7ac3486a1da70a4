package matrix

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"passerelle/internal/bridge"
	"passerelle/internal/policy"
	"passerelle/test/golden"
)

const text = `version: 1
roles:
  caller:
    title: Téléopératrice & téléopérateur
    grants:
      - {on: prospect, scope: assigned, read: [class public, class personal], write: [prospect.status]}
      - {on: activity, scope: own, actions: [create, read]}
      - {on: script, scope: campaign, actions: [read]}
      - {on: script, scope: team, actions: [read]}
    deny: [{on: account}]
    context: [customer, big]
    window: {networks: [10.0.0.0/8]}
  direction:
    requires: second_factor
    grants: [{on: prospect, scope: all, actions: [read], export: [prospect.phone]}]
profiles: {phoning.console: {agent: caller}}
context: {big: {type: bool, en: Big account, fr: Gros compte, expr: account.revenue > 100000}}
window:
  zone: Europe/Paris
  hours:
    mon-fri: [08:00-20:00]
  exceptions:
    - {person: ann, until: 2026-12-24, motive: at home, networks: [192.0.2.0/24]}
limits: [{role: direction, command: reassign, per_hour: 200}]
sharing: [{on: prospect, from: {role: direction, subordinates: true}, to: {team: floor}, access: read}]
`

func small(t *testing.T) policy.Matrix {
	t.Helper()
	p, err := policy.Load("policy.yaml", []byte(text), bridge.Standard())
	if err != nil {
		t.Fatal(err)
	}
	return p.Matrix()
}

func TestTextAndHTML(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "fr"} {
		for name, write := range map[string]func(*bytes.Buffer) error{
			"matrix." + lang + ".txt":  func(b *bytes.Buffer) error { return Text(b, small(t), lang) },
			"matrix." + lang + ".html": func(b *bytes.Buffer) error { return HTML(b, small(t), lang) },
		} {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden.File(t, "testdata/"+name, got.String())
			if strings.Contains(got.String(), "no value") || strings.Contains(got.String(), "& t") {
				t.Errorf("%s is not written right", name)
			}
		}
	}
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	m := small(t)
	var made bytes.Buffer
	if err := XLSX(&made, m, "fr"); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&made)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Qui peut quoi")
	if err != nil || len(rows) < len(m.Rows)+1 {
		t.Fatalf("%d rows of %d: %v", len(rows), len(m.Rows), err)
	}
	if diff := cmp.Diff([]string{"QUOI", "QUOI", "CLASSE", "Téléopératrice & téléopérateur", "direction"}, rows[0]); diff != "" {
		t.Errorf("the heads: %s", diff)
	}
	found := false
	for i, row := range m.Rows {
		if row.Field == "prospect.phone" {
			found = true
			if diff := cmp.Diff([]string{"prospect.phone", "Téléphone", "personnel", "L attribuées", "LE toutes"}, rows[i+1]); diff != "" {
				t.Errorf("the phone's row: %s", diff)
			}
		}
	}
	if !found {
		t.Error("no row of the phone")
	}
}
