package vtiger

import (
	"context"
	"errors"
	"slices"
	"strings"

	"passerelle/internal/connector"
	"passerelle/internal/fault"
)

// People lists users and groups, which only an administrator's key may. Who has
// which role (roleid comes back empty) and who is in a group the API does not
// tell. Only by a query: retrieve would show hashes of passwords.
func (c *conn) People(ctx context.Context) (connector.People, error) {
	const op = "vtiger: list people"
	var out connector.People
	users, err := c.everything(ctx, op, "Users", "user_name", "first_name", "last_name", "status", "email1", "is_admin")
	if err != nil {
		return out, err
	}
	for _, u := range users {
		person := connector.User{
			ID: u["id"], Login: u["user_name"], Name: strings.TrimSpace(u["first_name"] + " " + u["last_name"]),
			Email: u["email1"], Active: u["status"] == "Active", Admin: u["is_admin"] == "on" || u["is_admin"] == "1",
		}
		out.Users = append(out.Users, person)
	}
	groups, err := c.everything(ctx, op, "Groups", "groupname")
	if err != nil {
		return out, err
	}
	for _, g := range groups {
		out.Teams = append(out.Teams, connector.Team{ID: g["id"], Name: g["groupname"]})
	}
	return out, nil
}

// everything reads a module of the site's own to its end, those of the columns
// that the key is shown.
func (c *conn) everything(ctx context.Context, op, name string, columns ...string) ([]record, error) {
	m, err := c.describe(ctx, op, name)
	if errors.As(err, new(closed)) {
		return nil, fault.Newf(fault.Rejected, op, "the key may not list %s: only an administrator's may", name)
	}
	if err != nil {
		return nil, err
	}
	columns = slices.DeleteFunc(columns, func(name string) bool { _, shown := m.fields[name]; return !shown })
	var out []record
	for offset := 0; ; offset += maxRows {
		rows, err := c.query(ctx, op, query{columns: append([]string{"id"}, columns...), module: name, order: "id", offset: offset, limit: maxRows})
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
		if len(rows) < maxRows {
			return out, nil
		}
	}
}
