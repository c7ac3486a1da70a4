package policy

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"

	"passerelle/internal/bridge"
)

// The names that expressions know beside the objects whose fields they read.
const (
	leadName  = "lead"
	todayName = "today"
)

// contextObjects are those whose fields lie with a prospect.
var contextObjects = []bridge.Object{bridge.ProspectObj, bridge.Account, bridge.Contact, bridge.Opportunity}

// leadPartNames are what of a lead expressions may read.
func leadPartNames() []string { return slices.Sorted(maps.Keys(leadParts)) }

var leadParts = types.Map{
	"attempts": types.Int, "state": types.String, "last_disposition": types.String, "last_call": types.TypeOf(time.Time{}),
}

// contextFunctions are what of the library's functions expressions may call:
// none that tells the time, counts things out or builds long texts.
var contextFunctions = []string{"abs", "ceil", "floor", "round", "min", "max", "len", "lower", "upper", "trim"}

// contextNodes bounds an expression's length, and so what it costs: there are no
// loops.
const contextNodes = 200

// compile makes the program of a context field.
func (f *contextField) compile(catalog bridge.Catalog) error {
	r := &reader{catalog: catalog, loose: map[*ast.IdentifierNode]bool{}, nils: map[*ast.NilNode]bool{}}
	options := []expr.Option{
		expr.Env(environmentTypes(catalog)), expr.Patch(r), expr.Patch(guards{r}), expr.MaxNodes(contextNodes), expr.DisableAllBuiltins(),
		expr.Optimize(false), // it lays out ranges before they are refused
		expr.Function("days", wholeDays, func(time.Time, time.Time) int { return 0 }), resultOf[f.typ],
	}
	options = append(options, guardFunctions()...)
	for _, name := range contextFunctions {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(f.text, options...)
	if why := r.misfit(); why != nil {
		return why // the library's words for it would be about something else
	}
	if err != nil {
		if wrong, ok := errors.AsType[*file.Error](err); ok {
			return &misfit{wrong.From, f.complain(wrong.Message)}
		}
		return &misfit{0, f.complain(err.Error())}
	}
	f.program = program
	f.inputs, f.optional, f.lead = r.inputs, r.optional, r.lead
	slices.Sort(f.inputs)
	f.bare = r.bare(program.Node())
	return nil
}

var resultOf = map[ContextType]expr.Option{ContextBool: expr.AsBool(), ContextNumber: expr.AsFloat64(), ContextText: expr.AsKind(reflect.String)}

// wholeDays is the number of whole days from one moment to another.
func wholeDays(params ...any) (any, error) {
	from, to := params[0].(time.Time), params[1].(time.Time)
	return int(to.Sub(from).Hours() / 24), nil
}

func environmentTypes(catalog bridge.Catalog) types.Map {
	env := types.Map{todayName: types.TypeOf(time.Time{}), leadName: leadParts}
	for _, object := range contextObjects {
		env[string(object)] = types.Map{}
	}
	for _, name := range catalog.Names() {
		if fields, ok := env[string(name.Object())].(types.Map); ok {
			def, _ := catalog.Def(name)
			fields[name.Base()] = typeOf(def.Type)
		}
	}
	return env
}

func typeOf(typ bridge.FieldType) types.Type {
	switch typ {
	case bridge.Integer, bridge.Decimal:
		return types.Float64
	case bridge.Boolean:
		return types.Bool
	case bridge.Date, bridge.DateTime:
		return types.TypeOf(time.Time{})
	}
	return types.String
}

// reader walks an expression before it is compiled: it notes what is read, and
// what is not of the language.
type reader struct {
	catalog  bridge.Catalog
	inputs   []bridge.FieldName
	lead     []string
	optional []string
	loose    map[*ast.IdentifierNode]bool // objects that are not, or not yet, asked for a field
	nils     map[*ast.NilNode]bool        // that nothing is, or not yet, compared with
	wrong    *misfit
}

var (
	membersForm  = phrase{"name one field after the object, as in account.revenue", "nommez un champ après l'objet, comme account.revenue"}
	noFunction   = phrase{"there is no {name} here; there are days, {functions}", "il n'y a pas de {name} ici ; il y a days, {functions}"}
	anyFunction  = phrase{"such function", "fonction de ce nom"}
	tooMuch      = phrase{"this is more than expressions here may do: compare and count fields, with ?: where there are cases", "c'est plus que ce que les expressions peuvent faire ici : comparez et comptez des champs, avec ?: s'il y a plusieurs cas"}
	notBeside    = phrase{"no such fields lie with a prospect; there are those of {objects} and {lead}", "pas de tels champs avec un prospect ; il y a ceux de {objects} et {lead}"}
	noNil        = phrase{"nil is no value: only ask whether a field is known, as in account.revenue == nil", "nil n'est pas une valeur : demandez seulement si un champ est connu, comme account.revenue == nil"}
	noRanges     = phrase{"there are no ranges here: compare twice, as in account.revenue > 1000 and account.revenue < 5000", "il n'y a pas d'intervalles ici : comparez deux fois, comme account.revenue > 1000 and account.revenue < 5000"}
	plainPattern = phrase{"write the pattern as a text in quotes", "écrivez le motif comme un texte entre guillemets"}
)

// misfit is the first thing that is not of the language, nil if there is none.
func (r *reader) misfit() error {
	for node := range r.loose {
		r.refuse(node, membersForm)
	}
	for node := range r.nils {
		r.refuse(node, noNil)
	}
	if r.wrong == nil {
		return nil
	}
	return r.wrong
}

func (r *reader) refuse(node ast.Node, what phrase) {
	if at := node.Location().From; r.wrong == nil || at < r.wrong.at {
		r.wrong = &misfit{at, what}
	}
}

// Visit is called of every node, after those that it is made of.
func (r *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.NilNode:
		r.nils[n] = true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.UnaryNode, *ast.ConditionalNode, *ast.ArrayNode, *ast.ConstantNode, *ast.ChainNode:
	case *ast.IdentifierNode:
		if n.Value == leadName || slices.Contains(contextObjects, bridge.Object(n.Value)) || n.Value == "$env" {
			r.loose[n] = true
		}
	case *ast.MemberNode:
		r.member(n)
	case *ast.BinaryNode:
		r.binary(n)
	case *ast.BuiltinNode:
		if !slices.Contains(contextFunctions, n.Name) {
			r.refuse(n, noFunction.With("{name}", n.Name, "{functions}", list(contextFunctions)))
		}
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); !ok || callee.Value != "days" {
			r.refuse(n, noFunction.With("{name}", anyFunction, "{functions}", list(contextFunctions)))
		}
	default:
		r.refuse(n, tooMuch)
	}
}

