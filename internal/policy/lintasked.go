package policy

import (
	"slices"

	"passerelle/internal/bridge"
)

// ownedFromCRM are the objects whose owner is the prospect's, as its CRM tells
// it. Activities and appointments belong to whom they are by.
var ownedFromCRM = []bridge.Object{bridge.ProspectObj, bridge.Account, bridge.Contact, bridge.Opportunity}

// asked finds what hangs on a field that nobody may read: such a field is not
// even asked of the CRM, so the bridge does not know it either.
func (l *linter) asked() {
	if !l.readable(bridge.FieldOwner) {
		for _, ro := range l.policy.roles {
			l.ownGrants(ro)
		}
		l.ranks()
		l.sharedBy()
	}
	calls := func(ro *role) bool { return ro.can(l.policy.targets, Create, bridge.Activity) }
	if slices.ContainsFunc(l.policy.roles, calls) && !l.readable(bridge.FieldDoNotCall) {
		l.add(UnseenOpposition, l.roles)
	}
}

// readable says whether some profile may read the field of some record.
func (l *linter) readable(name bridge.FieldName) bool {
	return slices.Contains(l.policy.NeededOf(l.policy.Paths()...), name)
}

func (l *linter) ownGrants(ro *role) {
	for _, r := range ro.rules {
		if !r.deny && r.scope == Own && slices.Contains(ownedFromCRM, r.object) {
			l.add(UnseenOwner, l.rule(ro, r), "{name}", r.name)
		}
	}
}

// ranks finds the roles that stand above others, if rank gives them anything.
func (l *linter) ranks() {
	for _, ro := range l.policy.roles {
		reaches := func(o bridge.Object) bool { return ro.can(l.policy.targets, Read, o) }
		if ro.leads(l.policy) && slices.ContainsFunc(ownedFromCRM, reaches) {
			l.add(UnseenOwner, l.role(ro), "{name}", string(ro.name))
		}
	}
}

func (l *linter) sharedBy() {
	for i, s := range l.policy.sharing {
		if s.from.role != nil && slices.Contains(ownedFromCRM, s.object) {
			l.add(UnseenOwner, l.sharing[i], "{name}", s.name)
		}
	}
}
