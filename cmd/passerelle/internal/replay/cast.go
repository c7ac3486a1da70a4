package replay

import (
	"fmt"
	"time"

	"passerelle/internal/bridge"
	"passerelle/internal/config"
)

// cast is who plays which part, as the config says.
type cast struct {
	campaign   string
	crm        string
	dialler    string
	zone       *time.Location
	callers    []caller
	sales      []string // whose calendars the appointments go to
	supervisor string
	catalog    bridge.Catalog
}

type caller struct{ person, login string }

// castOf reads the parts: the campaign's one feed is the dialler, those with a
// login there call, the one token is the supervisor's, and those who are known
// in the CRM alone meet the prospects.
func castOf(cfg *config.Config) (*cast, error) {
	if len(cfg.Campaigns) != 1 || len(cfg.Campaigns[0].Feeds) != 1 {
		return nil, fmt.Errorf("%s: a replay needs one campaign with one feed", cfg.File)
	}
	if len(cfg.Tokens) != 1 {
		return nil, fmt.Errorf("%s: a replay needs one token, the supervisor's", cfg.File)
	}
	campaign := cfg.Campaigns[0]
	feed := campaign.Feeds[0]
	out := &cast{
		campaign: string(campaign.ID), crm: string(campaign.CRM), dialler: string(feed.Connection),
		zone: cfg.Zone, supervisor: string(cfg.Tokens[0].Person), catalog: cfg.Catalog,
	}
	for _, p := range cfg.People {
		login, calls := p.Phoning[feed.Connection]
		switch {
		case calls && string(p.ID) == out.supervisor:
			return nil, fmt.Errorf("%s: %s is a caller and cannot validate their own appointments: give the token to somebody else", cfg.File, p.ID)
		case calls && login.Profile == feed.Profile:
			out.callers = append(out.callers, caller{string(p.ID), login.Name})
		case len(p.Phoning) == 0 && p.CRM[campaign.CRM] != "":
			out.sales = append(out.sales, string(p.ID))
		}
	}
	if len(out.callers) == 0 || len(out.sales) == 0 {
		return nil, fmt.Errorf("%s: a replay needs people with a login on %s, and one with a user id in %s alone", cfg.File, out.dialler, out.crm)
	}
	return out, nil
}