func (r *reader) member(n *ast.MemberNode) {
	object, known := n.Node.(*ast.IdentifierNode)
	property, named := n.Property.(*ast.StringNode)
	if known && !r.loose[object] {
		r.refuse(n, notBeside.With("{objects}", list(contextObjects), "{lead}", leadName))
		return
	}
	if !known || !named || object.Value == "$env" {
		r.refuse(n, membersForm)
		return
	}
	delete(r.loose, object)
	if object.Value == leadName {
		r.lead = append(r.lead, property.Value)
		return
	}
	name := bridge.FieldName(object.Value + "." + property.Value)
	if _, ok := r.catalog.Def(name); !ok {
		r.refuse(n, notKnown.With("{name}", name, "{example}", (&targets{catalog: r.catalog, names: r.catalog.Names()}).example(name.Object())))
	} else if !slices.Contains(r.inputs, name) {
		r.inputs = append(r.inputs, name)
	}
}

// binary notes what an expression asks of whether it is known.
func (r *reader) binary(n *ast.BinaryNode) {
	_, literal := n.Right.(*ast.StringNode)
	switch {
	case n.Operator == "..":
		r.refuse(n, noRanges)
	case n.Operator == "matches" && !literal:
		r.refuse(n, plainPattern)
	}
	if asked := askedBy(n); asked != nil {
		if name := memberOf(*asked); name != "" {
			r.optional = append(r.optional, name)
		}
		for _, side := range []ast.Node{n.Left, n.Right} {
			if literal, is := side.(*ast.NilNode); is && n.Operator != "??" {
				delete(r.nils, literal)
			}
		}
	}
}

// askedBy is the side of which a node asks whether it is known, nil if it does
// not ask.
func askedBy(n *ast.BinaryNode) *ast.Node {
	_, leftNil := n.Left.(*ast.NilNode)
	_, rightNil := n.Right.(*ast.NilNode)
	switch compared := n.Operator == "==" || n.Operator == "!="; {
	case n.Operator == "??" || compared && rightNil:
		return &n.Left
	case compared && leftNil:
		return &n.Right
	}
	return nil
}

// memberOf is the field, or part of the lead, that a node is; "" if it is none.
func memberOf(node ast.Node) string {
	if chain, ok := node.(*ast.ChainNode); ok {
		node = chain.Node
	}
	m, ok := node.(*ast.MemberNode)
	if !ok {
		return ""
	}
	object, known := m.Node.(*ast.IdentifierNode)
	property, named := m.Property.(*ast.StringNode)
	if !known || !named {
		return ""
	}
	return object.Value + "." + property.Value
}

// bare are the fields that an expression may say as they are, case or sign of
// the number aside.
func (r *reader) bare(node ast.Node) []bridge.FieldName {
	switch n := node.(type) {
	case *ast.MemberNode, *ast.ChainNode:
		if name := bridge.FieldName(memberOf(n)); slices.Contains(r.inputs, name) {
			return []bridge.FieldName{name}
		}
	case *ast.ConditionalNode:
		return append(r.bare(n.Exp1), r.bare(n.Exp2)...)
	case *ast.UnaryNode:
		return r.bare(n.Node)
	case *ast.CallNode:
		if within := guarded(n); within != nil {
			return r.bare(within)
		}
	case *ast.BuiltinNode:
		if n.Name != "len" && len(n.Arguments) == 1 {
			return r.bare(n.Arguments[0])
		}
	case *ast.BinaryNode:
		if n.Operator == "??" || n.Operator == "+" {
			return append(r.bare(n.Left), r.bare(n.Right)...)
		}
	}
	return nil
}
