package chaos

import (
	"math/rand/v2"
	"time"
)

// crm is what a hub writes to, as this test sees it.
type crm interface {
	// config is the connection's part of the config.
	config() string
	// upset changes the CRM's mood for the next life of the hub and names it;
	// calm ends all trouble.
	upset(dice *rand.Rand) string
	calm()
	// between does what may happen to the CRM while the hub is dead.
	between(dice *rand.Rand) error
	// passes says whether the hub passes this fault point with such a CRM.
	passes(point string) bool
	// arrived counts the calls that the CRM holds.
	arrived() int
	// mark forgets when the CRM was last written to; firstWrite is the first
	// time since, zero for none.
	mark()
	firstWrite() time.Time
	// content is everything, at the end.
	content() (content, error)
}

// content is what a CRM holds.
type content struct {
	activities   []activity // in the order of their arrival
	appointments []appointment
	prospects    map[string]map[string]string // fields by prospect: comment, status and what else the CRM counts
	// shuffled are prospects whose order of arrival the CRM itself has spoilt:
	// it said yes and stored the write late or never.
	shuffled map[string]bool
}

type activity struct {
	operation, prospect, attempt, disposition, note string
}

type appointment struct {
	id, prospect, validatedBy string
}
