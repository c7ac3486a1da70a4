package dolibarr

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// Rights answers what a user may do, by Dolibarr's modules.
func (c *conn) Rights(ctx context.Context, user string) (connector.Rights, error) {
	const op = "dolibarr: rights"
	id := user
	if user != "" {
		var err error
		if id, err = c.owner(ctx, op, user); err != nil {
			return connector.Rights{}, err
		}
	}
	rec, err := c.user(ctx, op, id)
	if err != nil {
		return connector.Rights{}, err
	}
	rights, _ := rec["rights"].(map[string]any)
	return connector.Rights{Admin: text(rec["admin"]) == "1", Objects: objectRights(rights)}, nil
}

// user reads an account with its rights; "" is the key's own.
func (c *conn) user(ctx context.Context, op, id string) (record, error) {
	path := "/users/info"
	if id != "" {
		path = "/users/" + id
	}
	var rec record
	err := c.call(ctx, op, request{path: path, params: url.Values{"includepermissions": {"1"}}}, &rec)
	return rec, err
}

// objectRights reads Dolibarr's tree of rights. What it does not hold is not
// allowed.
func objectRights(tree map[string]any) map[string]connector.ObjectRights {
	may := func(path ...string) connector.May {
		var at any = tree
		for _, step := range path {
			inner, _ := at.(map[string]any)
			at = inner[step]
		}
		if text(at) == "1" {
			return connector.Yes
		}
		return connector.No
	}
	own := may("societe", "client", "voir") == connector.No
	all := func(verb string) bool { return may("agenda", "allactions", verb) == connector.Yes }
	return map[string]connector.ObjectRights{
		objectParties: {
			Read: may("societe", "lire"), Create: may("societe", "creer"), Write: may("societe", "creer"), Delete: may("societe", "supprimer"), OwnOnly: own,
		},
		objectEvents: {
			Read: may("agenda", "myactions", "read"), Create: may("agenda", "myactions", "create"), Write: may("agenda", "myactions", "create"), Delete: may("agenda", "myactions", "delete"),
			OwnOnly: !all("read") || !all("create") || !all("delete"),
		},
		objectCategory: {
			Read: may("categorie", "lire"), Create: may("categorie", "creer"), Write: may("categorie", "creer"), Delete: may("categorie", "supprimer"),
		},
		objectUsers: {
			Read: may("user", "user", "lire"), Create: may("user", "user", "creer"), Write: may("user", "user", "creer"), Delete: may("user", "user", "supprimer"),
		},
	}
}

// People lists the users and groups. Who is in a group is asked user by user: a
// group's own answer shows its members with their keys and hashed passwords.
func (c *conn) People(ctx context.Context) (connector.People, error) {
	const op = "dolibarr: people"
	users, err := c.pages(ctx, op, "/users", "id,login,firstname,lastname,email,statut,admin")
	if err != nil {
		return connector.People{}, err
	}
	groups, err := c.pages(ctx, op, "/users/groups", "id,name")
	if err != nil {
		return connector.People{}, err
	}
	var out connector.People
	for _, g := range groups {
		out.Teams = append(out.Teams, connector.Team{ID: text(g["id"]), Name: text(g["name"])})
	}
	for _, rec := range users {
		u := userOf(rec)
		if len(groups) > 0 {
			if u.Teams, err = c.teams(ctx, op, u.ID); err != nil {
				return connector.People{}, err
			}
		}
		out.Users = append(out.Users, u)
	}
	return out, nil
}

// teams are the ids of a user's groups.
func (c *conn) teams(ctx context.Context, op, user string) ([]string, error) {
	if !plainID(user) {
		return nil, fault.Newf(fault.Unavailable, op, "a user without an id")
	}
	var groups []record
	err := c.call(ctx, op, request{path: "/users/" + user + "/groups"}, &groups)
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = text(g["id"])
	}
	return ids, err
}

// pages reads a list of users or groups to its empty page.
func (c *conn) pages(ctx context.Context, op, path, properties string) ([]record, error) {
	var out []record
	for page := 0; ; page++ {
		found, err := c.list(ctx, op, path, url.Values{
			"limit": {fmt.Sprint(pageSize)}, "page": {fmt.Sprint(page)}, "sortfield": {"t.rowid"}, "properties": {properties},
		})
		if err != nil || len(found) == 0 {
			return out, err
		}
		out = append(out, found...)
	}
}

func userOf(rec record) connector.User {
	return connector.User{
		ID: text(rec["id"]), Login: text(rec["login"]), Name: strings.TrimSpace(text(rec["firstname"]) + " " + text(rec["lastname"])),
		Email: text(rec["email"]), Active: text(rec["statut"]) == "1", Admin: text(rec["admin"]) == "1",
	}
}
