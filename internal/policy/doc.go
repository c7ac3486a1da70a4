// Package policy decides who may see and write what, field by field: it loads
// the policy language, compiles it and answers. Desk, campaign, api and the
// policy commands call it.
//
// It promises:
//
//   - What is not granted is refused, a deny wins over every grant, and a doubt
//     (an attribute nobody knows, a profile nobody mapped, a field nobody
//     defined) withholds.
//   - A [Policy] never changes after [Load]; it may be shared freely. It does no
//     I/O and looks at no clock.
//   - Every decision names the rule that made it, with file and line, and the
//     smallest change that would flip it. No text it makes holds a field's value.
//
// # The language
//
//	version: 1
//	roles:
//	  caller:
//	    title: Téléopérateur
//	    grants:
//	      - {on: prospect, scope: assigned, read: [class public, prospect.phone], write: [prospect.status], propose: [prospect.lead_status]}
//	      - {on: appointment, scope: own, actions: [read, propose]}
//	    deny:
//	      - {on: account, fields: [class financial], except: [account.revenue], actions: [read, write]}
//	    context: [customer, last_contact, attempts]
//	profiles:
//	  phoning.console: {caller: caller}
//
// A grant is on one object, in one scope. An action's list (read, create,
// write, propose, export) names fields, or classes of the object's fields;
// actions names verbs on the whole object: the verb itself and every field of
// the object that needs no naming.
//
// The verb is what commands hang on (to validate an appointment is to write
// appointment). Who may read, create or export some field of an object has
// that verb on the object too; to write or propose a field never gives the
// verb: it must stand under actions.
//
// Some things are given by name only, never by class or with the whole object:
// confidential fields (in a whole object; their class may be named), writing a
// structural field, exporting a field. Deleting is a verb without fields.
//
// A deny holds for every record. Without fields it covers the object whole,
// its verbs included; without actions, all of them.
//
// # Test cases
//
// A policy may hold what its author expects of it. They are run by the policy
// commands and by checking a config; a claim that does not hold names the rule
// that decides otherwise and the smallest change that would mend it.
//
//	tests:
//	  - name: a caller sees whom they call, and nothing of the margins
//	    as: caller                       # a role, or phoning.console/agent
//	    record: [assigned, campaign]     # the scopes that the record is in
//	    can: [read prospect.phone, create activity]
//	    cannot: [read class financial of account, write account.name]
//
// # What commands ask
//
//	the next lead, a card, a list of leads       read prospect
//	to record a call or an opposition            create activity
//	to lift an opposition                        delete activity
//	to ask for an appointment                    propose appointment
//	to validate, reject, move or cancel one      write appointment
//	to reassign, close, correct a status,
//	resolve a conflict, send a write again       write campaign
//	to propose a policy                          propose policy
//	to activate one that somebody else proposed  write policy
//
// A record about to be made is its author's: own holds for them. A lead that is
// being handed out, leased or pushed is assigned to whom it goes
// ([Record.Handed]). Fields are decided one by one ([Policy.Project],
// [Policy.Admit]).
//
// # Precedence
//
// Deny, then grant, then nothing. There are no ranks between grants: one that
// covers the field in a scope that holds is enough.
package policy
