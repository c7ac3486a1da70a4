package policy

import (
	"slices"
	"strings"

	"passerelle/internal/bridge"
)

// Matrix is what each role may do with every object and field, for people to
// read and to hand out.
type Matrix struct {
	Policy string       `json:"policy"` // hash
	Roles  []MatrixRole `json:"roles"`
	Rows   []MatrixRow  `json:"rows"`
	// Sharing opens records to others; each does with them what their own cells
	// say of any record.
	Sharing []Share `json:"sharing,omitempty"`
	Limits  []Limit `json:"limits,omitempty"`
	// Derived are the context fields that the policy defines.
	Derived []ContextField `json:"derived,omitempty"`
	// Exceptions to access windows, those that are over too.
	Exceptions []NamedException `json:"exceptions,omitempty"`
}

// MatrixRole heads a column.
type MatrixRole struct {
	Name     bridge.Role `json:"name"`
	Title    string      `json:"title"`
	Profiles []Path      `json:"profiles"` // that have it
	Context  []string    `json:"context"`  // derived fields on its cards
	Window   *Window     `json:"window,omitempty"`

	Statistics Scope    `json:"statistics,omitempty"` // whose it sees: own, team or all
	Requires   Strength `json:"requires,omitempty"`   // of who signs in with a browser
}

// MatrixRow is one object, or one field of it.
type MatrixRow struct {
	Object bridge.Object    `json:"object"`
	Field  bridge.FieldName `json:"field,omitempty"` // "": the object itself
	Class  bridge.Class     `json:"class,omitempty"`
	EN     string           `json:"en"` // what people call it
	FR     string           `json:"fr"`
	Cells  []Cell           `json:"cells"` // in the order of the roles
}

// Cell is what one role may do with one thing, by reach; empty for nothing.
type Cell []Reach

// Reach is actions on the same records.
type Reach struct {
	Actions []Action `json:"actions"`
	Scopes  []Scope  `json:"scopes"` // one of which the record is in
}

// Matrix lists the rights of all roles, as denies and grants together make
// them.
func (p *Policy) Matrix() Matrix {
	out := Matrix{Policy: p.hash, Sharing: p.Sharing(), Limits: p.Limits(), Derived: p.OwnContext(), Exceptions: p.Exceptions()}
	for _, ro := range p.roles {
		role := MatrixRole{Name: ro.name, Title: p.Title(ro.name), Context: slices.Clone(ro.context), Window: ro.window.told(), Statistics: ro.statistics, Requires: ro.requires}
		for _, path := range p.Paths() {
			if p.paths[path] == ro {
				role.Profiles = append(role.Profiles, path)
			}
		}
		out.Roles = append(out.Roles, role)
	}
	for _, object := range objects {
		name := objectNames[object]
		out.Rows = append(out.Rows, p.matrixRow(MatrixRow{Object: object, EN: name[0], FR: name[1]}, p.targets.verb(object)))
		p.targets.fieldsOf(object, func(bit int, class bridge.Class) {
			def, _ := p.targets.catalog.Def(p.targets.names[bit])
			row := MatrixRow{Object: object, Field: def.Name, Class: class, EN: def.Label("en"), FR: def.Label("fr")}
			out.Rows = append(out.Rows, p.matrixRow(row, bit))
		})
	}
	return out
}

func (p *Policy) matrixRow(row MatrixRow, bit int) MatrixRow {
	for _, ro := range p.roles {
		row.Cells = append(row.Cells, ro.cell(p.targets, bit))
	}
	return row
}

// cell gathers what the role may do with one target.
func (ro *role) cell(t *targets, bit int) Cell {
	var out Cell
	for _, action := range Actions() {
		scopes := ro.scopesWith(t, action, bit)
		if len(scopes) == 0 {
			continue
		}
		at := slices.IndexFunc(out, func(r Reach) bool { return slices.Equal(r.Scopes, scopes) })
		if at < 0 {
			out = append(out, Reach{[]Action{action}, scopes})
		} else {
			out[at].Actions = append(out[at].Actions, action)
		}
	}
	return out
}

// scopesWith are the scopes in which the role may; all alone if it always may.
func (ro *role) scopesWith(t *targets, action Action, bit int) []Scope {
	if ro.in(t, All)[action.index()].has(bit) {
		return []Scope{All}
	}
	var out []Scope
	for _, s := range reaches() {
		if ro.in(t, s)[action.index()].has(bit) {
			out = append(out, s)
		}
	}
	return out
}

