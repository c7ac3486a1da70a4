// Package crmfake is a CRM in miniature, for tests: a strict JSON-over-HTTP
// server with prospects, activities and appointments. It is the fake of
// connectors/rest, and what chaos lets loose on the bridge.
//
// It refuses what a real CRM refuses (credentials, content types, unknown
// fields, wrong types, over-long texts, locked records), and its refusals quote
// values, as real ones do. It has no idempotency of its own: the same operation
// sent twice is stored twice, and [Server.Doubles] shows it. On demand
// ([Server.Misbehave], [Server.Throttle]) it answers 503, hangs or resets
// before or after having written, cuts answers short, shows web pages,
// redirects to a login, and lies.
//
// With a folder ([Options.Dir]) what it stores outlives the process: each
// change is a line of a journal, and a torn last line is cut.
//
//	POST   /oauth/token                                with [Options.Client]
//	GET    /api/me
//	GET    /api/fields
//	GET    /api/users
//	GET    /api/rights
//	GET    /api/busy?user=u1&from=…&to=…
//	GET    /api/prospects?fields=a,b&list=L&limit=50&cursor=…
//	GET    /api/prospects/{id}?fields=a,b              answers an ETag
//	PATCH  /api/prospects/{id}                         heeds If-Match
//	GET    /api/activities?operation_ids=a,b           also operation_id=a
//	POST   /api/activities
//	GET    /api/activities/{id}
//	PATCH  /api/activities/{id}
//	DELETE /api/activities/{id}
//	GET    /api/appointments?uids=a,b                  also uid=a
//	POST   /api/appointments
//	GET    /api/appointments/{id}
//	PATCH  /api/appointments/{id}
//	DELETE /api/appointments/{id}
package crmfake
