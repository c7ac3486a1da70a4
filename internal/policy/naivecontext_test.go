package policy

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"passerelle/internal/bridge"
)

// spoken is an expression with what it obviously comes to: nil is what is not
// known, an error what cannot be said.
type spoken struct {
	text string
	eval func(naiveFacts) (any, error)
}

type naiveFacts struct {
	fields   map[bridge.FieldName]bridge.Value
	attempts int
}

var (
	errUnsaid  = errors.New("not known, or not a number")
	naiveNums  = []bridge.FieldName{"account.revenue", "account.margin", "prospect.score"}
	naiveTexts = []bridge.FieldName{"account.sector", "prospect.city"}
)

const naiveFlag = bridge.FieldName("prospect.opt_in")

// known is a field's value, nil if it has none of its type.
func (f naiveFacts) known(name bridge.FieldName) any {
	value, there := f.fields[name]
	switch {
	case slices.Contains(naiveNums, name):
		if n, err := strconv.ParseFloat(string(value), 64); err == nil && finiteEnough(n) {
			return n
		}
	case name == naiveFlag:
		if at := slices.Index([]bridge.Value{"false", "0", "true", "1"}, value); at >= 0 {
			return at >= 2
		}
	case there:
		return string(value)
	}
	return nil
}

func finiteEnough(n float64) bool { return !math.IsInf(n, 0) && !math.IsNaN(n) }

// fieldOf is the field as it is; unless is the field, or something else where it
// is not known.
func fieldOf(name bridge.FieldName) spoken {
	return spoken{string(name), func(f naiveFacts) (any, error) { return f.known(name), nil }}
}

func unless(name bridge.FieldName, other spoken) spoken {
	return spoken{fmt.Sprintf("(%s ?? %s)", name, other.text), func(f naiveFacts) (any, error) {
		if v := f.known(name); v != nil {
			return v, nil
		}
		return other.eval(f)
	}}
}

func literal(text string, value any) spoken {
	return spoken{text, func(naiveFacts) (any, error) { return value, nil }}
}

// numbers is what comes of two numbers, both of them known.
func numbers(form string, a, b spoken, of func(a, b float64) any) spoken {
	return spoken{fmt.Sprintf(form, a.text, b.text), func(f naiveFacts) (any, error) {
		x, errX := a.eval(f)
		y, errY := b.eval(f)
		if errX != nil || errY != nil || x == nil || y == nil {
			return nil, errUnsaid
		}
		out := of(x.(float64), y.(float64))
		if n, is := out.(float64); is && !finiteEnough(n) {
			return nil, errUnsaid
		}
		return out, nil
	}}
}

// either is one of two, as a condition says.
func eitherOf(is, a, b spoken) spoken {
	return spoken{fmt.Sprintf("(%s ? %s : %s)", is.text, a.text, b.text), func(f naiveFacts) (any, error) {
		v, err := is.eval(f)
		if err != nil || v == nil {
			return nil, errUnsaid
		}
		if v.(bool) {
			return a.eval(f)
		}
		return b.eval(f)
	}}
}

// joined is && or ||: the second is not asked where the first decides.
func joined(sign string, decides bool, a, b spoken) spoken {
	return spoken{fmt.Sprintf("(%s %s %s)", a.text, sign, b.text), func(f naiveFacts) (any, error) {
		x, err := a.eval(f)
		switch {
		case err != nil || x == nil:
			return nil, errUnsaid
		case x == decides:
			return decides, nil
		}
		y, err := b.eval(f)
		if err != nil || y == nil {
			return nil, errUnsaid
		}
		return y, nil
	}}
}

// mapped is what comes of one value that is known.
func mapped(form string, a spoken, of func(any) any) spoken {
	return spoken{fmt.Sprintf(form, a.text), func(f naiveFacts) (any, error) {
		v, err := a.eval(f)
		if err != nil || v == nil {
			return nil, errUnsaid
		}
		return of(v), nil
	}}
}

func equal(a, b spoken) spoken {
	return spoken{fmt.Sprintf("(%s == %s)", a.text, b.text), func(f naiveFacts) (any, error) {
		x, errX := a.eval(f)
		y, errY := b.eval(f)
		if errX != nil || errY != nil || x == nil || y == nil {
			return nil, errUnsaid
		}
		return x == y, nil
	}}
}

func drawNumber(t *rapid.T, depth int) spoken {
	kind := rapid.IntRange(0, 11).Draw(t, "number")
	if depth == 0 {
		kind %= 4
	}
	field := rapid.SampledFrom(naiveNums).Draw(t, "field")
	next := func() spoken { return drawNumber(t, depth-1) }
	switch kind {
	case 0:
		text := rapid.SampledFrom([]string{"0", "1", "7", "0.5", "100000", "1e300"}).Draw(t, "literal")
		n, _ := strconv.ParseFloat(text, 64)
		return literal(text, n)
	case 1:
		return fieldOf(field)
	case 2:
		return spoken{"lead.attempts", func(f naiveFacts) (any, error) { return float64(f.attempts), nil }}
	case 3:
		return unless(field, literal("2", 2.0))
	case 4:
		return numbers("(%s + %s)", next(), next(), func(a, b float64) any { return a + b })
	case 5:
		return numbers("(%s - %s)", next(), next(), func(a, b float64) any { return a - b })
	case 6:
		return numbers("(%s * %s)", next(), next(), func(a, b float64) any { return a * b })
	case 7:
		return numbers("(%s / %s)", next(), next(), func(a, b float64) any { return a / b })
	case 8:
		return mapped("(-%s)", next(), func(v any) any { return -v.(float64) })
	case 9:
		return mapped("floor(%s)", next(), func(v any) any { return math.Floor(v.(float64)) })
	case 10:
		return unless(field, next())
	}
	return eitherOf(drawBool(t, depth-1), next(), next())
}