var objectNames = map[bridge.Object]phrase{
	bridge.Account:     {"Account", "Société"},
	bridge.Contact:     {"Contact", "Contact"},
	bridge.ProspectObj: {"Prospect", "Prospect"},
	bridge.Opportunity: {"Opportunity", "Opportunité"},
	bridge.Activity:    {"Call and activity", "Appel et activité"},
	bridge.Appointment: {"Appointment", "Rendez-vous"},
	bridge.CampaignObj: {"Campaign", "Campagne"},
	bridge.Script:      {"Script", "Argumentaire"},
	bridge.Report:      {"Report", "Rapport"},
	bridge.PolicyObj:   {"Policy", "Politique de droits"},
}

// Label is what people call the row, in French if lang is "fr".
func (r MatrixRow) Label(lang string) string { return phrase{r.EN, r.FR}.In(lang) }

// FullLabel is the label with the object's before it.
func (r MatrixRow) FullLabel(lang string) string {
	if r.Field == "" {
		return r.Label(lang)
	}
	return objectNames[r.Object].In(lang) + " · " + r.Label(lang)
}

// ClassLabel is what people call the field's class.
func (r MatrixRow) ClassLabel(lang string) string { return classNames[r.Class].In(lang) }

// letters are the actions in a cell.
var letters = map[Action]phrase{
	Read: {"R", "L"}, Create: {"C", "C"}, Write: {"W", "M"}, Propose: {"P", "P"}, Delete: {"D", "S"}, Export: {"E", "E"},
}

var shortScopes = map[Scope]phrase{
	Own: {"own", "siennes"}, Assigned: {"assigned", "attribuées"}, Team: {"team", "équipe"}, Territory: {"territory", "territoire"},
	Campaign: {"campaign", "campagne"}, Subordinates: {"subordinates", "subordonnés"}, Principal: {"principal", "donneur d'ordre"}, All: {"all", "toutes"},
}

// Text is the cell in letters: "RC own, R campaign".
func (c Cell) Text(lang string) string {
	parts := make([]string, len(c))
	for i, r := range c {
		var b strings.Builder
		for _, a := range r.Actions {
			b.WriteString(letters[a].In(lang))
		}
		for j, s := range r.Scopes {
			b.WriteString(map[bool]string{true: " ", false: "/"}[j == 0] + shortScopes[s].In(lang))
		}
		parts[i] = b.String()
	}
	return strings.Join(parts, ", ")
}

// Legend says what the letters of cells mean.
func Legend(lang string) string {
	parts := make([]string, 0, actionCount)
	for _, a := range Actions() {
		parts = append(parts, letters[a].In(lang)+" "+verbs[a].In(lang))
	}
	return strings.Join(parts, ", ")
}

// Duty is what a role does with some records, in words.
type Duty struct {
	Scopes string     // of which records
	Rights []DutyLine // what with them
}

// DutyLine is one action and what it is about, in the words people use.
type DutyLine struct {
	Action string
	What   []string
}

// Duties says the matrix's column of a role for the people who have it: what
// they may do with which records. Never is what they may not even read.
func (m Matrix) Duties(role int, lang string) (duties []Duty, never []string) {
	for _, row := range m.Rows {
		readable := false
		for _, reach := range row.Cells[role] {
			readable = readable || slices.Contains(reach.Actions, Read)
			duties = addDuty(duties, row, reach, lang)
		}
		if !readable && row.Field != "" {
			never = append(never, row.FullLabel(lang))
		}
	}
	return duties, never
}

func addDuty(duties []Duty, row MatrixRow, reach Reach, lang string) []Duty {
	scopes := scopesText(lang, reach.Scopes)
	at := slices.IndexFunc(duties, func(d Duty) bool { return d.Scopes == scopes })
	if at < 0 {
		at = len(duties)
		duties = append(duties, Duty{Scopes: scopes})
	}
	for _, a := range reach.Actions {
		duties[at].add(verbs[a].In(lang), row.FullLabel(lang))
	}
	return duties
}

func (d *Duty) add(action, what string) {
	at := slices.IndexFunc(d.Rights, func(l DutyLine) bool { return l.Action == action })
	if at < 0 {
		at = len(d.Rights)
		d.Rights = append(d.Rights, DutyLine{Action: action})
	}
	d.Rights[at].What = append(d.Rights[at].What, what)
}
