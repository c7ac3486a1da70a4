// Package vtiger connects vtiger CRM (open source 7 and 8, and its cloud) and
// coreBOS through their web service: listtypes, describe, query, query_related,
// create, revise, delete and sync. `update` is never used: it wants the whole
// form.
//
// What it promises, since the server does not: a field that describe hides is
// not asked for, one that it calls locked is not written, a picklist takes only
// its own values, and what the server says it has stored is compared with what
// was sent. A field is written only over the value expected. Every call and
// appointment carries the ids of its operations, in a field of its own or on
// a line of its description, by which it is found before a second try. Pages
// go on behind the last id seen, so that rows which the server takes out of a
// page for want of rights end nothing early. It neither retries nor sleeps.
//
// The facts are those of vtiger 8.0.0's own source (include/Webservices) and of
// exchanges with a running one, against which the fake is tested; README.md
// says what was verified.
package vtiger
