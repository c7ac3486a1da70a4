package dolibarr

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"passerelle/internal/connector/httpx"
	"passerelle/internal/fault"
)

// owners remembers the ids of the users that events were made for.
type owners struct {
	mu sync.Mutex
	id map[string]string
}

func (o *owners) get(user string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.id[user]
}

func (o *owners) put(user, id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.id == nil {
		o.id = map[string]string{}
	}
	o.id[user] = id
}

// owner is the id of a user given by login or id. Dolibarr takes an event for a
// user that it does not have, so each is looked up once.
func (c *conn) owner(ctx context.Context, op, user string) (string, error) {
	if known := c.owners.get(user); known != "" {
		return known, nil
	}
	if !login.MatchString(user) {
		return "", fault.Newf(fault.Rejected, op, "the person's CRM user is no login or id of Dolibarr: correct people.*.crm")
	}
	filter := fmt.Sprintf("(t.login:=:'%s')", user)
	if plainID(user) {
		filter = "(t.rowid:=:" + user + ")"
	}
	var found []record
	err := c.call(ctx, op, request{path: "/users", params: url.Values{
		"sqlfilters": {filter}, "properties": {"id,login,statut"}, "limit": {"1"},
	}}, &found)
	switch {
	case httpx.Status(err) == http.StatusForbidden && plainID(user):
		c.owners.put(user, user) // the key may not look: the config's word must do
		return user, nil
	case httpx.Status(err) == http.StatusForbidden:
		return "", fault.Newf(fault.Permanent, op, "the key's user may not read users: give them that right, or write ids instead of logins in people.*.crm")
	case err != nil:
		return "", err
	case len(found) == 0 || text(found[0]["login"]) != user && text(found[0]["id"]) != user:
		return "", fault.Newf(fault.Rejected, op, "Dolibarr has no user of this login or id: correct people.*.crm")
	case text(found[0]["statut"]) != "1":
		return "", fault.Newf(fault.Rejected, op, "the Dolibarr user is switched off: hand the work over, or correct people.*.crm")
	}
	id := text(found[0]["id"])
	c.owners.put(user, id)
	return id, nil
}
