package policy

import (
	"slices"

	"passerelle/internal/bridge"
)

// contextObject is what context fields are asked for as: context.customer.
const contextObject = bridge.Object("context")

// explainContext says whether the cards of the subject's role hold a context
// field, and what it is derived from. It holds for every card.
func (p *Policy) explainContext(s Subject, action Action, t Target) Explanation {
	name := t.Field.Base()
	out := Explanation{Subject: s, Action: action, Target: t, Cause: CauseUnknown, From: p.contextInputs(name)}
	ro := p.paths[Path{s.Connection, s.Profile}]
	switch {
	case action != Read || !slices.Contains(p.contextNames(), name):
	case s.Profile == "":
		out.Cause = CauseNoProfile
	case ro == nil:
		out.Cause = CauseUnmapped
	case ro.shows(name):
		out.Cause, out.Allowed = CauseContext, true
		out.Remedy = Remedy{{Kind: HideContext, Role: ro.name, Pos: ro.pos, Action: action, Target: t}}
	default:
		out.Cause = CauseNoContext
		out.Remedy = Remedy{{Kind: ShowContext, Role: ro.name, Pos: ro.pos, Action: action, Target: t}}
	}
	out.judged = judgement{cause: out.Cause, role: ro}
	if ro != nil {
		out.Role = ro.name
	}
	if f := p.contextField(name); f != nil {
		out.Rule, out.Pos = "context/"+name, f.pos
	}
	out.Reason = out.judged.reason("en", s, action, t)
	return out
}
