package governance

import (
	"context"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/policy"
	"passerelle/internal/store"
)

// CRMRights is what a CRM told last of its records and of who may do what with
// them. It is kept, so that a CRM which is down opens and closes nothing.
type CRMRights struct {
	At        time.Time                   `json:"at"`
	Catalogue connector.Catalogue         `json:"catalogue"`
	Key       connector.Rights            `json:"key"`
	Users     map[string]connector.Rights `json:"users,omitempty"` // by their id in the CRM
}

var crmRights = store.NewTable[CRMRights]("governance.crm_rights")

// KeepRights keeps what a CRM told of its rights. Users that it did not tell of
// this time keep what was told of them before.
func KeepRights(ctx context.Context, s *store.Store, crm bridge.ConnectionName, told CRMRights) error {
	return s.Commit(ctx, func(tx *store.Tx) error {
		before, _, err := crmRights.Get(tx, string(crm))
		if err != nil {
			return err
		}
		fresh := told
		fresh.Users = map[string]connector.Rights{}
		for _, users := range []map[string]connector.Rights{before.Users, told.Users} {
			for id, r := range users {
				fresh.Users[id] = r
			}
		}
		return crmRights.Put(tx, string(crm), fresh)
	})
}

// RightsOf is what a CRM told last; false if it never has.
func RightsOf(tx *store.Tx, crm bridge.ConnectionName) (CRMRights, bool, error) {
	return crmRights.Get(tx, string(crm))
}

// Told puts what a CRM told into the bridge's own words, for the people who have
// a user there.
func (r CRMRights) Told(crm bridge.ConnectionName, fields connector.FieldMap, people []bridge.Person) policy.Told {
	key := r.forbidden(r.Key, fields, true)
	out := policy.Told{Key: &key, People: map[bridge.PersonID]*policy.Forbidden{}}
	for _, p := range people {
		user, has := p.CRM[crm]
		if !has {
			continue
		}
		out.People[p.ID] = nil
		if rights, told := r.Users[user]; told {
			theirs := r.forbidden(rights, fields, false)
			out.People[p.ID] = &theirs
		}
	}
	return out
}

// forbidden is what the rights do not reach. Of what several kinds of records
// serve, it is what none of them lets do. What a key is shown only of its own
// records is all that it is ever shown.
func (r CRMRights) forbidden(rights connector.Rights, fields connector.FieldMap, key bool) policy.Forbidden {
	out := policy.Forbidden{Objects: map[bridge.Object]policy.Forbids{}, Fields: map[bridge.FieldName]policy.Forbids{}}
	if rights.Admin {
		return out
	}
	for _, o := range r.Catalogue.Objects {
		of, told := rights.Objects[o.Name]
		if o.Object == "" || !told {
			continue
		}
		no := policy.Forbids{Read: of.Read == connector.No, Create: of.Create == connector.No, Write: of.Write == connector.No, Others: of.OwnOnly && !key}
		if before, met := out.Objects[o.Object]; met {
			no = policy.Forbids{Read: no.Read && before.Read, Create: no.Create && before.Create, Write: no.Write && before.Write, Others: no.Others && before.Others}
		}
		out.Objects[o.Object] = no
	}
	for _, name := range fields.Names() {
		if o, _, known := r.Catalogue.Field(fields[name]); known {
			f := rights.OnField(o.Name, fields[name])
			out.Fields[name] = policy.Forbids{Read: f.Read == connector.No, Create: f.Write == connector.No, Write: f.Write == connector.No}
		}
	}
	return out
}

// Could counts the fields that the key may read, and write: those of records that
// serve the bridge's.
func (r CRMRights) Could() (read, write int) {
	for _, o := range r.Catalogue.Objects {
		if o.Object == "" || o.Object == bridge.Activity || o.Object == bridge.Appointment {
			continue
		}
		for _, f := range o.Fields {
			may := r.Key.OnField(o.Name, f.Name)
			if r.Key.Admin || may.Read != connector.No {
				read++
			}
			if r.Key.Admin || may.Write == connector.Yes {
				write++
			}
		}
	}
	return read, write
}
