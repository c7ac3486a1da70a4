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
// # What is opened beyond scopes
//
// Three things open records to more people than the scopes of grants do. They
// say which records, never which fields: a role does on an opened record what
// its own grants on the object say in any scope, and denies stand. Nothing is
// exported because it is opened, and a policy's campaigns, scripts and reports,
// which nobody owns, are reached by scope alone.
//
//	roles:
//	  direction: {...}
//	  supervisor: {under: direction, ...}
//	  caller: {under: supervisor, ...}
//	  auditor: {under: direction, superiors: false, ...}
//	defaults: {account: read, opportunity: read-write}
//	teammates: {prospect: read}
//	sharing:
//	  - {on: prospect, from: {role: caller}, to: {team: plateau-1}, access: read}
//	  - {on: account, from: {role: supervisor, subordinates: true}, to: {role: marketing}, access: read-write}
//
// Rank: the people of a role read, create, write and propose on what those of
// all the roles below it own; they never delete by rank. superiors: false on a
// role says that its own people reach nothing so.
//
// Defaults are for everybody's records: private (where nothing is said), read,
// read-write (read, create, write, propose), full (delete as well). teammates
// are for the records of one's own team; without it members of a team see of
// each other's what grants in the scope team say, nothing more. A sharing rule
// is from and to a role, a role and all below it, or a team, read or read-write.
//
// Contacts follow accounts. A private account makes its opportunities private.
// Activities are always private: grants and rank alone reach them.
//
// Whose a record is, its owner says, through the roles that [Policy.With] knows
// them to have. Somebody with several roles has the rank of each: what does not
// reach every one of them does not reach their records. Somebody without a
// profile that the policy maps has no rank.
//
// # Territories
//
//	territories:
//	  north: {field: prospect.postal_code, prefixes: [59, 62]}
//	  benelux: {field: prospect.country, values: [BE, NL, LU]}
//
// A prospect lies in the first territory, as written, whose field begins with
// one of its prefixes or is one of its values, whatever the case. Without a
// table it lies where the CRM's prospect.territory says. A person's territory,
// and the principal they work for, are the config's to say.
//
// # Context fields
//
//	context:
//	  big: {type: bool, en: Big account, fr: Gros compte, expr: account.revenue > 100000}
//	  silent: {type: number, en: Days since the last call, fr: Jours depuis le dernier appel, expr: "days(lead.last_call, today)"}
//	roles:
//	  caller:
//	    context: [customer, big, silent]
//
// What a card says of fields that its reader may not read. Every policy has
// customer, last_contact and attempts; its own are expressions
// (github.com/expr-lang/expr) that are checked when it is loaded. They read
// fields of prospect, account, contact and opportunity, lead.attempts,
// lead.state, lead.last_disposition, lead.last_call and today, and call days,
// abs, ceil, floor, round, min, max, len, lower, upper and trim; there are no
// loops, no variables and no clock. A field that is not known withholds the
// whole, unless the expression asks whether it is: account.revenue ?? 0, or
// account.revenue == nil. So does whatever goes wrong. The fields behind those
// that a role is shown are asked of the CRM, and of no other.
//
// # Statistics
//
//	roles:
//	  caller: {statistics: own, ...}
//	  supervisor: {statistics: team, ...}
//	  direction: {statistics: all, ...}
//
// Whose calls, contacts and appointments are counted for the role's people:
// their own, their team's, or everybody's; without the switch nobody's. Nothing
// else widens it.
//
// # Strength
//
//	roles:
//	  direction: {requires: second_factor, ...}
//
// Who signs in with a browser must show a code beside the password; whoever has
// none yet is led to it and can do nothing else. Tokens are not asked.
//
// # Access windows
//
//	window:
//	  zone: Europe/Paris
//	  hours:
//	    mon-fri: [08:00-20:00]
//	    sat: [09:00-12:00, 13:30-17:00]
//	  exceptions:
//	    - {person: alice, until: 2026-12-24, motive: the Christmas campaign, hours: {sun: ["10:00-18:00"]}}
//	    - {person: dora, until: 2026-12-24, motive: works from home, networks: [192.0.2.0/24]}
//	roles:
//	  direction:
//	    window: {networks: [10.20.0.0/16]}
//
// When and from where people's own requests are taken ([Policy.Shuts]). A role's
// window, and a person's exception, say what differs: what they leave out is as
// in the window above. An exception is one more window, to the end of its last
// day; its role's holds as well. Hours are by the clock of the zone; 22:00-06:00
// ends the next morning. An address is one of the networks' or the person is
// not let in, and the hub's own socket is 127.0.0.1. Where no two people who may
// change the policy are let in there, the operator alone may adopt another one,
// lest wrong networks lock everybody out. Calls that were made are
// taken whenever they are reported, and platforms work their lists when they do.
//
// # Hourly limits
//
//	limits:
//	  - {role: supervisor, command: reassign, per_hour: 200}
//
// How many records each person of the role may do a command to in any sixty
// minutes ([Policy.Limit]). The commands are those of people who supervise, as
// "What commands ask" calls them: reassign, close, correct, validate, reject,
// reschedule, cancel, resolve, retry, discard, lift, forget, export. A command on many
// leads counts those that it changes; beyond the limit it is refused whole. The
// machine's operator has no limit.
//
// # The CRM's own rights
//
//	crm_rights:
//	  crm.main: key      # what its key may not do, nobody may through the bridge
//	  crm.other: person  # nor what the person's own user there may not
//
// Nothing then goes beyond what the CRM tells of its rights on prospects,
// accounts, contacts and opportunities; what it does not tell does not restrict.
// Somebody without a user in the CRM has the key's rights. What one's own user
// may not write may still be proposed, since the key writes it. Until the rights
// were read once, nothing of the CRM may be had; what was told last holds while
// it is down. Calls and appointments are the bridge's own and are not bound.
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
//	    owner: field_sales               # the role of whom it belongs to
//	    team: plateau-2                  # the team that it belongs to
//	    member: plateau-1                # the team of who asks
//	    at: 2026-11-23T10:00             # when, by the clock of the role's window
//	    from: 10.20.0.7                  # from where
//	    person: alice                    # who, where an exception is theirs
//	    can: [read prospect.phone, create activity]
//	    cannot: [read class financial of account, write account.name]
//
// # What commands ask
//
//	the next lead, a card, a list of leads       read prospect
//	to record a call or an opposition            create activity
//	to lift an opposition                        delete activity
//	to ask for an appointment                    propose appointment
//	to read one's own or, once validated, for one read appointment
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
// covers the field in a scope that holds is enough. One whose scope does not
// hold is enough where the record is opened.
package policy
