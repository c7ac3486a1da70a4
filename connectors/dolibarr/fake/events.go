package fake

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is an agenda event as it is stored.
type event struct {
	id, owner, author, editor, party int
	kind                             eventType
	label, note, place, code         string
	start, end                       int64 // epoch seconds, 0 for none
	percentage, transparency         int
	assigned                         map[int]map[string]any
	options                          map[string]string
	created, tms                     int64
}

type eventType struct{ id, code, kind, label string }

var eventKinds = []eventType{
	{"5", "AC_RDV", "system", "Rendez-vous"}, {"1", "AC_TEL", "system", "Phone call"}, {"4", "AC_EMAIL", "system", "Send Email"},
	{"11", "AC_INT", "system", "Intervention on site"}, {"50", "AC_OTH", "system", "Other (manually inserted events)"},
	{"40", "AC_OTH_AUTO", "systemauto", "Other (automatically inserted events)"},
}

func kindOf(code string) (eventType, bool) {
	i := slices.IndexFunc(eventKinds, func(k eventType) bool { return k.code == code })
	if i < 0 {
		return eventType{}, false
	}
	return eventKinds[i], true
}

// note adds the automatic event that a change of a third party makes.
func (s *Server) note(p *party, what string, user int) {
	auto, _ := kindOf("AC_OTH_AUTO")
	text := fmt.Sprintf("Third party %s %s", p.props["name"], what)
	s.keep(&event{owner: user, author: user, party: p.id, kind: auto, label: text, note: text, code: "AC_COMPANY_" + strings.ToUpper(what), start: s.stamp(), end: s.stamp(), percentage: -1})
}

func (s *Server) keep(e *event) {
	e.id = s.number("event")
	e.created, e.tms = s.stamp(), s.stamp()
	if e.assigned == nil {
		e.assigned = map[int]map[string]any{e.owner: {"transparency": e.transparency}}
	}
	s.events[e.id] = e
}

func (e *event) row(s *Server) row {
	out := row{
		"t.id": int64(e.id), "t.label": e.label, "t.code": e.code, "t.percent": int64(e.percentage),
		"t.datep": s.naive(e.start), "t.datep2": s.naive(e.end), "t.tms": s.naive(e.tms),
		"t.fk_soc": nil, "t.fk_user_action": int64(e.owner), "t.ref_ext": nil,
	}
	if e.party > 0 {
		out["t.fk_soc"] = int64(e.party)
	}
	for _, f := range s.extras["actioncomm"] {
		out["ef."+f.code] = orNil(e.options["options_"+f.code])
	}
	return out
}

func (s *Server) naive(epoch int64) any {
	if epoch == 0 {
		return nil
	}
	return time.Unix(epoch, 0).In(s.zone).Format(time.DateTime)
}

// asStored is a moment as a column without a zone gives it back: in the hour that
// comes twice, one of the two.
func (s *Server) asStored(epoch int64) int64 {
	text, _ := s.naive(epoch).(string)
	t, err := time.ParseInLocation(time.DateTime, text, s.zone)
	if err != nil {
		return 0
	}
	return t.Unix()
}

func (e *event) show(s *Server) map[string]any {
	out := object(eventShape)
	out["id"], out["ref"], out["entity"], out["status"] = strconv.Itoa(e.id), strconv.Itoa(e.id), "1", "0"
	out["type_id"], out["type"], out["type_code"], out["type_label"] = e.kind.id, e.kind.kind, e.kind.code, e.kind.label
	out["code"], out["label"], out["note_private"], out["location"] = e.code, e.label, e.note, e.place
	out["datec"], out["datem"], out["authorid"] = e.created, e.tms, strconv.Itoa(e.author)
	out["datep"], out["datef"], out["durationp"] = s.asStored(e.start), "", -1
	if e.end > 0 {
		out["datef"] = s.asStored(e.end)
	}
	if e.editor > 0 {
		out["usermodid"] = strconv.Itoa(e.editor)
	}
	out["percentage"], out["transparency"], out["fulldayevent"], out["priority"] = strconv.Itoa(e.percentage), strconv.Itoa(e.transparency), "0", "0"
	out["userownerid"], out["event_paid"], out["socid"] = strconv.Itoa(e.owner), "0", nil
	if e.party > 0 {
		out["socid"] = strconv.Itoa(e.party)
	}
	users := map[string]any{}
	for id, how := range e.assigned {
		shown := map[string]any{"id": strconv.Itoa(id), "mandatory": "0", "answer_status": "0", "transparency": taken("", how["transparency"])}
		users[strconv.Itoa(id)] = shown
	}
	out["userassigned"] = users
	if fields := s.extras["actioncomm"]; len(fields) > 0 {
		options := map[string]any{}
		for _, f := range fields {
			options["options_"+f.code] = f.show(e.options["options_"+f.code], s.zone)
		}
		out["array_options"] = options
	}
	return out
}

func (c *call) listEvents() {
	q := c.r.URL.Query()
	if !c.user.may("agenda.myactions.read") {
		c.refuse(http.StatusForbidden, "Insufficient rights to read events")
		return
	}
	var owners []string
	if q.Get("user_ids") != "" {
		owners = strings.Split(q.Get("user_ids"), ",")
	}
	var rows []row
	for _, id := range slices.Sorted(maps.Keys(c.events)) {
		e := c.events[id]
		p := c.parties[e.party]
		if owners != nil && !slices.Contains(owners, strconv.Itoa(e.owner)) || !c.user.may("societe.client.voir") && (p == nil || !c.seen(p)) {
			continue
		}
		rows = append(rows, e.row(c.Server))
	}
	if len(rows) == 0 {
		rows = append(rows, (&event{}).row(c.Server)) // the database judges columns without rows, too
	}
	rows, ok := c.filtered(rows, or(q.Get("sortfield"), "t.id"), "Error when retrieve Agenda Event list : ")
	if !ok {
		return
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return r["t.id"] == int64(0) })
	limit, page := c.page()
	rows = rows[min(limit*page, len(rows)):min(limit*(page+1), len(rows))]
	found := make([]any, len(rows))
	for i, r := range rows {
		found[i] = c.only(c.events[int(r["t.id"].(int64))].show(c.Server), q.Get("properties"))
	}
	c.answer(found)
}

