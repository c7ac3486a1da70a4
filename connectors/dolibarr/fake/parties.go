package fake

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// party is a third party as it is stored: texts by property, "" for null.
type party struct {
	id              int
	props           map[string]string
	options         map[string]string // extra fields, by options_ and code
	created, tms    int64
	creator, editor int
	representatives map[int]bool
	categories      map[int]bool
}

// sizes are those of the columns that a test may want to overflow.
var sizes = map[string]int{
	"name": 128, "name_alias": 128, "address": 255, "zip": 25, "town": 50, "phone": 30, "phone_mobile": 30, "fax": 30,
	"url": 255, "email": 128, "idprof1": 128, "idprof2": 128, "tva_intra": 20, "fk_prospectlevel": 12, "ref_ext": 255, "note_private": 65535,
}

// columns are the names that properties have in the database.
var columns = map[string]string{"name": "nom", "stcomm_id": "fk_stcomm", "idprof1": "siren", "idprof2": "siret", "country_id": "fk_pays"}

// writable are the properties of a body that do something; others are ignored.
var writable = func() map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields("name name_alias address zip town phone phone_mobile fax email url idprof1 idprof2 idprof3 idprof4 idprof5 idprof6 " +
		"tva_intra capital country_id state_id typent_id effectif_id forme_juridique_code note_private note_public ref_ext fk_prospectlevel stcomm_id client code_client") {
		out[name] = true
	}
	return out
}()

// countries are codes by id, as far as tests need them.
var countries = map[string]string{"1": "FR"}

