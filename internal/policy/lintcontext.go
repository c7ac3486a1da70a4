package policy

import "passerelle/internal/bridge"

// BareContext is a context field that says a field as it is to a role that may
// not read it.
const BareContext Check = "bare_context"

// bare finds context fields that derive nothing: what they show is the field.
func (l *linter) bare(ro *role) {
	for _, n := range l.role(ro).Child("context").Items() {
		name, _ := n.Scalar()
		f := l.policy.contextField(name)
		if f == nil {
			continue
		}
		for _, field := range f.bare {
			if class := l.policy.classOf(field); class != bridge.Public && !ro.ever[Read.index()].has(l.policy.targets.field(field)) {
				l.add(BareContext, n, "{role}", string(ro.name), "{context}", name, "{field}", string(field), "{class}", classNames[class].In(l.lang))
				break
			}
		}
	}
}