// mayOwn judges the right to write an event of the owner that the body names.
func (c *call) mayOwn() bool {
	owner := taken("", c.body["userownerid"])
	switch {
	case !c.user.may("agenda.myactions.create"):
		c.refuse(http.StatusForbidden, "Insufficient rights to create your Agenda Event")
	case !c.user.may("agenda.allactions.create") && owner != strconv.Itoa(c.user.ID):
		c.refuse(http.StatusForbidden, fmt.Sprintf("Insufficient rights to create an Agenda Event for owner id %s Your id is %d", owner, c.user.ID))
	default:
		return true
	}
	return false
}

func (c *call) createEvent() {
	if !c.mayOwn() {
		return
	}
	for _, field := range []string{"userownerid", "type_code"} {
		if c.body[field] == nil {
			c.refuse(http.StatusBadRequest, field+" field missing")
			return
		}
	}
	e := &event{author: c.user.ID, start: c.stamp(), options: map[string]string{}}
	if trouble := c.fillEvent(e); trouble != "" {
		c.refuse(http.StatusInternalServerError, "Error creating event", trouble)
		return
	}
	c.keep(e)
	c.answer(e.id)
}

// fillEvent takes a body over into an event; it answers what the database says
// against it. It looks neither whether the owner nor whether the third party is
// there.
func (c *call) fillEvent(e *event) string {
	if code, there := c.body["type_code"]; there {
		kind, known := kindOf(taken("", code))
		if !known {
			return "ErrorActionCommBadType"
		}
		e.kind, e.code = kind, kind.code
	}
	if users, there := c.body["userassigned"].(map[string]any); there {
		e.assigned = map[int]map[string]any{}
		for id, how := range users {
			n, _ := strconv.Atoi(id)
			e.assigned[n], _ = how.(map[string]any)
		}
	}
	e.options = c.fillOptions("actioncomm", maps.Clone(e.options))
	return or(c.fillNumbers(e), c.fillTexts(e))
}

func (c *call) fillNumbers(e *event) string {
	start, end := int(e.start), int(e.end)
	for name, into := range map[string]*int{"userownerid": &e.owner, "socid": &e.party, "percentage": &e.percentage, "transparency": &e.transparency, "datep": &start, "datef": &end} {
		value, there := c.body[name]
		if !there {
			continue
		}
		n, err := strconv.Atoi(taken("", value))
		if err != nil {
			return "Unknown column '" + taken("", value) + "' in 'VALUES'"
		}
		*into = n
	}
	e.start, e.end = int64(start), int64(end)
	return ""
}

func (c *call) fillTexts(e *event) string {
	for name, into := range map[string]*string{"label": &e.label, "location": &e.place, "note_private": &e.note} {
		value, there := c.body[name]
		if !there {
			continue
		}
		text := taken(name, value)
		if trouble := refusedByDatabase(name, text, 0); trouble != "" {
			return trouble
		}
		if name != "note_private" && len([]rune(text)) > 128 {
			text = string([]rune(text)[:128])
		}
		*into = text
	}
	return ""
}

func (c *call) readEvent() {
	e := c.events[c.id("id")]
	switch {
	case !c.user.may("agenda.myactions.read"):
		c.refuse(http.StatusForbidden, "Insufficient rights to read an event")
	case e == nil:
		c.refuse(http.StatusNotFound, "Agenda Events not found")
	case !c.user.may("agenda.allactions.read") && e.owner != c.user.ID:
		c.refuse(http.StatusForbidden, fmt.Sprintf("Insufficient rights to read event of this owner id. Your id is %d", c.user.ID))
	default:
		c.answer(e.show(c.Server))
	}
}

func (c *call) updateEvent() {
	if !c.mayOwn() {
		return
	}
	e := c.events[c.id("id")]
	if e == nil {
		c.refuse(http.StatusNotFound, "actioncomm not found")
		return
	}
	next := *e
	if trouble := c.fillEvent(&next); trouble != "" {
		c.answer(false) // what the database refuses of an update is said so
		return
	}
	next.editor, next.tms = c.user.ID, c.stamp()
	c.events[e.id] = &next
	shown := next.show(c.Server)
	if next.end > next.start {
		shown["durationp"] = next.end - next.start
	}
	c.answer(shown)
}

func (c *call) deleteEvent() {
	e := c.events[c.id("id")]
	owner := 0
	if e != nil {
		owner = e.owner
	}
	switch {
	case !c.user.may("agenda.myactions.delete"):
		c.refuse(http.StatusForbidden, "Insufficient rights to delete your Agenda Event")
	case !c.user.may("agenda.allactions.delete") && owner != c.user.ID:
		c.refuse(http.StatusForbidden, fmt.Sprintf("Insufficient rights to delete an Agenda Event of owner id %d Your id is %d", owner, c.user.ID))
	case e == nil:
		c.refuse(http.StatusNotFound, "Agenda Event not found")
	default:
		delete(c.events, e.id)
		c.answer(map[string]any{"success": map[string]any{"code": 200, "message": "Agenda Event deleted"}})
	}
}