func (p *party) row(s *Server) row {
	out := row{
		"t.rowid": int64(p.id), "t.tms": time.Unix(p.tms, 0).In(s.zone).Format(time.DateTime),
		"t.datec": time.Unix(p.created, 0).In(s.zone).Format(time.DateTime),
	}
	for name := range writable {
		column := "t." + name
		if c, other := columns[name]; other {
			column = "t." + c
		}
		out[column] = orNil(p.props[name])
	}
	for _, f := range s.extras["societe"] {
		out["ef."+f.code] = orNil(p.options["options_"+f.code])
	}
	return out
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// show is the party as the API shows it; whole adds what only a read by id has.
func (p *party) show(s *Server, whole bool) map[string]any {
	out := object(partyShape)
	out["module"], out["id"], out["entity"], out["status"] = "societe", strconv.Itoa(p.id), "1", "1"
	for name := range writable {
		if v := p.props[name]; v != "" {
			out[name] = v
		} else if _, text := out[name].(string); !text {
			out[name] = nil
		}
	}
	out["ref"], out["country_code"] = p.props["name"], countries[p.props["country_id"]]
	out["typent_id"] = or(p.props["typent_id"], "0")
	out["country_id"], out["client"], out["stcomm_id"] = or(p.props["country_id"], "0"), or(p.props["client"], "0"), or(p.props["stcomm_id"], "0")
	out["user_creation_id"], out["user_modification_id"] = strconv.Itoa(p.creator), strconv.Itoa(p.editor)
	out["date_creation"], out["date_modification"] = p.created, p.tms
	out["status_prospect_label"] = s.statuses[p.status()]
	if fields := s.extras["societe"]; len(fields) > 0 {
		options := map[string]any{}
		for _, f := range fields {
			options["options_"+f.code] = f.show(p.options["options_"+f.code], s.zone)
		}
		out["array_options"] = options
	}
	if whole {
		out["absolute_discount"], out["absolute_creditnote"] = "0", "0"
	}
	return out
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func (p *party) status() int {
	n, _ := strconv.Atoi(p.props["stcomm_id"])
	return n
}

// seen says whether a user may reach a party.
func (c *call) seen(p *party) bool {
	return c.user.may("societe.client.voir") || p.representatives[c.user.ID]
}

var noneFound = []string{"No third parties found", "No customers found", "No prospects found", "No other third parties found", "No suppliers found"}

// none is what a list of that mode says when it is empty.
func (s *Server) none(mode int) string {
	if s.before(22) {
		return "Thirdparties not found"
	}
	return noneFound[mode]
}

func (c *call) listParties() {
	q := c.r.URL.Query()
	if !c.user.may("societe.lire") {
		c.refuse(http.StatusForbidden, "")
		return
	}
	for _, name := range strings.Split(q.Get("properties"), ",") {
		c.asked[name] = true
	}
	mode, _ := strconv.Atoi(q.Get("mode"))
	category, _ := strconv.Atoi(q.Get("category"))
	var rows []row
	for _, id := range slices.Sorted(maps.Keys(c.parties)) {
		if p := c.parties[id]; c.listed(p, mode, category) {
			rows = append(rows, p.row(c.Server))
		}
	}
	rows, ok := c.filtered(rows, or(q.Get("sortfield"), "t.rowid"), "Error when retrieve thirdparties : ")
	if !ok {
		return
	}
	total := len(rows)
	limit, page := c.page()
	rows = rows[min(limit*page, len(rows)):min(limit*(page+1), len(rows))]
	if len(rows) == 0 {
		c.refuse(http.StatusNotFound, c.none(mode))
		return
	}
	found := make([]any, len(rows))
	for i, r := range rows {
		found[i] = c.only(c.parties[int(r["t.rowid"].(int64))].show(c.Server, false), q.Get("properties"))
	}
	if q.Get("pagination_data") == "true" && !c.before(21) {
		c.answer(map[string]any{"data": found, "pagination": map[string]any{
			"total": total, "page": page, "page_count": int(math.Ceil(float64(total) / float64(limit))), "limit": limit,
		}})
		return
	}
	c.answer(found)
}

// listed says whether a list of that mode shows a party. Without a mode, a
// category is looked for among the suppliers' too, where there is none.
func (c *call) listed(p *party, mode, category int) bool {
	client, _ := strconv.Atoi(p.props["client"])
	if _, known := c.statuses[p.status()]; !known || !c.seen(p) {
		return false
	}
	if category > 0 && (mode == 0 || !p.categories[category]) {
		return false
	}
	switch mode {
	case 1:
		return client == 1 || client == 3
	case 2:
		return client == 2 || client == 3
	case 3:
		return client == 0
	}
	return mode == 0
}

// filtered applies sqlfilters and the order; false: it has answered.
func (c *call) filtered(rows []row, sortfield, trouble string) ([]row, bool) {
	q := c.r.URL.Query()
	matches, err := parseFilter(q.Get("sqlfilters"))
	if err != nil {
		c.refuse(http.StatusBadRequest, err.Error())
		return nil, false
	}
	var kept []row
	for _, r := range rows {
		ok, err := matches(r)
		if err != nil {
			c.refuse(http.StatusServiceUnavailable, trouble+err.Error())
			return nil, false
		}
		if ok {
			kept = append(kept, r)
		}
	}
	if err := sorted(kept, sortfield, or(q.Get("sortorder"), "ASC")); err != nil {
		c.refuse(http.StatusServiceUnavailable, trouble+strings.Replace(err.Error(), "WHERE", "ORDER BY", 1))
		return nil, false
	}
	return kept, true
}

func (c *call) page() (limit, page int) {
	limit, page = 100, 0
	if text := c.r.URL.Query().Get("limit"); text != "" {
		limit, _ = strconv.Atoi(text)
	}
	page, _ = strconv.Atoi(c.r.URL.Query().Get("page"))
	if limit <= 0 {
		limit = math.MaxInt32
	}
	return limit, max(page, 0)
}

// only keeps the properties that were asked for; none means all.
func (s *Server) only(all map[string]any, properties string) map[string]any {
	if properties == "" || s.before(19) {
		return all
	}
	out := map[string]any{}
	for _, name := range strings.Split(properties, ",") {
		if v, there := all[name]; there {
			out[name] = v
		}
	}
	return out
}

func (c *call) createParty() {
	switch {
	case !c.user.may("societe.creer"):
		c.refuse(http.StatusForbidden, "")
		return
	case c.body["name"] == nil:
		c.refuse(http.StatusBadRequest, "name field missing")
		return
	}
	p := &party{props: map[string]string{}, options: map[string]string{}, creator: c.user.ID, representatives: map[int]bool{}, categories: map[int]bool{}}
	if trouble := c.fill(p); trouble != "" {
		c.refuse(http.StatusInternalServerError, "Error creating thirdparty", trouble)
		return
	}
	if !c.user.may("societe.client.voir") {
		p.representatives[c.user.ID] = true // who sees only their own has what they make
	}
	c.store(p)
	c.note(p, "created", c.user.ID)
	c.answer(p.id)
}

// store gives a new party its id and dates.
func (s *Server) store(p *party) {
	p.id = s.number("party")
	p.created, p.tms = s.stamp(), s.stamp()
	p.editor = p.creator
	if code := p.props["code_client"]; code == "auto" || code == "-1" {
		p.props["code_client"] = fmt.Sprintf("CU2611-%05d", p.id)
	}
	s.parties[p.id] = p
}

// fill takes a body over into a party, all or nothing; it answers what the
// database says against it.
func (c *call) fill(p *party) string {
	props, options := maps.Clone(p.props), maps.Clone(p.options)
	for name, value := range c.body {
		if !writable[name] {
			continue
		}
		text := taken(name, value)
		if trouble := refusedByDatabase(name, text, sizes[name]); trouble != "" {
			return trouble
		}
		props[name] = text
	}
	p.props, p.options = props, c.fillOptions("societe", options)
	return ""
}

// party answers the one in the path, nil if it has refused.
func (c *call) party(suffix string) *party {
	if _, err := strconv.Atoi(c.r.PathValue("id")); err != nil {
		c.refuse(http.StatusBadRequest, "invalid value specified for `id`")
		return nil
	}
	p := c.parties[c.id("id")]
	if p == nil {
		c.refuse(http.StatusNotFound, "Thirdparty not found")
		return nil
	}
	if !c.seen(p) {
		c.refuse(http.StatusForbidden, "Access not allowed for login "+c.user.Login+suffix)
		return nil
	}
	return p
}

func (c *call) readParty() {
	if !c.user.may("societe.lire") {
		c.refuse(http.StatusForbidden, "Access not allowed for login "+c.user.Login+". No read permission on thirdparties.")
		return
	}
	if p := c.party(" on this thirdparty"); p != nil {
		c.answer(p.show(c.Server, true))
	}
}

func (c *call) updateParty() {
	if !c.user.may("societe.creer") {
		c.refuse(http.StatusForbidden, "")
		return
	}
	p := c.party("")
	if p == nil {
		return
	}
	before, options := maps.Clone(p.props), maps.Clone(p.options)
	if trouble := c.fill(p); trouble != "" {
		c.refuse(http.StatusInternalServerError, trouble)
		return
	}
	p.editor = c.user.ID
	if !maps.Equal(before, p.props) || !maps.Equal(options, p.options) {
		p.tms = c.stamp()
	}
	c.note(p, "modified", c.user.ID) // also when nothing differs
	shown := p.show(c.Server, true)
	shown["socid"], shown["trackid"] = p.id, fmt.Sprintf("thi%d", p.id)
	delete(shown, "actiontypecode")
	for name, value := range c.body {
		if _, there := shown[name]; !there && name != "caller" {
			shown[name] = taken(name, value) // said back as if it were kept
		}
	}
	c.answer(shown)
}

func (c *call) deleteParty() {
	if !c.user.may("societe.supprimer") {
		c.refuse(http.StatusForbidden, "")
		return
	}
	if p := c.party(""); p != nil {
		c.note(p, "deleted", c.user.ID)
		delete(c.parties, p.id)
		c.answer(map[string]any{"success": map[string]any{"code": 200, "message": "Object deleted"}})
	}
}

func (c *call) addRepresentative() {
	if p := c.party(""); p != nil {
		p.representatives[c.id("user")] = true
		c.answer(1)
	}
}

// representatives answers 404 for every record, a fault of 22.0.4.
func (c *call) representatives() { c.refuse(http.StatusNotFound, "Thirdparty not found") }

func (c *call) createContact() { c.answer(c.number("contact")) }
