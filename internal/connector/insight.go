package connector

import (
	"context"
	"time"

	"passerelle/internal/bridge"
)

// May is what a CRM tells about a right.
type May string

// The answers.
const (
	Untold May = "" // it does not tell: ask for it and see
	Yes    May = "yes"
	No     May = "no"
)

// Cataloguer tells what a CRM holds, as the connection's key is shown it.
type Cataloguer interface {
	Catalogue(ctx context.Context) (Catalogue, error)
}

// Catalogue is what a CRM holds, in its own words.
type Catalogue struct {
	System  string    // name and version: "Dolibarr 22.0.4"
	Key     User      // whom the connection's credentials belong to; zero where it does not tell
	Zone    string    // IANA: how its naive times are meant; "" where it does not tell
	Clock   time.Time // its own, at the answer; zero where it does not tell
	Objects []VendorObject
	Users   bool     // the key may list people
	Silent  []string // what it does not tell, each in words for the integrator
}

// Field finds a field by the name that a mapping gives it: first of an object
// that holds prospects, then of one that serves another of ours.
func (c Catalogue) Field(name string) (object VendorObject, field VendorField, ok bool) {
	wanted := []func(of bridge.Object) bool{
		func(of bridge.Object) bool { return of == bridge.ProspectObj },
		func(of bridge.Object) bool { return of != bridge.ProspectObj && of != "" },
		func(of bridge.Object) bool { return of == "" },
	}
	for _, fits := range wanted {
		for _, o := range c.Objects {
			for _, f := range o.Fields {
				if f.Name == name && fits(o.Object) {
					return o, f, true
				}
			}
		}
	}
	return object, field, false
}

// VendorObject is a kind of record of a CRM.
type VendorObject struct {
	Name   string        // the vendor's: "Leads", "thirdparties"
	Object bridge.Object // which of ours its records serve; "" for none
	Staff  bool          // users and teams, which people are listed from
	Fields []VendorField
}

// VendorField is a field of a CRM as its own description has it.
type VendorField struct {
	Name      string // as a connection's `fields` spell it
	Label     string
	Type      bridge.FieldType
	Mandatory bool
	Closed    bool     // only Choices may be written
	Choices   []Choice // of a picklist, in the CRM's order
}

// Choice is a value of a picklist.
type Choice struct {
	Value string // as it is written
	Label string
}

// Namer tells which things of the CRM a connection's own settings name, without
// asking it, so that those that are not there can be pointed out. The mapped
// fields are known without it.
type Namer interface {
	Names() []Named
}

// Named is one thing that a setting names: a field, a value of its picklist, or
// a user.
type Named struct {
	Setting string // where it stands: "statuses.interested"
	Object  string // the vendor's name of the field's object
	Field   string // of it; "" for a user
	Value   string // a choice of the field; "" where the field alone is named
	User    string // an id
}

// RightsTeller tells what somebody may do in a CRM.
type RightsTeller interface {
	// Rights answers what a user of the CRM may do; "" is whom the connection's
	// key belongs to. Somebody whom the CRM does not tell of is rejected.
	Rights(ctx context.Context, user string) (Rights, error)
}

// Rights are what somebody may do in a CRM, by the vendor's object names.
type Rights struct {
	Admin   bool // everything, whatever Objects say
	Objects map[string]ObjectRights
}

// OnField is what the rights say of a field.
func (r Rights) OnField(object, field string) FieldRights {
	of, told := r.Objects[object]
	if !told || of.Fields == nil {
		return FieldRights{Read: of.Read, Write: of.Write}
	}
	f, shown := of.Fields[field]
	if !shown {
		return FieldRights{Read: No, Write: No}
	}
	return f
}

// ObjectRights are those on the records of one kind.
type ObjectRights struct {
	Read, Create, Write, Delete May
	OwnOnly                     bool // of records that the user owns or stands for
	// Fields are the rights on single fields, by the vendor's names; nil where
	// the CRM knows none: the object's then hold for all. With some told, a field
	// that is not among them is hidden.
	Fields map[string]FieldRights
}

// FieldRights are those on one field.
type FieldRights struct{ Read, Write May }

// PeopleLister tells who works in a CRM.
type PeopleLister interface {
	People(ctx context.Context) (People, error)
}

// People are the users and teams of a CRM.
type People struct {
	Users []User
	Teams []Team
}

// User is somebody who works in a CRM.
type User struct {
	ID     string
	Login  string
	Name   string
	Email  string
	Active bool
	Admin  bool
	Roles  []string // the CRM's own roles or profiles, by name
	Teams  []string // ids
}

// Team is a group of users of a CRM.
type Team struct{ ID, Name string }

// Diary tells when a salesperson is taken.
type Diary interface {
	// Busy answers which appointments of a user overlap the time from one moment
	// to another, whole, in order of their beginnings. One that ends when the time
	// begins does not; one that is cancelled does not.
	Busy(ctx context.Context, user string, from, to time.Time) ([]Busy, error)
}

// Busy is a span of time that is taken. It says no more: what it is taken by is
// not the caller's.
type Busy struct {
	From, To   time.Time
	ExternalID string // of the appointment, to know our own by
}

// Held is an appointment of ours as the CRM holds it now.
type Held struct {
	Present   bool        // false: somebody deleted it
	Unseen    bool        // it may stand, but cannot be seen or read: the rest says nothing
	Cancelled bool        // it is there, marked as not to take place
	Slot      bridge.Slot // UTC and Minutes
	CRMUser   string      // whose it is
	Modified  time.Time   // zero where the CRM does not tell
}

// Calendar shows what became of appointments. What others change of a prospect
// (its owner, that it is not to be called) comes with the next Pull instead.
type Calendar interface {
	// Appointments answers each of the given ones as the CRM holds it, in order.
	// They are known by their ExternalID, or where that is missing by ours. As few
	// requests as the CRM allows: many are asked for at once. One that cannot be
	// seen is Unseen, and hides no other.
	Appointments(ctx context.Context, known []bridge.Meeting) ([]Held, error)
}

// Remover takes away what a probe has made.
type Remover interface {
	// Remove deletes a record that the bridge made by a write of the kind (a call,
	// an appointment), by its id in the CRM. One that is not there is no error; one
	// that does not bear an id of ours is rejected and stays.
	Remove(ctx context.Context, kind bridge.WriteKind, externalID string) error
}
