package desk

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"passerelle/internal/bridge"
	"passerelle/internal/connector"
	"passerelle/internal/store"
)

// leaving is what it takes to have a platform take a forgotten lead off a list.
type leaving struct {
	Campaign bridge.CampaignID `json:"campaign"`
	Ref      bridge.Ref        `json:"ref"`
}

// leavings holds the lists that forgotten leads may still lie on: connection,
// list, lead.
var leavings = store.NewTable[leaving]("desk.leavings")

func leavingKey(connection bridge.ConnectionName, list string, lead bridge.LeadID) string {
	return string(connection) + "\x00" + list + "\x00" + string(lead)
}

// leaveLists notes the lists that the prospect's leads may lie on.
func (c *command) leaveLists(ref bridge.Ref) error {
	for _, id := range suffixes(c.tx, byProspect, ref.Key()+"\x00") {
		l, err := c.lead(bridge.LeadID(id))
		if err != nil {
			return err
		}
		for _, at := range suffixes(c.tx, pushes, id+"\x00") {
			connection, list, _ := strings.Cut(at, "\x00")
			key := leavingKey(bridge.ConnectionName(connection), list, l.ID)
			if err := leavings.Put(c.tx, key, leaving{l.Campaign, ref}); err != nil {
				return err
			}
		}
	}
	return nil
}

// stillListed names the platforms that have not confirmed yet.
func (c *command) stillListed(ref bridge.Ref) (out []bridge.ConnectionName, err error) {
	err = leavings.Each(c.tx, "", "", func(key string, l leaving) (bool, error) {
		connection, _, _ := strings.Cut(key, "\x00")
		if l.Ref == ref && !slices.Contains(out, bridge.ConnectionName(connection)) {
			out = append(out, bridge.ConnectionName(connection))
		}
		return true, nil
	})
	return out, err
}

// Leavings lists what platforms must still be told to take off their lists
// because the prospect was forgotten, at most limit.
func (d *Desk) Leavings(limit int) (out map[bridge.ConnectionName][]connector.PushItem, err error) {
	out = map[bridge.ConnectionName][]connector.PushItem{}
	n := 0
	err = d.look(bridge.Actor{Operator: true}, func(c *command) error {
		return leavings.Each(c.tx, "", "", func(key string, l leaving) (bool, error) {
			parts := strings.Split(key, "\x00")
			if len(parts) != 3 {
				return true, nil
			}
			connection := bridge.ConnectionName(parts[0])
			out[connection] = append(out[connection], connector.PushItem{
				List: parts[1], Campaign: l.Campaign, Lead: bridge.LeadID(parts[2]), Withdraw: true, Card: bridge.Card{Prospect: l.Ref},
			})
			n++
			return n < limit, nil
		})
	})
	return out, err
}

// Left notes that a platform has taken forgotten leads off its lists.
func (d *Desk) Left(ctx context.Context, connection bridge.ConnectionName, items []connector.PushItem) error {
	if len(items) == 0 {
		return nil
	}
	return d.run(ctx, bridge.Actor{Operator: true, Connection: connection}, func(c *command) error {
		for _, item := range items {
			if err := leavings.Delete(c.tx, leavingKey(connection, item.List, item.Lead)); err != nil {
				return err
			}
		}
		return c.note("withdraw", "forgotten", nil)
	})
}

func hexOf(key string) string { return hex.EncodeToString([]byte(key)) }
