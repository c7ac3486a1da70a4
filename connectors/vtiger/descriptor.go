package vtiger

import (
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
)

// settle is how late a write that timed out may still appear: PHP goes on with
// a request whose caller has left, up to its own limit, and a save runs the
// site's workflows.
const settle = 30 * time.Second

// Descriptor says what the connector can do.
func Descriptor() connector.Descriptor {
	return connector.Descriptor{
		Name: "vtiger",
		Kind: connector.CRM,
		Doc:  "vtiger CRM (open source 7 and 8, cloud) and coreBOS",
		Settings: []connector.Setting{
			{Key: "url", Doc: "address of the CRM, https://crm.example; webservice.php or restapi is appended"},
			{Key: "flavour", Doc: "opensource (the default), cloud or corebos"},
			{Key: "user", Doc: "login of the user whose rights the bridge has"},
			{Key: "access_key", Secret: true, Doc: "that user's access key, from its preferences: ${env:NAME} or ${file:path}"},
			{Key: "prospects", Doc: "modules whose records are prospects: Leads (the default), Contacts, Accounts, Potentials"},
			{Key: "aliases", Doc: "by module, what it calls a mapped field: {Accounts: {company: accountname}}"},
			{Key: "operation_field", Doc: "text field of the calendar that keeps our ids, cf_…; description by default"},
			{Key: "zone", Doc: "of the site's database, $default_timezone of its config; UTC by default"},
			{Key: "full_every", Doc: "how often a selection is read whole instead of what has changed; 24h by default"},
			{Key: "sync", Doc: "whether the operation sync may be asked for deleted records; true by default"},
			{Key: "call", Doc: "how a call is logged: type, held, not_held, owner, subject, disposition, dispositions, notes"},
			{Key: "appointment", Doc: "how an appointment is kept: type, planned, cancelled, visibility"},
			{Key: "opposition", Doc: "field and value that say: do not call; without it what prospect.do_not_call is mapped to"},
		},
		Kinds:        bridge.WriteKinds(),
		Idempotency:  connector.ByLookup,
		Confirmation: connector.ByAnswer,
		Batch:        1,
		Tokens:       12, // three descriptions, a look-up, the record by its id, a read tried three times, two writes, an undoing, a session that ended
		Settle:       settle,
		Open:         open,
	}
}
