package fake

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// User is somebody with an account. Rights are named module.right or
// module.object.right, as Dolibarr's own tree has them.
type User struct {
	ID                 int
	Login, Key         string
	First, Last, Email string
	Admin, Disabled    bool
	Rights             []string
}

// may says whether a user has a right. An administrator has all.
func (u *User) may(right string) bool { return u.Admin || slices.Contains(u.Rights, right) }

// Group is a group of users.
type Group struct {
	ID      int
	Name    string
	Members []int
}

func (u *User) show(rights bool) map[string]any {
	out := object(userShape)
	out["id"], out["ref"], out["entity"], out["employee"] = strconv.Itoa(u.ID), strconv.Itoa(u.ID), "1", "1"
	out["login"], out["firstname"], out["lastname"], out["email"] = u.Login, u.First, u.Last, u.Email
	out["statut"], out["status"], out["admin"] = "1", "1", "0"
	if u.Disabled {
		out["statut"], out["status"] = "0", "0"
	}
	if u.Admin {
		out["admin"] = "1"
	}
	if !rights {
		return out
	}
	tree := map[string]any{}
	for _, right := range u.Rights {
		at, steps := tree, strings.Split(right, ".")
		for _, step := range steps[:len(steps)-1] {
			inner, _ := at[step].(map[string]any)
			if inner == nil {
				inner = map[string]any{}
				at[step] = inner
			}
			at = inner
		}
		at[steps[len(steps)-1]] = 1
	}
	out["rights"] = tree
	return out
}

func (c *call) listUsers() {
	if !c.user.may("user.user.lire") {
		c.refuse(http.StatusForbidden, "You are not allowed to read list of users")
		return
	}
	var rows []row
	for _, u := range c.users {
		rows = append(rows, row{"t.rowid": int64(u.ID), "t.login": u.Login, "t.statut": int64(1)})
	}
	rows, ok := c.filtered(rows, or(c.r.URL.Query().Get("sortfield"), "t.rowid"), "Error when retrieve User list : ")
	if !ok {
		return
	}
	limit, page := c.page()
	rows = rows[min(limit*page, len(rows)):min(limit*(page+1), len(rows))]
	found := make([]any, len(rows))
	for i, r := range rows {
		found[i] = c.only(c.account(int(r["t.rowid"].(int64))).show(false), c.r.URL.Query().Get("properties"))
	}
	c.answer(found)
}

func (s *Server) account(id int) *User {
	for _, u := range s.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (c *call) createUser() {
	if !c.user.may("user.user.creer") {
		c.refuse(http.StatusForbidden, "User creation not allowed for login "+c.user.Login)
		return
	}
	c.answer(c.addUser(User{Login: taken("", c.body["login"]), Last: taken("", c.body["lastname"])}))
}

func (c *call) wantsRights() bool { return c.r.URL.Query().Get("includepermissions") == "1" }

func (c *call) ownUser() {
	if !c.user.may("user.self.creer") && !c.user.may("user.user.lire") {
		c.refuse(http.StatusForbidden, "Not allowed")
		return
	}
	shown := c.user.show(c.wantsRights())
	shown["user_group_list"] = []any{}
	c.answer(shown)
}

func (c *call) readUser() {
	u := c.account(c.id("id"))
	switch {
	case !c.user.may("user.user.lire") && c.id("id") != c.user.ID:
		c.refuse(http.StatusForbidden, "Not allowed")
	case u == nil:
		c.refuse(http.StatusNotFound, "User not found")
	default:
		c.answer(u.show(c.wantsRights()))
	}
}

func (g *Group) show() map[string]any {
	out := object(groupShape)
	out["id"], out["ref"], out["entity"], out["name"], out["nom"] = g.ID, strconv.Itoa(g.ID), 1, g.Name, g.Name
	return out
}

// groupsOrGroup answers users/{id}/groups and users/groups/{id}.
func (c *call) groupsOrGroup() {
	switch {
	case c.r.PathValue("id") == "groups":
		c.readGroup()
	case c.r.PathValue("part") == "groups":
		c.userGroups()
	default:
		c.refuse(http.StatusNotFound, "")
	}
}

func (c *call) userGroups() {
	if !c.user.may("user.user.lire") {
		c.refuse(http.StatusForbidden, "")
		return
	}
	found := []any{}
	for _, g := range c.groups {
		if slices.Contains(g.Members, c.id("id")) {
			found = append(found, g.show())
		}
	}
	c.answer(found)
}

func (c *call) listGroups() {
	if !c.user.may("user.user.lire") {
		c.refuse(http.StatusForbidden, "You are not allowed to read groups")
		return
	}
	limit, page := c.page()
	groups := c.groups[min(limit*page, len(c.groups)):min(limit*(page+1), len(c.groups))]
	found := make([]any, len(groups))
	for i, g := range groups {
		found[i] = c.only(g.show(), c.r.URL.Query().Get("properties"))
	}
	c.answer(found)
}

// readGroup shows the members with their keys, as Dolibarr does.
func (c *call) readGroup() {
	if !c.user.may("user.user.lire") {
		c.refuse(http.StatusForbidden, "You are not allowed to read groups")
		return
	}
	for _, g := range c.groups {
		if fmt.Sprint(g.ID) != c.r.PathValue("part") {
			continue
		}
		shown, members := g.show(), map[string]any{}
		for _, id := range g.Members {
			u := c.account(id)
			member := u.show(false)
			member["api_key"] = u.Key
			members[strconv.Itoa(id)] = member
		}
		shown["members"] = members
		c.answer(shown)
		return
	}
	c.refuse(http.StatusNotFound, "Group not found")
}
