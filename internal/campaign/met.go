package campaign

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"slices"

	"passerelle/internal/bridge"
	"passerelle/internal/desk"
	"passerelle/internal/store"
)

// met holds who was met since a whole read began, a record a page: campaign and
// page, then the hashes of the leads.
var met = store.NewRaw("campaign.met_pages")

// Migrations bring the tables of earlier versions up to this one's: who was met
// was kept by id. What a read was under way for begins anew.
func Migrations() []store.Migration {
	return []store.Migration{{To: 2, Name: "campaign: whole reads begin anew", Step: func(tx *store.Tx, _ string) (string, error) {
		return "", errors.Join(store.NewRaw("campaign.met").Drop(tx), progresses.Drop(tx))
	}}}
}

func metPrefix(id bridge.CampaignID) string { return string(id) + "\x00" }

// meet notes who stands on a page.
func meet(tx *store.Tx, id bridge.CampaignID, found []bridge.Prospect) error {
	n, err := met.Next(tx)
	if err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint64([]byte(metPrefix(id)), n)
	var page []byte
	for _, p := range found {
		page = binary.BigEndian.AppendUint64(page, hashOf(desk.LeadOf(id, p.Ref)))
	}
	return met.Put(tx, string(key), page)
}

func hashOf(id bridge.LeadID) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

// crowd is a set of leads, by their hashes in order. Of a million leads that have
// left, about one in twenty million times one is taken for one that is there,
// and stays until the next read.
type crowd []uint64

func (c crowd) has(id bridge.LeadID) bool {
	_, ok := slices.BinarySearch(c, hashOf(id))
	return ok
}

// crowd is everybody who was met since the read began.
func (s *Sync) crowd(id bridge.CampaignID) (all crowd, err error) {
	err = s.opts.Store.View(func(tx *store.Tx) error {
		for _, page := range met.Scan(tx, metPrefix(id), "") {
			for ; len(page) >= 8; page = page[8:] {
				all = append(all, binary.BigEndian.Uint64(page))
			}
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}

// forgetMet makes ready for a new read: those whom the last one met are no
// longer known to be there. It goes in small steps, for the plateau's sake.
func (s *Sync) forgetMet(ctx context.Context, id bridge.CampaignID) error {
	for {
		var pages []string
		err := s.opts.Store.View(func(tx *store.Tx) error {
			for key := range met.Scan(tx, metPrefix(id), "") {
				if pages = append(pages, key); len(pages) == forgetAtOnce {
					break
				}
			}
			return nil
		})
		if err != nil || len(pages) == 0 {
			return err
		}
		err = s.opts.Store.Commit(ctx, func(tx *store.Tx) error {
			for _, key := range pages {
				if err := met.Delete(tx, key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// forgetAtOnce is how many pages one transaction forgets.
const forgetAtOnce = 100
