package dolibarr

import (
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// settle is how late a request that timed out may still be carried out: the
// longest that PHP runs one where nobody has changed max_execution_time.
const settle = 30 * time.Second

// Descriptor says what the connector can do.
func Descriptor() connector.Descriptor {
	return connector.Descriptor{
		Name: "dolibarr",
		Kind: connector.CRM,
		Doc:  "Dolibarr 18 to 22, by its REST API",
		Settings: []connector.Setting{
			{Key: "base", Doc: "address of the site, https://crm.example or https://example/dolibarr"},
			{Key: "key", Secret: true, Doc: "the API key of the user that the bridge works as: ${env:NAME} or ${file:path}"},
			{Key: "entity", Doc: "number of the company where the module Multi-company is used"},
			{Key: "user", Doc: "id of the user who owns the events of callers that Dolibarr does not know"},
			{Key: "statuses", Doc: "ids of the dictionary of prospect statuses, each with our words for it: {0: [new], 2: [attempted, callback]}"},
			{Key: "events", Doc: "codes of two extra fields of agenda events that hold our ids, and of those that may hold the outcome and the duration"},
			{Key: "call", Doc: "type of the events that log calls, their label, and the words for outcomes"},
			{Key: "appointment", Doc: "type of the events that are appointments, and how one is cancelled: delete or mark"},
			{Key: "whole_records", Doc: "true: accept that Dolibarr 18 sends whole records, of which the bridge keeps what it asked for"},
			{Key: "full_every", Doc: "how often a campaign's members are compared in full, 6h by default"},
		},
		Kinds:        bridge.WriteKinds(),
		Idempotency:  connector.ByLookup,
		Confirmation: connector.ByList,
		Batch:        1,
		Tokens:       13, // of a move: two reads of the event, one of a user and one of the version, each tried three times at worst, and a write
		Settle:       settle,
		Open:         open,
	}
}
