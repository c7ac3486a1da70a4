package bridge

// PersonID names a person of the company, on every connection.
type PersonID string

// Profile is what a phoning platform says a person is. Policies map profiles
// to roles.
type Profile string

// Role is what the rules say a person may do.
type Role string

// Login is how a person is known on one phoning connection.
type Login struct {
	Name    string  `json:"login"`
	Profile Profile `json:"profile"`
}

// Person is somebody who works through the bridge.
type Person struct {
	ID        PersonID                  `json:"id"`
	Name      string                    `json:"name,omitempty"`
	Team      string                    `json:"team,omitempty"`
	Territory string                    `json:"territory,omitempty"` // where they sell
	Principal string                    `json:"principal,omitempty"` // for whom they work
	Active    bool                      `json:"active"`
	Zone      string                    `json:"zone,omitempty"`    // IANA; "" is the connection's
	CRM       map[ConnectionName]string `json:"crm,omitempty"`     // their user id in each CRM
	Phoning   map[ConnectionName]Login  `json:"phoning,omitempty"` // their login and profile on each platform
}

// Actor is a person acting through one connection: what a command is decided by.
// The zero Person with Operator set is the operator of the machine, who may
// maintain but never propose, validate or read a field.
type Actor struct {
	Person     Person
	Connection ConnectionName
	Operator   bool
}

// Profile is the actor's profile on the connection they come through, "" if
// they have none there.
func (a Actor) Profile() Profile { return a.Person.Phoning[a.Connection].Profile }

// Name is the actor's id as the ledger writes it.
func (a Actor) Name() string {
	if a.Operator {
		return "operator"
	}
	return string(a.Person.ID)
}
