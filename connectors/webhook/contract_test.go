package webhook

import (
	"net/http"
	"os"
	"regexp"
	"testing"
	"time"

	"passerelle/connectors/webhook/fake"
	"passerelle/internal/bridge"
	"passerelle/internal/connector/contract"
	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
	"passerelle/internal/schema"
	"passerelle/schemas"
)

// known are the schemas that events are judged by.
var known = schema.Must(schemas.FS)

func TestContract(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Harness{
		Descriptor: Descriptor(),
		World:      newWorld,
		Validate:   known.Validate,
		Kinds: map[int]fault.Kind{
			http.StatusNotFound:         fault.Permanent,
			http.StatusMethodNotAllowed: fault.Permanent,
			http.StatusGone:             fault.Permanent,
		},
		Bad: []contract.Bad{
			{Name: "nothing", Settings: "{}", Names: "secrets"},
			{Name: "no secret", Settings: "secrets: []", Names: "secrets"},
			{Name: "secret from nowhere", Settings: `secrets: ["${env:NO_SUCH_VARIABLE_HERE}"]`, Names: "NO_SUCH_VARIABLE_HERE"},
			{Name: "no address", Settings: settingsFor("nowhere"), Names: "push_url"},
			{Name: "batch too large", Settings: settingsFor("https://dialler.example") + "push_batch: 501\n", Names: "push_batch"},
		},
	})
}

// A platform that only calls us.
func TestContractOfHooksOnly(t *testing.T) {
	t.Parallel()
	contract.Run(t, contract.Harness{
		Descriptor: Descriptor(),
		World: func(t *testing.T) *contract.World {
			w := newWorld(t)
			w.Server, w.Client, w.Platform = nil, nil, nil
			w.Settings = func(string) string { return "secrets: [" + newSecret + "]\n" }
			w.Secrets = []string{newSecret}
			return w
		},
		Validate: known.Validate,
	})
}

func settingsFor(url string) string {
	return "secrets: [" + oldSecret + ", " + newSecret + "]\npush_url: " + url + "\npush_secret: " + pushSecret + "\n"
}

func newWorld(t *testing.T) *contract.World {
	t.Helper()
	platform, err := fake.New(fake.Options{Secret: pushSecret, Lists: []string{"L1"}})
	if err != nil {
		t.Fatal(err)
	}
	return &contract.World{
		Server:   platform,
		Client:   httpx.New(httpx.Options{AllowPrivate: true, Timeout: 5 * time.Second}),
		Settings: settingsFor,
		Secrets:  []string{oldSecret, newSecret, pushSecret},
		Personal: []string{"Jeanne Canari", "+33199001234"},
		Platform: &contract.Platform{
			List:   "L1",
			Fields: []bridge.FieldName{bridge.FieldProspectName, "prospect.comment"},
			Held:   func() map[bridge.LeadID]map[bridge.FieldName]bridge.Value { return held(platform) },
		},
		Hook: &contract.Hook{
			Sign: func(body []byte, at time.Time) http.Header { return signed(t, newSecret, at, body) },
			Good: []contract.Message{
				{Name: "a call", Body: []byte(call), Events: 1},
				{Name: "a batch", Body: []byte(`{"events":[` + call + `,` + call + `]}`), Events: 2},
				{Name: "an empty batch", Body: []byte(`{"events":[]}`), Events: 0},
			},
			Unknown: []contract.Message{
				{Name: "a batch and more", Body: []byte(`{"events":[],"type":"call"}`)},
				{Name: "a batch of texts", Body: []byte(`{"events":["canari-texte"]}`)},
			},
		},
	}
}

const call = `{"event_id":"e1","occurred_at":"2026-05-04T11:58:00+02:00","connection":"phoning.dialler","campaign":"bank","prospect_id":"4711","agent":"alice","technical":"answered","disposition":"appointment_set","next":{"kind":"appointment","at":"2026-05-11T14:00"}}`

func held(p *fake.Platform) map[bridge.LeadID]map[bridge.FieldName]bridge.Value {
	out := map[bridge.LeadID]map[bridge.FieldName]bridge.Value{}
	for lead, card := range p.Cards("L1") {
		fields := map[bridge.FieldName]bridge.Value{}
		for name, value := range card.Fields {
			fields[bridge.FieldName(name)] = bridge.Value(value)
		}
		out[bridge.LeadID(lead)] = fields
	}
	return out
}

// What README.md tells integrators to post is what we take.
func TestReadmeExamples(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	body := regexp.MustCompile(`(?m)^body='(\{.*\})'$`).FindSubmatch(page)
	if body == nil {
		t.Fatal("README.md has no line body='{…}'")
	}
	events, err := hook{}.Decode(nil, body[1])
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if err := known.Validate(events[0].Schema, events[0].Body); err != nil {
		t.Error(err)
	}
}
