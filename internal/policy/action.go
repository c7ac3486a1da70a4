package policy

// Action is what somebody wants to do with a field or an object.
type Action string

// The actions.
const (
	Read    Action = "read"
	Create  Action = "create"
	Write   Action = "write"
	Propose Action = "propose" // a change that waits for a supervisor
	Delete  Action = "delete"
	Export  Action = "export"
)

// Actions lists them all.
func Actions() []Action { return []Action{Read, Create, Write, Propose, Delete, Export} }

const actionCount = 6

// index is the action's place in a table, -1 if there is no such action.
func (a Action) index() int {
	switch a {
	case Read:
		return 0
	case Create:
		return 1
	case Write:
		return 2
	case Propose:
		return 3
	case Delete:
		return 4
	case Export:
		return 5
	}
	return -1
}

// impliesVerb says whether the action on one field gives it on the object: who
// may see a field may open the record. Writing a field must not: commands such
// as validating an appointment hang on the object's verb.
func (a Action) impliesVerb() bool { return a == Read || a == Create || a == Export }
