package policy

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm"

	"passerelle/internal/bridge"
)

// ContextType is what a context field of the policy's own says.
type ContextType string

// The types of context fields.
const (
	ContextText   ContextType = "text"
	ContextNumber ContextType = "number"
	ContextBool   ContextType = "bool" // yes or no
)

func contextTypes() []ContextType { return []ContextType{ContextText, ContextNumber, ContextBool} }

// contextField is a field that the policy derives by an expression.
type contextField struct {
	name     string
	pos      Pos
	typ      ContextType
	label    phrase
	text     string
	program  *vm.Program
	inputs   []bridge.FieldName // in alphabetical order
	optional []string           // what it asks of whether it is known: fields and parts of the lead
	lead     []string           // parts of the lead that it asks
	bare     []bridge.FieldName // inputs that it may say as they are
}

// ContextField is a context field as the matrix tells it.
type ContextField struct {
	Name string             `json:"name"`
	EN   string             `json:"en"`
	FR   string             `json:"fr"`
	Type ContextType        `json:"type"`
	From []bridge.FieldName `json:"from"` // fields that it is derived from
	Expr string             `json:"expr"`
}

// Label is what people call the field.
func (f ContextField) Label(lang string) string { return phrase{f.EN, f.FR}.In(lang) }

// OwnContext lists the context fields that the policy defines, by name.
func (p *Policy) OwnContext() []ContextField {
	out := make([]ContextField, len(p.context))
	for i, f := range p.context {
		out[i] = ContextField{f.name, f.label[0], f.label[1], f.typ, slices.Clone(f.inputs), f.text}
	}
	return out
}

func (p *Policy) contextField(name string) *contextField {
	at := slices.IndexFunc(p.context, func(f *contextField) bool { return f.name == name })
	if at < 0 {
		return nil
	}
	return p.context[at]
}

// contextNames are all that a role may show.
func (p *Policy) contextNames() []string {
	out := ContextFields()
	for _, f := range p.context {
		out = append(out, f.name)
	}
	return out
}

// contextInputs are the fields that a context field is derived from.
func (p *Policy) contextInputs(name string) []bridge.FieldName {
	if f := p.contextField(name); f != nil {
		return f.inputs
	}
	if name == ContextCustomer {
		return []bridge.FieldName{bridge.FieldStatus}
	}
	return nil
}

// asked are the fields that the role's cards are derived from, which are asked
// of a CRM though it may not read them.
func (ro *role) asked(p *Policy) mask {
	out := p.targets.empty()
	for _, name := range ro.context {
		for _, input := range p.contextInputs(name) {
			if bit := p.targets.field(input); bit >= 0 {
				out.set(bit)
			}
		}
	}
	return out
}

// Facts are what context fields are derived from.
type Facts struct {
	Fields map[bridge.FieldName]bridge.Value // of the prospect, as the CRM has them
	Lead   bridge.Lead
	Today  time.Time // its date counts, where it is
}

// Derive is the value of a context field that the policy defines; "" if one of
// the fields behind it is not known, or the expression fails on them. It costs
// what its expression does, which is bounded.
func (p *Policy) Derive(name string, facts Facts) string {
	f := p.contextField(name)
	if f == nil {
		return ""
	}
	env, known := f.environment(p.targets.catalog, facts)
	if !known {
		return ""
	}
	machine := vm.VM{MemoryBudget: contextMemory}
	out, err := machine.Run(f.program, env)
	if err != nil {
		return ""
	}
	return told(f.typ, out)
}

// contextMemory bounds what an expression may build: it has nothing to build.
const contextMemory = 10_000

// told is a context field's value as cards show it, "" for one that is not of
// its type.
func told(typ ContextType, value any) string {
	switch v := value.(type) {
	case bool:
		if typ == ContextBool {
			return map[bool]string{true: "yes", false: "no"}[v]
		}
	case string:
		if typ == ContextText {
			return strings.TrimSpace(v)
		}
	case float64:
		if typ == ContextNumber && !math.IsInf(v, 0) && !math.IsNaN(v) {
			if v == 0 {
				v = 0 // and not -0
			}
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return ""
}

// environment holds what the expression reads and nothing else; false if
// something of it is not known and the expression does not ask whether it is.
func (f *contextField) environment(catalog bridge.Catalog, facts Facts) (map[string]any, bool) {
	env := map[string]any{todayName: dateOf(facts.Today)}
	for _, name := range f.inputs {
		def, _ := catalog.Def(name)
		value, there := facts.Fields[name]
		typed := typedValue(def.Type, value, there)
		if typed == nil && !slices.Contains(f.optional, string(name)) {
			return nil, false
		}
		part, _ := env[string(name.Object())].(map[string]any)
		if part == nil {
			part = map[string]any{}
			env[string(name.Object())] = part
		}
		part[name.Base()] = typed
	}
	if len(f.lead) == 0 {
		return env, true
	}
	lead := map[string]any{"attempts": facts.Lead.Attempts, "state": string(facts.Lead.State), "last_disposition": string(facts.Lead.Last), "last_call": nil}
	if !facts.Lead.LastAt.IsZero() {
		lead["last_call"] = facts.Lead.LastAt.UTC()
	}
	env[leadName] = lead
	unknown := func(part string) bool { return lead[part] == nil && !slices.Contains(f.optional, leadName+"."+part) }
	return env, !slices.ContainsFunc(f.lead, unknown)
}

func dateOf(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
}

// typedValue is a field's value as expressions see it, nil if it is not known.
// An empty text that is there is one.
func typedValue(typ bridge.FieldType, value bridge.Value, there bool) any {
	text := string(value)
	switch typ {
	case bridge.Integer, bridge.Decimal:
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return n
		}
	case bridge.Boolean:
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case bridge.Date:
		if at, err := time.Parse(time.DateOnly, text); err == nil {
			return at
		}
	case bridge.DateTime:
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at
		}
	default:
		if there {
			return text
		}
	}
	return nil
}
