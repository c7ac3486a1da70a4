package corpus

import (
	"passerelle/internal/bridge"
	"passerelle/internal/policy"
)

// told is what a CRM has told of the rights of its key, and of people's own
// users there: what is forbidden, by object or field.
type told struct {
	Key    map[string]forbids            `yaml:"key"`
	People map[string]map[string]forbids `yaml:"people"`
}

type forbids struct {
	Read   bool `yaml:"read"`
	Create bool `yaml:"create"`
	Write  bool `yaml:"write"`
	Others bool `yaml:"others"` // everything, of records that they do not own
}

// rights is what the CRMs of the cases have told; a CRM that is not among them
// has never told anything.
func (s suite) rights() map[bridge.ConnectionName]policy.Told {
	out := map[bridge.ConnectionName]policy.Told{}
	for crm, t := range s.Told {
		rights := policy.Told{Key: forbidden(t.Key), People: map[bridge.PersonID]*policy.Forbidden{}}
		for person, no := range t.People {
			rights.People[bridge.PersonID(person)] = forbidden(no)
		}
		out[bridge.ConnectionName(crm)] = rights
	}
	return out
}

func forbidden(by map[string]forbids) *policy.Forbidden {
	out := &policy.Forbidden{Objects: map[bridge.Object]policy.Forbids{}, Fields: map[bridge.FieldName]policy.Forbids{}}
	for name, no := range by {
		if field := bridge.FieldName(name); field.Base() != "" {
			out.Fields[field] = policy.Forbids(no)
		} else {
			out.Objects[bridge.Object(name)] = policy.Forbids(no)
		}
	}
	return out
}
