package dolibarr

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

// refusal is what Dolibarr said when it refused. Its words are compared, never
// shown: they name logins, values and SQL, and a debug part names source files.
type refusal struct {
	status  int
	reason  string // of the status line
	message string
	detail  string // a second message beside the first
}

const maxRefusal = 8 << 10

// refusalOf reads a refusal and puts the body back for the one who classifies.
func refusalOf(resp *http.Response) refusal {
	if resp == nil || resp.StatusCode < 300 {
		return refusal{}
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(raw), resp.Body), resp.Body}
	said := refusal{status: resp.StatusCode, reason: resp.Status}
	var body struct {
		Error struct {
			Message string `json:"message"`
			Detail  string `json:"0"`
		} `json:"error"`
	}
	if json.Unmarshal(raw, &body) == nil {
		said.message, said.detail = body.Error.Message, body.Error.Detail
	} else {
		said.detail = strings.TrimSpace(string(raw))
	}
	return said
}

// errEmpty marks the refusal that stands for an empty list.
var errEmpty = errors.New("nothing is listed")

// errKey says that the key is of nobody who may come in.
var errKey = errors.New("the CRM takes this key from nobody: it is wrong, or its user is switched off or out of date")

// errNoEvent says that an event is not there.
var errNoEvent = errors.New("the CRM has no event under this id (any more)")

// errNoField says that a filter names an extra field that is not there.
var errNoField = errors.New("the CRM has no such extra field: create those of settings.events and of the mapped fields, or correct their codes")

func isEmpty(err error) bool { return errors.Is(err, errEmpty) }

// verdict is what one of Dolibarr's refusals means.
type verdict struct {
	status   int    // 403 stands for 401 as well, which versions before 20 said
	message  string // the whole of it; "" matches any
	ends     string // what the message ends with
	holds    string // what it or its detail holds
	kind     fault.Kind
	noRecord bool
	cause    error // ours, instead of the vendor's words; nil keeps them
}

var verdicts = []verdict{
	{status: 404, message: "Not Found: No prospects found", kind: fault.Rejected, cause: errEmpty},
	{status: 404, message: "Not Found: No third parties found", kind: fault.Rejected, cause: errEmpty},
	{status: 404, message: "Not Found: Thirdparties not found", kind: fault.Rejected, cause: errEmpty}, // before 22
	{status: 404, message: "Not Found: Thirdparty not found", kind: fault.Rejected, noRecord: true,
		cause: errors.New("the CRM has no third party under this id (any more): deleted or merged there")},
	{status: 404, message: "Not Found: Agenda Event not found", kind: fault.Rejected, cause: errNoEvent},
	{status: 404, message: "Not Found: Agenda Events not found", kind: fault.Rejected, cause: errNoEvent},
	{status: 404, message: "Not Found: actioncomm not found", kind: fault.Rejected, cause: errNoEvent},
	{status: 401, holds: "Failed to login to API", kind: fault.Permanent, cause: errKey},
	{status: 401, holds: "Error user not valid", kind: fault.Permanent, cause: errKey},
	{status: 403, holds: "No read permission on thirdparties", kind: fault.Permanent,
		cause: errors.New("the key's user may not read third parties: give them the right in Dolibarr")},
	{status: 403, holds: "Access not allowed for login", kind: fault.Rejected,
		cause: errors.New("the key's user may not reach this record: it is neither theirs as a sales representative nor may they see all third parties")},
	{status: 403, ends: ": Not allowed", kind: fault.Rejected,
		cause: errors.New("the key's user may not read this account: give them the right to read users")},
	{status: 404, message: "Not Found: User not found", kind: fault.Rejected, cause: errors.New("the CRM has no such user")},
	{status: 403, holds: "owner id", kind: fault.Permanent,
		cause: errors.New("the key's user may not work on other people's events: give them the rights on all actions of the agenda")},
	{status: 501, holds: "API not found", kind: fault.Permanent,
		cause: errors.New("the CRM has no such route: switch on the module it belongs to (third parties, agenda, categories)")},
	{status: 500, holds: "Data too long for column", kind: fault.Rejected, cause: errors.New("the CRM refused a text as too long")},
	{status: 500, holds: "Incorrect string value", kind: fault.Rejected, cause: errors.New("the CRM's database refused a character")},
	{status: 500, holds: "ErrorActionCommBadType", kind: fault.Rejected,
		cause: errors.New("the CRM does not know this type of event: correct call.type or appointment.type")},
}

// judge gives a classified refusal the kind that Dolibarr means by it.
func (r refusal) judge(err error) error {
	if r.status == http.StatusServiceUnavailable && strings.Contains(r.reason, "API not allowed from your IP") {
		return r.as(err, verdict{kind: fault.Permanent, cause: errors.New("the CRM does not take requests from this address: add it to those that its API allows")})
	}
	if r.status == http.StatusServiceUnavailable && strings.Contains(r.message, "Unknown column 'ef.") {
		return r.as(err, verdict{kind: fault.Permanent, cause: errNoField})
	}
	for _, v := range verdicts {
		if r.is(v) {
			return r.as(err, v)
		}
	}
	return err
}

func (r refusal) is(v verdict) bool {
	status := v.status == r.status || v.status == http.StatusForbidden && r.status == http.StatusUnauthorized
	said := strings.Contains(r.message, v.holds) || strings.Contains(r.detail, v.holds)
	return status && said && strings.HasSuffix(r.message, v.ends) && (v.message == "" || v.message == r.message)
}

// denied says whether the key is good and its user lacks a right.
func denied(err error) bool {
	status := httpx.Status(err)
	return status == http.StatusForbidden || status == http.StatusUnauthorized && !errors.Is(err, errKey)
}

func (r refusal) as(err error, v verdict) error {
	f := fault.Of(err)
	f.Kind, f.NoRecord, f.MayHaveApplied = v.kind, v.noRecord, false
	f.Err = &judged{v.cause, f.Err}
	return err
}

// judged shows our words; what was received stays reachable for its status.
type judged struct{ cause, answer error }

func (j *judged) Error() string   { return j.cause.Error() }
func (j *judged) Unwrap() []error { return []error{j.cause, j.answer} }
