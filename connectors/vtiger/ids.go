package vtiger

import (
	"context"
	"regexp"
	"strings"

	"passerelle/internal/fault"
)

// A record's id is the vendor's "<prefix>x<number>", and the prefix of a module
// differs from one installation to the next. The bridge knows a record by its
// module and number, "Leads:17", and builds the vendor's id from describe.

var (
	prefixPattern = regexp.MustCompile(`^[0-9]{1,9}$`)
	vendorID      = regexp.MustCompile(`^([0-9]{1,9})x([0-9]{1,12})$`)
	ownID         = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]*):([0-9]{1,12})$`)
)

// own is our id of a record of the module, "" for what is no id of it.
func (m *module) own(vendor string) string {
	parts := vendorID.FindStringSubmatch(vendor)
	if parts == nil || parts[1] != m.prefix {
		return ""
	}
	return m.name + ":" + parts[2]
}

// moduleOf is the module that one of our ids names, "" for none.
func moduleOf(id string) string {
	if parts := ownID.FindStringSubmatch(id); parts != nil {
		return parts[1]
	}
	return ""
}

// vendor is the vendor's id of a record.
func (m *module) vendor(id string) string {
	_, number, _ := strings.Cut(id, ":")
	return m.prefix + "x" + number
}

// prospect describes the module of a prospect and gives the vendor's id.
func (c *conn) prospect(ctx context.Context, op, id string) (*module, string, error) {
	name := moduleOf(id)
	served := false
	for _, p := range c.Prospects {
		served = served || p == name
	}
	if !served {
		return nil, "", noRecord(op)
	}
	m, err := c.describe(ctx, op, name)
	if err != nil {
		return nil, "", err
	}
	return m, m.vendor(id), nil
}

// user is the vendor's id of somebody whom the bridge knows by that id, by its
// number alone or by the login.
func (c *conn) user(ctx context.Context, op, known string) (string, error) {
	if vendorID.MatchString(known) {
		return known, nil
	}
	me, err := c.self(ctx, op)
	if err != nil || known == "" {
		return me.user, err
	}
	prefix, _, _ := strings.Cut(me.user, "x")
	if prefixPattern.MatchString(known) {
		return prefix + "x" + known, nil
	}
	c.mu.Lock()
	id := c.logins[known]
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	return c.byLogin(ctx, op, known)
}

func (c *conn) byLogin(ctx context.Context, op, login string) (string, error) {
	const advice = "write the person's id in the CRM, like 19x6, instead of the login"
	if !loginPattern.MatchString(login) {
		return "", fault.Newf(fault.Rejected, op, "a person's user in the CRM is not one: "+advice)
	}
	var rows []record
	q := query{columns: []string{"id"}, module: "Users", where: "user_name = " + quote(login), limit: 2}
	err := c.call(ctx, op, read("query", "query", q.text()), &rows)
	switch code, _ := coded(err); {
	case code == "ACCESS_DENIED":
		return "", fault.Newf(fault.Rejected, op, "the key may not look users up: "+advice)
	case err != nil:
		return "", err
	case len(rows) != 1 || !vendorID.MatchString(rows[0]["id"]):
		return "", fault.Newf(fault.Rejected, op, "the CRM has no user with the login that a person is mapped to")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logins[login] = rows[0]["id"]
	return rows[0]["id"], nil
}

var loginPattern = regexp.MustCompile(`^[\p{L}0-9._@+-]{1,100}$`)

// vendorParts takes the vendor's id apart.
func vendorParts(id string) (prefix, number string, ok bool) {
	parts := vendorID.FindStringSubmatch(id)
	if parts == nil {
		return "", "", false
	}
	return parts[1], parts[2], true
}
