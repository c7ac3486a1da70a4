package crmfake

// Settings is what connects connectors/rest to a server of this package, as a
// config's `settings`. base is what [Start] gives; token is the credential or a
// reference to it.
func Settings(base, token string) string {
	return `base: ` + base + `
auth: {header: Authorization, prefix: "Bearer ", value: "` + token + `"}
check: {path: /fields, list: data, name: name, type: type}
me: {path: /me, name: name}
people: {path: /users, list: data, login: login, name: name, email: email, active: active, admin: admin}
rights: {path: /rights, list: data, name: field, read: read, write: write}
busy: {path: "/busy?user={user}&from={from}&to={to}", list: data, from: from, to: to}
prospects:
  path: /prospects
  record: /prospects/{id}
  list: data
  next: next
  if_match: true
  params: {fields: fields, cursor: cursor, limit: limit, selection: list}
activity:
  create: /activities
  change: /activities/{id}
  remove: /activities/{id}
  find: /activities?operation_id={key}
  find_many: /activities?operation_ids={keys}
  list: data
  fields: {operation: operation_id, changes: changes, prospect: prospect_id, at: at, disposition: result, attempt: attempt, duration_s: duration_s, technical: technical, note: note, caller: caller, user: user_id}
appointment:
  create: /appointments
  change: /appointments/{id}
  remove: /appointments/{id}
  find: /appointments?uid={key}
  find_many: /appointments?uids={keys}
  list: data
  cancel: {field: state, value: cancelled, motive: motive}
  fields: {id: uid, operation: operation_id, changes: changes, prospect: prospect_id, start: start, start_local: start_local, zone: zone, minutes: minutes, salesperson: salesperson, user: owner_id, subject: subject, place: place, note: note, validated_by: validated_by}
opposition: {field: do_not_call, value: true, motive: do_not_call_motive}
`
}