func drawBool(t *rapid.T, depth int) spoken {
	kind := rapid.IntRange(0, 8).Draw(t, "bool")
	if depth == 0 {
		kind %= 3
	}
	next := func() spoken { return drawBool(t, depth-1) }
	switch kind {
	case 0:
		return fieldOf(naiveFlag)
	case 1:
		return unless(naiveFlag, literal("false", false))
	case 2:
		name := rapid.SampledFrom(slices.Concat(naiveNums, naiveTexts)).Draw(t, "field")
		return spoken{fmt.Sprintf("(%s == nil)", name), func(f naiveFacts) (any, error) { return f.known(name) == nil, nil }}
	case 3:
		return numbers("(%s > %s)", drawNumber(t, depth-1), drawNumber(t, depth-1), func(a, b float64) any { return a > b })
	case 4:
		return numbers("(%s <= %s)", drawNumber(t, depth-1), drawNumber(t, depth-1), func(a, b float64) any { return a <= b })
	case 5:
		return equal(drawText(t, depth-1), drawText(t, depth-1))
	case 6:
		return joined("&&", false, next(), next())
	case 7:
		return joined("||", true, next(), next())
	}
	return mapped("(!%s)", next(), func(v any) any { return !v.(bool) })
}

func drawText(t *rapid.T, depth int) spoken {
	kind := rapid.IntRange(0, 4).Draw(t, "text")
	if depth == 0 {
		kind %= 3
	}
	field := rapid.SampledFrom(naiveTexts).Draw(t, "field")
	switch kind {
	case 0:
		return literal(`"Lille"`, "Lille")
	case 1:
		return fieldOf(field)
	case 2:
		return unless(field, literal(`"none"`, "none"))
	case 3:
		return mapped("upper(%s)", drawText(t, depth-1), func(v any) any { return strings.ToUpper(v.(string)) })
	}
	return eitherOf(drawBool(t, depth-1), drawText(t, depth-1), drawText(t, depth-1))
}

// withheld says whether the expression reads a field that is not known, and does
// not ask anywhere whether it is.
func (s spoken) withheld(f naiveFacts) bool {
	return slices.ContainsFunc(slices.Concat(naiveNums, naiveTexts, []bridge.FieldName{naiveFlag}), func(name bridge.FieldName) bool {
		asked := strings.Contains(s.text, string(name)+" ??") || strings.Contains(s.text, string(name)+" == nil")
		return strings.Contains(s.text, string(name)) && !asked && f.known(name) == nil
	})
}

// said is what a card says of it.
func (s spoken) said(f naiveFacts) string {
	v, err := s.eval(f)
	if err != nil || s.withheld(f) {
		return ""
	}
	switch v := v.(type) {
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case float64:
		if v == 0 {
			return "0"
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return strings.TrimSpace(v)
	}
	return ""
}

// What a derived field says is what its expression obviously comes to; where
// anything of it is not known, or goes wrong, nothing.
func TestContextValuesAreThoseOfTheNaiveEvaluator(t *testing.T) {
	t.Parallel()
	value := rapid.SampledFrom([]bridge.Value{"", "0", "1", "-3", "120000", "0.25", "1e308", "NaN", "much", "true", "false", "Lille", " "})
	draws := map[ContextType]func(*rapid.T, int) spoken{ContextNumber: drawNumber, ContextBool: drawBool, ContextText: drawText}
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(contextTypes()).Draw(t, "type")
		s := draws[typ](t, 3)
		facts := naiveFacts{fields: map[bridge.FieldName]bridge.Value{}, attempts: rapid.IntRange(0, 3).Draw(t, "attempts")}
		for _, name := range slices.Concat(naiveNums, naiveTexts, []bridge.FieldName{naiveFlag}) {
			if rapid.IntRange(0, 4).Draw(t, "known") > 0 {
				facts.fields[name] = value.Draw(t, string(name))
			}
		}
		p, err := Load("policy.yaml", fmt.Appendf(nil, contextText, typ, "'"+s.text+"'"), catalog)
		if err != nil {
			t.Fatalf("%v\n%s", err, s.text)
		}
		got := p.Derive("it", Facts{facts.fields, bridge.Lead{Attempts: facts.attempts}, time.Now()})
		if want := s.said(facts); got != want {
			t.Fatalf("%s of %v: %q, want %q", s.text, facts, got, want)
		}
	})
}
