package vtiger

import (
	"errors"
	"regexp"

	"passerelle/internal/fault"
)

// refusal is success:false: the vendor's code and those of its words that
// quote nothing but a field's name.
type refusal struct{ code, words string }

func (r *refusal) Error() string {
	if r.words == "" {
		return r.code
	}
	return r.code + ": " + r.words
}

// The words by which alone the refusals under ACCESS_DENIED are told apart.
const (
	wordsGone   = "Permission to perform the operation is denied" // of a record; of a module that describe shows it cannot be
	wordsHidden = "Permission to read given object is denied"
	wordsAdmin  = "Only admin users can perform application sync"
)

var (
	codePattern = regexp.MustCompile(`^[A-Z][A-Z_ ]{2,60}$`)
	plainWords  = regexp.MustCompile(`^(Permission to (perform the operation|read given object|write|read|delete) is denied` +
		`|Only admin users can perform application sync|Cannot assign record to the given user` +
		`|Record you are trying to access is not found|Id specified is incorrect|Invalid username or password` +
		`|username does not exists|Specified token is invalid or expired|Access key for the user is undefined` +
		`|Relation specified is incorrect|Unknown Error while processing request|[a-z][a-z0-9_]{0,60} does not have a value` +
		`|Permission to access '?\.?[a-z][a-z0-9_]{0,60}\.?'? attribute denied\.?|Invalid reference specified for [a-z][a-z0-9_]{0,60})$`)
	hiddenField = regexp.MustCompile(`^Permission to access .* attribute denied`)
)

// refused classifies a refusal. write: the request was to change something.
func refused(op, code, words string, write bool) error {
	r := &refusal{code: "a refusal without a code"}
	if codePattern.MatchString(code) {
		r.code = code
	}
	if plainWords.MatchString(words) {
		r.words = words
	}
	f := fault.New(fault.Rejected, op, r)
	if sessionEnded(f) {
		f.Kind = fault.Unavailable
	}
	switch code {
	case "INVALID_USER_CREDENTIALS", "INVALID_AUTH_TOKEN", "ACCESSKEY_UNDEFINED", "UNKNOWN_OPERATION", "OPERATION_NOT_SUPPORTED":
		f.Kind = fault.Permanent
	case "DATABASE_QUERY_ERROR", "INTERNAL_SERVER_ERROR":
		f.Kind, f.MayHaveApplied = fault.Unavailable, write
	case "RECORD_NOT_FOUND", "LEAD_ALREADY_CONVERTED":
		f.NoRecord = true
	case "ACCESS_DENIED":
		if hiddenField.MatchString(words) {
			f.Kind = fault.Unavailable // what describe told is old: it is read again
		}
	}
	return f
}

func coded(err error) (code, words string) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code, r.words
	}
	return "", ""
}

// sessionEnded says whether a new session may help.
func sessionEnded(err error) bool {
	switch code, _ := coded(err); code {
	case "SESSION_EXPIRED", "SESSION_LEFT_IDLE", "INVALID_SESSIONID", "AUTHENTICATION_REQUIRED", "AUTHENTICATION_FAILURE":
		return true
	}
	return false
}

// ofRecord reads a refusal that names a record of a module which the key may
// use: the same words then mean that the record is not there (any more).
func ofRecord(err error) error {
	if code, words := coded(err); code == "ACCESS_DENIED" && words == wordsGone || code == "INVALID_ID_ATTRIBUTE" {
		return noRecord(fault.Of(err).Op)
	}
	return err
}

func noRecord(op string) error {
	f := fault.Newf(fault.Rejected, op, "the CRM has no record under this id (any more): deleted, converted or merged there")
	f.NoRecord = true
	return f
}
