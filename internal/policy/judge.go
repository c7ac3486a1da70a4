package policy

import (
	"passerelle/internal/bilingual"
	"passerelle/internal/bridge"
)

// Cause is why a decision is what it is.
type Cause string

// The causes.
const (
	CauseGrant     Cause = "grant"      // a grant covers it in a scope that holds, and no deny does
	CauseDeny      Cause = "deny"       // a deny covers it
	CauseScope     Cause = "scope"      // grants cover it, in scopes that the record is not in
	CauseNoGrant   Cause = "no_grant"   // no grant of the role covers it
	CauseUnmapped  Cause = "unmapped"   // the policy maps the profile to no role
	CauseNoProfile Cause = "no_profile" // the subject has no profile on the connection
	CauseUnknown   Cause = "unknown"    // no such field in the catalog, no such object or action
	CauseWindow    Cause = "window"     // it is granted, but not at this time or from this address
	CauseContext   Cause = "context"    // the role's cards hold the context field
	CauseNoContext Cause = "no_context" // they do not
	CauseCRM       Cause = "crm"        // it is granted, but the CRM's own rights do not reach so far
	CauseNoField   Cause = "no_field"   // the action is not done to single fields
)

// judgement is a decision before it is put into words.
type judgement struct {
	cause Cause
	role  *role
	rule  *rule    // that decided; of CauseScope: one that would have
	wide  bool     // of CauseGrant: the record is opened beyond the rule's scope
	crm   overhead // of CauseCRM
}

// scope is that of the rule that decided, "" if none did.
func (j judgement) scope() Scope {
	if j.rule == nil {
		return ""
	}
	return j.rule.scope
}

// judge decides by the rules as written, one by one. It comes to what the
// compiled rows say, and knows why.
func (p *Policy) judge(s Subject, action Action, t Target, r Record) judgement {
	bit, a := p.targets.bit(t), action.index()
	if bit < 0 || a < 0 {
		return judgement{cause: CauseUnknown}
	}
	if action == Delete && t.Field != "" {
		return judgement{cause: CauseNoField}
	}
	role, mapped := p.paths[Path{s.Connection, s.Profile}]
	switch {
	case s.Profile == "":
		return judgement{cause: CauseNoProfile}
	case !mapped:
		return judgement{cause: CauseUnmapped}
	}
	out := role.judge(p.targets, a, bit, p.extent(role, s, r))
	if over, beyond := p.overheadOf(&s, &r, a, bit); beyond && out.cause == CauseGrant {
		out.cause, out.crm = CauseCRM, over
	}
	return out
}

// judge decides for a record by the role's rules. A grant whose scope holds by
// itself is named before one that holds because the record is opened.
func (ro *role) judge(t *targets, a, bit int, e extent) judgement {
	out := judgement{cause: CauseNoGrant, role: ro}
	for _, rule := range ro.rules {
		switch {
		case !rule.covers[a].has(bit):
		case rule.deny:
			return judgement{cause: CauseDeny, role: ro, rule: rule}
		case e.set&rule.scope.bit() != 0:
			return judgement{cause: CauseGrant, role: ro, rule: rule}
		case out.rule == nil:
			out.cause, out.rule = CauseScope, rule
		}
	}
	if out.rule != nil && e.wide.permits(a, int(t.places[bit])) {
		out.cause, out.wide = CauseGrant, true
	}
	return out
}

func (p *Policy) verdict(s Subject, action Action, t Target, r Record) Verdict {
	j := p.judge(s, action, t, r)
	out := Verdict{Allowed: j.cause == CauseGrant, Reason: "granted"}
	if j.role != nil {
		out.Role = j.role.name
	}
	if j.rule != nil {
		out.Rule, out.Pos = j.rule.name, j.rule.pos
	}
	if j.wide {
		out.Opened = p.opener(asker{j.role, s.Team}, p.belongs(r), scopesOf(&s, &r), action.index(), t.Object)
	}
	if !out.Allowed {
		out.Why = bilingual.Each(func(lang string) string { return j.reason(lang, s, action, t) })
		out.Reason = out.Why.In("en")
	}
	return out
}

// refusal is the refusal of a field that may be neither written nor proposed.
func (p *Policy) refusal(s Subject, r Record, name bridge.FieldName) bridge.Refusal {
	t := OnField(name)
	verdict := p.verdict(s, Write, t, r)
	out := bridge.Refusal{Field: name, Reason: verdict.Reason, French: verdict.Why.In("fr"), Rule: verdict.Where()}
	switch remedy := p.remedyOfRefusal(s, r, t); {
	case len(remedy) > 0:
		out.Remedy = remedy.Text("en")
	case p.targets.field(name) < 0:
		out.Remedy = mapField.In("en")
	default:
		if over, beyond := p.overheadOf(&s, &r, Write.index(), p.targets.field(name)); beyond {
			out.Remedy = over.help("en")
		}
	}
	return out
}

// remedyOfRefusal is what would let the field through: to be proposed, unless
// less is needed to let it be written.
func (p *Policy) remedyOfRefusal(s Subject, r Record, t Target) Remedy {
	write, propose := p.remedy(s, Write, t, r), p.remedy(s, Propose, t, r)
	if len(propose) == 0 || len(write) > 0 && len(write) < len(propose) {
		return write
	}
	return propose
}
