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

// user is the vendor's id of somebody, "" being whom the key belongs to. A login
// or a bare number is none: what the CRM shows of an owner is compared with the
// very text that a person is mapped to.
func (c *conn) user(ctx context.Context, op, known string) (string, error) {
	switch {
	case known == "":
		me, err := c.self(ctx, op)
		return me.user, err
	case !vendorID.MatchString(known):
		return "", fault.Newf(fault.Rejected, op, "a person's user in this CRM is none of its ids: write it in the config like 19x6, not as a login or a number alone")
	}
	return known, nil
}

// vendorParts takes the vendor's id apart.
func vendorParts(id string) (prefix, number string, ok bool) {
	parts := vendorID.FindStringSubmatch(id)
	if parts == nil {
		return "", "", false
	}
	return parts[1], parts[2], true
}
