package arch

// levels are the rooms of internal/ and what may stand below what: a package
// imports lower levels only. A folder below one of these has its level, and may
// import it or be imported by it.
var levels = map[string]int{
	"schemas":             -1,
	"internal/appendjson": -1,
	"internal/bilingual":  -1,

	"internal/bridge":     0,
	"internal/fault":      0,
	"internal/faultpoint": 0,
	"internal/secret":     0,
	"internal/strict":     0,
	"internal/schema":     0,
	"internal/problem":    0,
	"internal/ical":       0,

	"internal/policy":    1,
	"internal/calling":   1,
	"internal/connector": 1,
	"internal/store":     1,
	"internal/bus":       1,
	"internal/obs":       1,

	"internal/outbox":   2,
	"internal/ledger":   2,
	"internal/identity": 2,
	"internal/session":  2,
	"internal/doctor":   2,

	"internal/desk": 3,

	"internal/intake":     4,
	"internal/campaign":   4,
	"internal/agenda":     4,
	"internal/relay":      4,
	"internal/writer":     4,
	"internal/governance": 4,

	"internal/config":  5,
	"internal/api":     5,
	"internal/console": 5,

	"internal/app": 6,

	"cmd/passerelle": 7,
}

// connectorMay is what of ours a connector may import.
var connectorMay = []string{
	"internal/bridge", "internal/fault", "internal/faultpoint", "internal/secret", "internal/strict",
	"internal/connector", "internal/connector/httpx", "internal/ical",
}

// alone says which packages may import what: a package of ours with all below
// it, or the modules whose paths begin so. Others may not.
var alone = map[string][]string{
	"connectors/all": {"internal/app"},
	"internal/obs":   {"internal/app", "internal/api", "cmd/passerelle"},

	"filippo.io/age":                        {"internal/store"},
	"go.etcd.io/bbolt":                      {"internal/store"},
	"github.com/nats-io/nats.go":            {"internal/bus"},
	"github.com/nats-io/nats-server":        {"internal/bus/embedded"},
	"github.com/goccy/go-yaml":              {"internal/strict"},
	"github.com/expr-lang/expr":             {"internal/policy"},
	"github.com/santhosh-tekuri/jsonschema": {"internal/schema"},
	"github.com/hashicorp/go-retryablehttp": {"internal/connector/httpx"},
	"github.com/sony/gobreaker":             {"internal/connector/httpx"},
	"golang.org/x/oauth2":                   {"internal/connector/httpx", "internal/identity/oidc"},
	"github.com/coreos/go-oidc":             {"internal/identity/oidc"},
	"github.com/zitadel/oidc":               {},
	"github.com/nyaruka/phonenumbers":       {"internal/calling"},
	"github.com/prometheus/client_golang":   {"internal/obs"},
	"github.com/danielgtaylor/huma":         {"internal/api"},
	"github.com/go-chi/chi":                 {"internal/api", "internal/app", "internal/console"},
	"github.com/alecthomas/kong":            {"cmd/passerelle"},
	"github.com/brianvoe/gofakeit":          {"cmd/passerelle/internal/demo"},
	"github.com/google/go-cmp":              {"internal/connector/contract"},
	"internal/connector/contract":           {},
	"testing":                               {"internal/connector/contract"},
	"github.com/rogpeppe/go-internal":       {},
	"pgregory.net/rapid":                    {},
	"github.com/getkin/kin-openapi":         {},
	"github.com/standard-webhooks":          {"connectors/webhook", "cmd/passerelle/internal/replay"},
	"github.com/xuri/excelize":              {"connectors/sheet", "cmd/passerelle/internal/demo", "cmd/passerelle/internal/matrix", "internal/console"},
	"github.com/schollz/progressbar":        {"cmd/passerelle/internal/replay"},
	"github.com/arran4/golang-ical":         {"internal/ical"},
	"golang.org/x/time/rate":                {"internal/connector/httpx", "internal/identity"},
	"golang.org/x/crypto/argon2":            {"internal/identity"},
	"github.com/pquerna/otp":                {"internal/identity"},
	"github.com/boombuler/barcode":          {"internal/console"},
	"golang.org/x/term":                     {"cmd/passerelle"},
	"github.com/oklog/ulid":                 {"internal/api"},
	"github.com/RoaringBitmap/roaring":      {"internal/desk/sight"},
	"github.com/cespare/xxhash":             {"internal/bus", "connectors/sheet"},
}

// oneLibrary is what the packages of level 0 may have beside the standard
// library.
var oneLibrary = map[string]string{
	"internal/strict": "github.com/goccy/go-yaml",
	"internal/schema": "github.com/santhosh-tekuri/jsonschema",
	"internal/ical":   "github.com/arran4/golang-ical",
}
