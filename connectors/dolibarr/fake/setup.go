package fake

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// extraField is a field that a site has added to a table.
type extraField struct {
	id                      int
	table, code, label, typ string
	size                    string
}

// take is a value as the field stores it: of a day or moment its epoch seconds.
// What the type does not fit becomes nothing, without a word.
func (f extraField) take(value any, zone *time.Location) string {
	text := taken("", value)
	layout := map[string]string{"date": time.DateOnly, "datetime": time.DateTime}[f.typ]
	if layout == "" || text == "" {
		return text
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return text // epoch seconds, as it shows them
	}
	t, err := time.ParseInLocation(layout, text, zone)
	if err != nil {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}

// fillOptions takes the extra fields of a body over into those of a record. Before
// 18.0.7 and 20.0.4 the others are emptied by it.
func (c *call) fillOptions(table string, options map[string]string) map[string]string {
	given, _ := c.body["array_options"].(map[string]any)
	if options == nil || c.before(22) && len(given) > 0 {
		options = map[string]string{}
	}
	for _, f := range c.extras[table] {
		if value, there := given["options_"+f.code]; there {
			options["options_"+f.code] = f.take(value, c.zone)
		}
	}
	return options
}

func (f extraField) show(held string, _ *time.Location) any {
	if f.typ != "date" && f.typ != "datetime" {
		return orNil(held)
	}
	n, err := strconv.ParseInt(held, 10, 64)
	if err != nil {
		return ""
	}
	return n
}

func (c *call) createExtraField() {
	if !c.user.Admin {
		c.refuse(http.StatusForbidden, "Only an admin user can create an extrafield")
		return
	}
	c.answer(c.extraField(c.r.PathValue("table"), c.r.PathValue("code"), taken("", c.body["label"]), taken("", c.body["type"]), taken("", c.body["size"])))
}

func (s *Server) extraField(table, code, label, typ, size string) int {
	f := extraField{id: s.number("extra"), table: table, code: code, label: label, typ: typ, size: size}
	s.extras[table] = append(s.extras[table], f)
	return f.id
}

func (c *call) listExtraFields() {
	if !c.user.Admin {
		c.refuse(http.StatusForbidden, "Error API open to admin users only or to the users with logins defined into constant API_LOGINS_ALLOWED_FOR_GET_EXTRAFIELDS")
		return
	}
	out := map[string]any{}
	for table, fields := range c.extras {
		if wanted := c.r.URL.Query().Get("elementtype"); wanted != "" && wanted != table {
			continue
		}
		all := map[string]any{}
		for _, f := range fields {
			all[f.code] = map[string]any{
				"id": strconv.Itoa(f.id), "type": f.typ, "label": f.label, "size": f.size, "elementtype": table,
				"default": nil, "computed": nil, "unique": "0", "required": "0", "param": "", "pos": "10", "alwayseditable": "0",
				"perms": nil, "list": "0", "printable": "0", "totalizable": "0", "langs": nil, "help": nil, "css": nil, "cssview": nil,
				"csslist": nil, "fk_user_author": "1", "fk_user_modif": "1", "datec": "2026-11-22 03:14:42", "tms": "2026-11-22 03:14:42",
			}
		}
		out[table] = all
	}
	if len(out) == 0 {
		c.answer([]any{})
		return
	}
	c.answer(out)
}

func (c *call) eventTypes() {
	var found []any
	for _, k := range eventKinds {
		found = append(found, map[string]any{"id": k.id, "code": k.code, "type": k.kind, "label": k.label, "module": nil})
	}
	c.answer(found)
}

// category is a segment of third parties.
type category struct {
	id    int
	label string
	made  int64
}

func (k *category) show() map[string]any {
	out := object(categoryShape)
	out["id"], out["entity"], out["label"], out["type"] = strconv.Itoa(k.id), 1, k.label, "2"
	out["date_creation"], out["date_modification"] = k.made, k.made
	return out
}

func (c *call) createCategory() {
	label := taken("label", c.body["label"])
	switch {
	case !c.user.may("categorie.creer"):
		c.refuse(http.StatusForbidden, "")
	case slices.ContainsFunc(c.categories, func(k *category) bool { return k.label == label }):
		c.refuse(http.StatusInternalServerError, "Error when creating category", "Impossible to add the tag/category "+label+" : This category already exists with this ref")
	default:
		c.answer(c.category(label))
	}
}

func (s *Server) category(label string) int {
	k := &category{id: s.number("category"), label: label, made: s.stamp()}
	s.categories = append(s.categories, k)
	return k.id
}

func (c *call) listCategories() {
	found := []any{}
	for _, k := range c.categories {
		found = append(found, k.show())
	}
	c.answer(found)
}

func (c *call) readCategory() {
	if !c.user.may("categorie.lire") {
		c.refuse(http.StatusForbidden, "")
		return
	}
	for _, k := range c.categories {
		if k.id == c.id("id") {
			c.answer(k.show())
			return
		}
	}
	c.refuse(http.StatusNotFound, "category not found")
}

// joinCategory moves no date of the third party.
func (c *call) joinCategory() {
	if p := c.party(""); p != nil {
		p.categories[c.id("category")] = true
		c.answer(p.show(c.Server, false))
	}
}
