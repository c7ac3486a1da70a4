package rest

import (
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// settle is how late a write that timed out may still appear: the longest that
// a web server in front of a CRM usually keeps a request it has accepted.
const settle = 2 * time.Second

// Descriptor says what the connector can do.
func Descriptor() connector.Descriptor {
	return connector.Descriptor{
		Name: "rest",
		Kind: connector.CRM,
		Doc:  "any CRM with a JSON API, by configuration",
		Settings: []connector.Setting{
			{Key: "base", Doc: "address that all paths are appended to, https://crm.example/api"},
			{Key: "auth.header", Doc: "header that carries the credential, Authorization by default"},
			{Key: "auth.prefix", Doc: `what stands before the credential, for example "Bearer "`},
			{Key: "auth.value", Secret: true, Doc: "the credential: ${env:NAME} or ${file:path}"},
			{Key: "auth.oauth2", Doc: "instead of value: where tokens are bought, and the client's id"},
			{Key: "auth.oauth2.client_secret", Secret: true, Doc: "the client's secret"},
			{Key: "auth.oauth2.refresh_token", Secret: true, Doc: "the first refresh token; without one the client's own credentials buy the tokens"},
			{Key: "check", Doc: "what the connection check reads, and where the CRM lists its fields"},
			{Key: "me", Doc: "where the CRM says whom the credential belongs to"},
			{Key: "people", Doc: "where it lists its users"},
			{Key: "rights", Doc: "where it lists what the credential may do with each field"},
			{Key: "busy", Doc: "where it shows when a user is taken"},
			{Key: "prospects", Doc: "where prospects are listed, read and changed"},
			{Key: "activity", Doc: "where calls are logged and found again"},
			{Key: "appointment", Doc: "where appointments are made, changed and found again"},
			{Key: "opposition", Doc: "the fields of a prospect that say: do not call"},
		},
		Kinds:        bridge.WriteKinds(),
		Idempotency:  connector.ByLookup,
		Confirmation: connector.ByList,
		Batch:        1,
		Tokens:       7, // of a move: a find and a read of the appointment, each tried three times at worst, and a write
		Settle:       settle,
		Open:         open,
	}
}
