package dolibarr

import (
	"context"
	"net/url"
	"sync"

	"passerelle/internal/fault"
)

// owners remembers the users that events may be made for.
type owners struct{ ids sync.Map }

func (o *owners) known(id string) bool {
	_, is := o.ids.Load(id)
	return is
}

func (o *owners) add(id string) { o.ids.Store(id, true) }

// owner is the id of a user, if events may be made for it. Dolibarr takes an
// event for a user that it does not have, so each is looked up once.
func (c *conn) owner(ctx context.Context, op, user string) (string, error) {
	if c.owners.known(user) {
		return user, nil
	}
	if !plainID(user) {
		return "", fault.Newf(fault.Rejected, op, "the person's CRM user is no id of Dolibarr: write the number of the user's page, not the login, in people.*.crm")
	}
	found, err := c.list(ctx, op, "/users", url.Values{
		"sqlfilters": {"(t.rowid:=:" + user + ")"}, "properties": {"id,statut"}, "limit": {"1"},
	})
	switch {
	case denied(err): // the key may not look: the config's word must do
	case err != nil:
		return "", err
	case len(found) == 0 || text(found[0]["id"]) != user:
		return "", fault.Newf(fault.Rejected, op, "Dolibarr has no user of this id: correct people.*.crm")
	case text(found[0]["statut"]) != "1":
		return "", fault.Newf(fault.Rejected, op, "the Dolibarr user is switched off: hand the work over, or correct people.*.crm")
	}
	c.owners.add(user)
	return user, nil
}
