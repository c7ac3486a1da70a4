package bridge

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
)

// ConnectionName names one configured CRM or phoning platform, for example
// "crm.sellsy-paris" or "phoning.vicidial".
type ConnectionName string

// Object is a kind of thing that rights are given on.
type Object string

// The objects of the policy (they are also the first half of a field's name).
const (
	Account     Object = "account"
	Contact     Object = "contact"
	ProspectObj Object = "prospect"
	Opportunity Object = "opportunity"
	Activity    Object = "activity"
	Appointment Object = "appointment"
	CampaignObj Object = "campaign"
	Script      Object = "script"
	Report      Object = "report"
	PolicyObj   Object = "policy" // who may do what; nobody's record
)

// Objects lists them all, in the order of the policy's documentation.
func Objects() []Object {
	return []Object{Account, Contact, ProspectObj, Opportunity, Activity, Appointment, CampaignObj, Script, Report, PolicyObj}
}

// Ref names a record of a CRM. ID is the vendor's own id and opaque.
type Ref struct {
	Connection ConnectionName `json:"connection"`
	Object     Object         `json:"object"`
	ID         string         `json:"id"`
}

// Key is the ref as one string that sorts by connection, then object, then id.
func (r Ref) Key() string {
	return string(r.Connection) + "\x00" + string(r.Object) + "\x00" + r.ID
}

// ParseRef reads what [Ref.Key] wrote.
func ParseRef(key string) (Ref, error) {
	parts := strings.SplitN(key, "\x00", 3)
	if len(parts) != 3 {
		return Ref{}, fmt.Errorf("bridge: not a record key")
	}
	return Ref{ConnectionName(parts[0]), Object(parts[1]), parts[2]}, nil
}

// OperationID names one effect in a CRM: the same effect has the same id,
// however often it is delivered, retried or replayed.
type OperationID string

// Operation derives the operation id of a write:
// base32(sha256(connection, event key, kind, revision))[:26].
func Operation(connection ConnectionName, eventKey string, kind WriteKind, revision int) OperationID {
	h := sha256.New()
	for _, part := range []string{string(connection), eventKey, string(kind), strconv.Itoa(revision)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return OperationID(base32.StdEncoding.EncodeToString(h.Sum(nil))[:26])
}
