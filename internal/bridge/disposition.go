package bridge

import "time"

// Technical is what the line did, apart from what the caller concluded.
type Technical string

// The technical results.
const (
	Answered  Technical = "answered"
	NoAnswer  Technical = "no_answer"
	Busy      Technical = "busy"
	Machine   Technical = "machine"
	Invalid   Technical = "invalid"
	Failed    Technical = "failed"
	Abandoned Technical = "abandoned"
)

// Disposition is the canonical outcome of a call.
type Disposition string

// Dispositions that code refers to by name; the whole vocabulary is [Dispositions].
const (
	DispNoAnswer       Disposition = "no_answer"
	DispCallback       Disposition = "callback_requested"
	DispAppointmentSet Disposition = "appointment_set"
	DispNotInterested  Disposition = "not_interested"
	DispOptOut         Disposition = "opt_out"
	DispUnmapped       Disposition = "unmapped"
	DispTest           Disposition = "test"
)

// DispositionClass says what becomes of the lead.
type DispositionClass string

// The classes of dispositions.
const (
	ClassFinal     DispositionClass = "final"     // finished for the campaign
	ClassRetry     DispositionClass = "retry"     // may be called again after Retry
	ClassScheduled DispositionClass = "scheduled" // at the date asked for, else after Retry
	ClassSuppress  DispositionClass = "suppress"  // an opposition: never again, organisation-wide
	ClassPending   DispositionClass = "pending"   // waits for a supervisor
	ClassTransient DispositionClass = "transient" // not an outcome yet: never exported
)

// Reached says whether the caller has spoken with the person: neither with a
// machine, nor with somebody else, nor with nobody.
func (d Disposition) Reached() bool {
	switch d {
	case "no_answer", "busy", "voicemail", "voicemail_left", "gatekeeper", "contact_absent", "wrong_contact", "wrong_number", "invalid_number",
		"company_closed", "unreachable", "dropped", "technical_failure", "blocked_compliance", "duplicate", DispTest, DispUnmapped, "in_progress":
		return false
	}
	_, known := d.Info()
	return known
}

// DispositionInfo is what the bridge knows of a disposition.
type DispositionInfo struct {
	Code           Disposition
	Class          DispositionClass
	Rank           int           // the higher wins when several arrive for one call
	Counts         bool          // as an attempt, for frequency rules
	Retry          time.Duration // the earliest next attempt, for classes retry and scheduled
	SuppressNumber bool          // the number, not the person, is not to be called again
	Status         string        // the prospect status that follows, "" for none
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// dispositions is the vocabulary of the field: classes and delays are our
// defaults, the ranks put an objection before everything else.
var dispositions = []DispositionInfo{
	{"no_answer", ClassRetry, 10, true, 4 * hour, false, "attempted"},
	{"busy", ClassRetry, 10, true, 30 * time.Minute, false, "attempted"},
	{"voicemail", ClassRetry, 10, true, day, false, "attempted"},
	{"voicemail_left", ClassRetry, 20, true, 2 * day, false, "attempted"},
	{"gatekeeper", ClassRetry, 20, true, 4 * hour, false, "attempted"},
	{"callback_requested", ClassScheduled, 40, true, day, false, "callback"},
	{"callback_no_date", ClassRetry, 40, true, 2 * day, false, "callback"},
	{"contact_absent", ClassScheduled, 20, true, 7 * day, false, "callback"},
	{"in_discussion", ClassScheduled, 20, true, 2 * day, false, "in_discussion"},
	{"info_sent", ClassScheduled, 20, true, 7 * day, false, "in_discussion"},
	{"qualified", ClassFinal, 50, true, 0, false, "qualified"},
	{"appointment_set", ClassPending, 70, true, 0, false, "appointment"},
	{"sale", ClassFinal, 60, true, 0, false, "customer"},
	{"transferred", ClassFinal, 20, true, 0, false, "qualified"},
	{"not_interested", ClassFinal, 20, true, 0, false, "not_interested"},
	{"refused", ClassFinal, 80, true, 0, false, "not_interested"},
	{"opt_out", ClassSuppress, 100, true, 0, false, "do_not_call"},
	{"already_customer", ClassFinal, 20, true, 0, false, "customer"},
	{"competitor_locked", ClassFinal, 20, true, 0, false, "not_interested"},
	{"out_of_target", ClassFinal, 20, true, 0, false, "out_of_target"},
	{"wrong_contact", ClassFinal, 20, true, 0, false, "wrong_contact"},
	{"wrong_number", ClassFinal, 30, true, 0, true, "invalid_number"},
	{"invalid_number", ClassFinal, 30, true, 0, true, "invalid_number"},
	{"company_closed", ClassFinal, 20, true, 0, false, "closed"},
	{"unreachable", ClassFinal, 5, false, 0, false, "unreachable"},
	{"language_barrier", ClassFinal, 20, true, 0, false, "attempted"},
	{"dropped", ClassRetry, 10, true, 3 * day, false, "attempted"},
	{"technical_failure", ClassRetry, 5, true, 15 * time.Minute, false, ""},
	{"blocked_compliance", ClassRetry, 5, false, day, false, ""},
	{"duplicate", ClassFinal, 20, false, 0, false, ""},
	{"test", ClassFinal, 0, false, 0, false, ""},
	{"unmapped", ClassTransient, 0, false, 0, false, ""},
	{"in_progress", ClassTransient, 0, false, 0, false, ""},
}

var dispositionIndex = func() map[Disposition]DispositionInfo {
	m := make(map[Disposition]DispositionInfo, len(dispositions))
	for _, d := range dispositions {
		m[d.Code] = d
	}
	return m
}()

// Dispositions lists the vocabulary. The caller must not change it.
func Dispositions() []DispositionInfo { return dispositions }

// Info is what the bridge knows of the disposition, false if it is no
// disposition at all.
func (d Disposition) Info() (DispositionInfo, bool) {
	info, ok := dispositionIndex[d]
	return info, ok
}
