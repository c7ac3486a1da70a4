// Package ical writes calendars (iCalendar, RFC 5545): the files that a
// spreadsheet CRM keeps beside its table, and the feeds that salespeople's own
// calendars subscribe to. It is the only user of golang-ical.
//
// It promises that every calendar shows the hour that was agreed: times are local,
// and each zone is described by the changes of offset that happened. What people
// typed stands in texts alone and makes no line of its own.
package ical
