package policy

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// Functions that guard an expression, and that expressions themselves may not
// call.
const (
	finiteName = "finite"      // of a number
	eitherName = "finiteOrNot" // of what may be a number
	knownName  = "known"
)

// guardNames are those that have one value, which they answer.
var guardNames = []string{finiteName, eitherName, knownName}

var (
	errNotFinite = errors.New("it is no number: something is divided by nothing, or too large")
	errNotKnown  = errors.New("a field that it needs is not known")
)

func guardFunctions() []expr.Option {
	return []expr.Option{
		expr.Function(finiteName, finiteNumber, func(float64) float64 { return 0 }),
		expr.Function(eitherName, finiteNumber, func(any) any { return nil }),
		expr.Function(knownName, knownValue, func(float64) float64 { return 0 }, func(string) string { return "" },
			func(bool) bool { return false }, func(time.Time) time.Time { return time.Time{} }, func(int) int { return 0 }),
	}
}

func finiteNumber(params ...any) (any, error) {
	if n, ok := params[0].(float64); ok && (math.IsInf(n, 0) || math.IsNaN(n)) {
		return nil, errNotFinite
	}
	return params[0], nil
}

func knownValue(params ...any) (any, error) {
	if params[0] == nil {
		return nil, errNotKnown
	}
	return params[0], nil
}

// guards make an expression fail, and so say nothing, before something makes an
// answer of what is none: of arithmetic that goes wrong, and of a field that is
// not known where it is not asked whether it is. What is never asked that is
// looked at before the expression is run.
type guards struct{ *reader }

// Visit is called of every node whose type is known, after those that it is made
// of.
func (g guards) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		if slices.Contains(g.optional, memberOf(n)) {
			guard(node, knownName)
		}
	case *ast.BinaryNode:
		if asked := askedBy(n); asked != nil {
			if chain, is := (*asked).(*ast.ChainNode); is {
				asked = &chain.Node
			}
			if within := guarded(*asked); within != nil {
				*asked = within
			}
		}
		if !slices.Contains([]string{"+", "-", "*", "/", "**", "^"}, n.Operator) {
			return
		}
		switch {
		case n.Type() == reflect.TypeFor[float64]():
			guard(node, finiteName)
		case n.Type().Kind() == reflect.Interface: // of two types
			guard(node, eitherName)
		}
	}
}

func guard(node *ast.Node, name string) {
	ast.Patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: []ast.Node{*node}})
}

// guarded is what a guard is around; nil if the node is no guard.
func guarded(node ast.Node) ast.Node {
	call, is := node.(*ast.CallNode)
	if !is {
		return nil
	}
	if callee, named := call.Callee.(*ast.IdentifierNode); named && slices.Contains(guardNames, callee.Value) {
		return call.Arguments[0]
	}
	return nil
}
